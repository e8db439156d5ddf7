"""`/track help`: what can be typed."""

from bot.services import Services
from bot.slack import (
    commands,  # the package that is just being loaded: its list is read when help is asked for, not before
    messages,
)
from bot.slack.command import command
from bot.slack.commands.reading import typed
from bot.slack.exchange import Reply, Request


@command(
    "help [VERB | events]", aliases=("?", "-h", "--help"), summary="Show what can be typed.", example="help subscribe"
)
async def help_(request: Request, services: Services) -> Reply:  # noqa: ARG001 - help needs nobody's service
    """Show one verb, the events, or all verbs when the word is neither."""
    word = typed(request.rest).casefold()
    if word == "events":
        return Reply.to_asker(messages.help_events(request.command))
    verb = commands.VERBS.get(word)
    if verb:
        return Reply.to_asker(messages.help_verb(verb, request.command))
    return Reply.to_asker(messages.help_all(commands.COMMANDS, request.command, unknown=word))
