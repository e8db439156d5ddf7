"""Block Kit in a few words, and the one function that makes outside text safe for Slack."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

Block = dict[str, Any]
Element = dict[str, Any]

SECTION_MAX = 3000
CONTEXT_MAX = 10
LABEL_MAX = 75
VALUE_MAX = 2000
OPTION_VALUE_MAX = 150
_MARKUP = str.maketrans({"*": "\u2217", "_": "\uff3f", "~": "\u223c", "`": "\u02cb"})
"""Slack has no way to escape these four: characters that look alike and mean nothing take their place."""
_EMOJI = "\u2190-\u2bff\u3030\u303d\ufe0f\U0001f000-\U0001faff"
_HIDDEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0e\U000e0100-\U000e01ef]"
    rf"|(?<![{_EMOJI}])[\u200d\ufe0f]|(?<=[\u200d\ufe0f])\ufe0f|\u200d(?![{_EMOJI}])"
)
"""Characters that count as letters or marks and show nothing; joiners have a meaning inside emoji only."""
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_PERSON = re.compile(r"[UW][A-Z0-9]{1,30}")


def escape(text: str, limit: int = 300) -> str:
    """Return what a person or a carrier wrote, safe inside mrkdwn: no mention, link, markup or hidden character.

    Cut before it is escaped, so that no entity is cut in two.
    """
    return "".join(_ENTITIES.get(char, char) for char in plain(text, limit).translate(_MARKUP))


def plain(text: str, limit: int = 300) -> str:
    """Return outside text on one line without hidden characters, cut at `limit` characters."""
    visible = "".join(
        " " if unicodedata.category(char) == "Cc" else char
        for char in text
        if char == "\u200d" or unicodedata.category(char) not in {"Cf", "Cs", "Co", "Cn"}
    )
    words = " ".join(_HIDDEN.sub("", visible).split())
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def section(text: str, *, accessory: Element | None = None) -> Block:
    """Return a block of mrkdwn text."""
    block: Block = {"type": "section", "text": mrkdwn(text or "-")}
    return block | {"accessory": accessory} if accessory else block


def context(*texts: str) -> Block:
    """Return a block of small grey text."""
    return {"type": "context", "elements": [mrkdwn(text) for text in texts if text][:CONTEXT_MAX]}


def divider() -> Block:
    """Return a line across."""
    return {"type": "divider"}


def actions(*elements: Element) -> Block:
    """Return a row of buttons. Each gets an id of its own, since Slack wants them to differ."""
    numbered = [{**element, "action_id": f"{element['action_id']}:{at}"} for at, element in enumerate(elements)]
    return {"type": "actions", "elements": numbered}


def button(label: str, words: str, *, style: str = "", confirm: Mapping[str, Any] | None = None) -> Element:
    """Return a button: a command already typed."""
    element: Element = {
        "type": "button",
        "action_id": "say",
        "text": {"type": "plain_text", "text": plain(label, LABEL_MAX), "emoji": True},
        "value": words[:VALUE_MAX],
    }
    if style:
        element["style"] = style
    if confirm:
        element["confirm"] = dict(confirm)
    return element


def overflow(options: Iterable[tuple[str, str]]) -> Element:
    """Return a menu of at most five commands, as (label, words)."""
    return {
        "type": "overflow",
        "action_id": "say",
        "options": [
            {
                "text": {"type": "plain_text", "text": plain(label, LABEL_MAX), "emoji": True},
                "value": words[:OPTION_VALUE_MAX],
            }
            for label, words in options
        ],
    }


def confirm(title: str, text: str, *, yes: str, no: str = "Cancel", danger: bool = False) -> dict[str, Any]:
    """Return the question a button asks before it acts."""
    dialog: dict[str, Any] = {
        "title": {"type": "plain_text", "text": plain(title, 100)},
        "text": {"type": "plain_text", "text": plain(text, 300)},
        "confirm": {"type": "plain_text", "text": plain(yes, 30)},
        "deny": {"type": "plain_text", "text": plain(no, 30)},
    }
    if danger:
        dialog["style"] = "danger"
    return dialog


def mrkdwn(text: str) -> Element:
    """Return a text object in which Slack looks for nothing that we did not put there."""
    return {"type": "mrkdwn", "text": shorten(text), "verbatim": True}


def shorten(text: str, limit: int = SECTION_MAX) -> str:
    """Return the text cut at a line, with how many lines are left out, when it is longer than Slack takes."""
    if len(text) <= limit:
        return text
    lines, kept, size = text.split("\n"), [], 0
    for line in lines:
        if size + len(line) + 1 > limit - 20:
            break
        kept.append(line)
        size += len(line) + 1
    return "\n".join([*kept, f"…and {len(lines) - len(kept)} more"])


def when(moment: datetime, style: str = "{date_short_pretty} {time}") -> str:
    """Return a time that each reader sees in their own zone."""
    return f"<!date^{int(moment.timestamp())}^{style}|{moment:%Y-%m-%d %H:%M} UTC>"


def ago(moment: datetime) -> str:
    """Return how long ago a time is, counted by the reader's own Slack."""
    return when(moment, "{ago}")


def person(user: str) -> str:
    """Return a mention of somebody whose id Slack gave us."""
    return f"<@{user}>" if _PERSON.fullmatch(user) else "somebody"
