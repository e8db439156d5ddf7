"""Slack's limits for a message, and what must never stand in one."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from bot.slack.exchange import Message

TOKENS = re.compile(r"<@[UW][A-Z0-9]*>|<#C[A-Z0-9]*>|<!date\^-?\d+\^[^^|>]+\|[^|>]+>")
PLACES = {"header": 150, "button": 75, "option": 75, "title": 100, "confirm": 30, "deny": 30, "dialog": 300}


def problems(message: Message) -> list[str]:
    """Return all that Slack would refuse in the message, and each token in it that we did not build."""
    found = [f"text of {len(message.text)}" for _ in [0] if not 1 <= len(message.text) <= 4000]
    found += ["text of several lines"] * ("\n" in message.text)
    found += [f"{len(message.blocks)} blocks"] * (len(message.blocks) > 50)
    found += list(_tokens(message.text))
    for block in message.blocks:
        found += _block(block)
    return found


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    match block["type"]:
        case "section":
            yield from _text(block["text"], 3000)
            yield from _element(block["accessory"]) if "accessory" in block else ()
        case "header":
            yield from _text(block["text"], PLACES["header"])
        case "context":
            yield from _at_most("context", block["elements"], 10)
            for element in block["elements"]:
                yield from _text(element, 3000)
        case "actions":
            yield from _at_most("actions", block["elements"], 25)
            ids = Counter(element["action_id"] for element in block["elements"])
            yield from (f"action_id {name} twice" for name, times in ids.items() if times > 1)
            for element in block["elements"]:
                yield from _element(element)
        case "divider":
            pass
        case other:
            yield f"a block of type {other}"


def _element(element: Mapping[str, Any]) -> Iterator[str]:
    if element["type"] == "button":
        yield from _text(element["text"], PLACES["button"])
        yield from _length("value", element["value"], 2000)
    elif element["type"] == "overflow":
        yield from _at_most("options", element["options"], 5)
        for option in element["options"]:
            yield from _text(option["text"], PLACES["option"])
            yield from _length("option value", option["value"], 150)
    else:
        yield f"an element of type {element['type']}"
    dialog = element.get("confirm")
    if dialog:
        yield from _text(dialog["title"], PLACES["title"])
        yield from _text(dialog["text"], PLACES["dialog"])
        yield from _text(dialog["confirm"], PLACES["confirm"])
        yield from _text(dialog["deny"], PLACES["deny"])


def _text(value: Mapping[str, Any], most: int) -> Iterator[str]:
    yield from _length(value["type"], value["text"], most)
    if value["type"] == "mrkdwn":
        yield from _tokens(value["text"])
        if value.get("verbatim") is not True:
            yield "mrkdwn in which Slack looks for links"


def _tokens(text: str) -> Iterator[str]:
    rest = TOKENS.sub("", text)
    yield from (f"a token: {token}" for token in re.findall(r"<[@#!h][^>]*>?", rest))
    yield from ["an angle bracket"] * bool(re.search(r"[<>](?! )", re.sub(r"(?m)^> ", "", rest)))


def _length(what: str, text: str, most: int) -> Iterator[str]:
    if not 1 <= len(text) <= most:
        yield f"{what} of {len(text)} characters, at most {most}"


def _at_most(what: str, items: list[Any], most: int) -> Iterator[str]:
    if not 1 <= len(items) <= most:
        yield f"{what} of {len(items)}, at most {most}"
