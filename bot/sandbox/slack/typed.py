"""What Slack makes of the text that a person types."""

import re

from bot.sandbox.slack.model import User
from bot.sandbox.slack.workspace import Workspace

_TOKEN = re.compile(
    r"(?P<url>https?://(?:(?!&[lg]t;)[^\s<>|])+)"
    r"|(?P<mail>\b[\w.+-]+@[\w-]+\.[\w.-]*\w)"
    r"|(?<![\w/])@(?P<person>[\w.-]*\w)"
    r"|(?<![\w/])#(?P<channel>[\w-]+)"
)


def escaped(text: str) -> str:
    """Return the text with the three characters that Slack escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def with_entities(workspace: Workspace, user: User, text: str) -> str:
    """Return the text as an app gets it with `should_escape` on: people, channels and links as `<…>`."""
    people = {person.name: person.id for person in workspace.users.values()}
    channels = {
        c.name: c for c in workspace.channels.values() if c.name and (c.kind == "public" or user.id in c.members)
    }

    def replaced(found: re.Match[str]) -> str:
        word = found[0]
        if found["url"]:
            link, tail = re.match(r"(.*?)([.,;:!?)]*)$", word).groups()  # type: ignore[union-attr] # it fits anything
            return f"<{link}>{tail}"
        if found["mail"]:
            return f"<mailto:{word}|{word}>"
        if found["person"] in {"here", "channel", "everyone"}:
            return f"<!{found['person']}>"
        if found["person"] in people:
            return f"<@{people[found['person']]}|{found['person']}>"
        if channel := channels.get(found["channel"] or ""):
            return f"<#{channel.id}|{channel.name if channel.kind == 'public' else ''}>"
        return word

    return _TOKEN.sub(replaced, escaped(text))
