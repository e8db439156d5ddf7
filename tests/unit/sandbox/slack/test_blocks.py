"""What the simulated Slack takes as blocks is what Slack takes."""

from typing import Any

import pytest

from bot.sandbox.slack.blocks import problems

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "hello", **fields: object) -> Json:
    return {"type": "section", "text": mrkdwn(text), **fields}


def button(**fields: object) -> Json:
    return {"type": "button", "text": plain("Archive"), **fields}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def option(text: str = "Rename", value: str = "rename") -> Json:
    return {"text": plain(text), "value": value}


def overflow(count: int) -> Json:
    return {"type": "overflow", "options": [option(value=str(n)) for n in range(count)]}


def confirm(**fields: object) -> Json:
    return button(confirm={"title": plain("Delete?"), "text": mrkdwn("For all."), "confirm": plain("Yes"), **fields})


GOOD = {
    "a section at its limit": section("x" * 3000),
    "ten fields": {"type": "section", "fields": [mrkdwn("x" * 2000)] * 10},
    "a section with a button": section(accessory=button(value="v" * 2000, style="danger", action_id="a" * 255)),
    "a section with a picture": section(accessory={"type": "image", "image_url": "https://x.test/a", "alt_text": "a"}),
    "a header": {"type": "header", "text": plain("x" * 150)},
    "a divider": {"type": "divider", "block_id": "line"},
    "ten pieces of context": {"type": "context", "elements": [mrkdwn("x"), plain("y")] * 5},
    "twenty-five buttons": actions(*[button(action_id=str(n)) for n in range(25)]),
    "five options": actions(overflow(5)),
    "a select": actions(
        {"type": "static_select", "placeholder": plain("Which?"), "options": [option(value="v" * 150)]}
    ),
    "a select in groups": actions(
        {"type": "static_select", "option_groups": [{"label": plain("UPS"), "options": [option()]}]}
    ),
    "a confirm dialog": actions(confirm(deny=plain("No"), style="danger")),
    "a date picker": actions({"type": "datepicker", "initial_date": "2026-11-25"}),
    "an alert": {"type": "alert", "text": plain("Away"), "level": "warning"},
    "a new kind of block": {"type": "data_table", "rows": []},
}

BAD = {
    "text of a section": (section("x" * 3001), "must be less than 3001 characters", "/text/text"),
    "empty text": (section(""), "must be more than 0 characters", "/text/text"),
    "no text": ({"type": "section"}, "missing required field: fields or text", ""),
    "text that is no object": ({"type": "section", "text": "hello"}, "unsupported type: None", "/text/type"),
    "eleven fields": ({"type": "section", "fields": [mrkdwn("x")] * 11}, "no more than 10 items allowed", "/fields"),
    "a long field": (
        {"type": "section", "fields": [mrkdwn("x"), mrkdwn("x" * 2001)]},
        "must be less than 2001 characters",
        "/fields/1/text",
    ),
    "a header in mrkdwn": ({"type": "header", "text": mrkdwn("x")}, "unsupported type: mrkdwn", "/text/type"),
    "a long header": ({"type": "header", "text": plain("x" * 151)}, "must be less than 151 characters", "/text/text"),
    "much context": ({"type": "context", "elements": [mrkdwn("x")] * 11}, "no more than 10 items allowed", "/elements"),
    "no elements": (actions(), "must be an array with at least 1 item", "/elements"),
    "many buttons": (
        actions(*[button(action_id=str(n)) for n in range(26)]),
        "no more than 25 items allowed",
        "/elements",
    ),
    "a long label": (
        actions(button(text=plain("x" * 76))),
        "must be less than 76 characters",
        "/elements/0/text/text",
    ),
    "a long value": (actions(button(value="x" * 2001)), "must be less than 2001 characters", "/elements/0/value"),
    "a long action id": (
        actions(button(action_id="x" * 256)),
        "must be less than 256 characters",
        "/elements/0/action_id",
    ),
    "an action id twice": (
        actions(button(action_id="a"), button(action_id="a")),
        "`action_id` a already exists",
        "/elements",
    ),
    "an unknown style": (actions(button(style="loud")), "must be a valid style", "/elements/0/style"),
    "six options": (actions(overflow(6)), "no more than 5 items allowed", "/elements/0/options"),
    "no option": (actions(overflow(0)), "must be an array with at least 1 item", "/elements/0/options"),
    "a long option value": (
        actions({"type": "overflow", "options": [option(value="v" * 151)]}),
        "must be less than 151 characters",
        "/elements/0/options/0/value",
    ),
    "a long confirm title": (
        actions(confirm(title=plain("x" * 101))),
        "must be less than 101 characters",
        "/elements/0/confirm/title/text",
    ),
    "a long confirm text": (
        actions(confirm(text=mrkdwn("x" * 301))),
        "must be less than 301 characters",
        "/elements/0/confirm/text/text",
    ),
    "a long confirm button": (
        actions(confirm(confirm=plain("x" * 31))),
        "must be less than 31 characters",
        "/elements/0/confirm/confirm/text",
    ),
    "an unknown field": (section(colour="red"), "invalid additional property: colour", ""),
    "an unknown field of a text": (
        {"type": "section", "text": {**mrkdwn("x"), "emoji": True}},
        "invalid additional property: emoji",
        "/text",
    ),
    "an unknown block": ({"type": "rainbow"}, "unsupported type: rainbow", "/type"),
    "an element that is none": (actions({"type": "lever"}), "unsupported type: lever", "/elements/0/type"),
    "a long block id": (section(block_id="x" * 256), "must be less than 256 characters", "/block_id"),
}


@pytest.mark.parametrize("block", GOOD.values(), ids=GOOD)
def test_slack_takes_blocks_within_its_limits(block: Json) -> None:
    assert problems([block]) == []


@pytest.mark.parametrize(("block", "what", "where"), BAD.values(), ids=BAD)
def test_slack_says_what_is_wrong_with_a_block_and_where(block: Json, what: str, where: str) -> None:
    found = problems([section(), block])

    assert found == [f"{what} [json-pointer:/blocks/1{where}]"]


def test_a_message_has_at_most_fifty_blocks() -> None:
    assert problems([{"type": "divider"}] * 50) == []
    assert problems([{"type": "divider"}] * 51) == ["no more than 50 items allowed [json-pointer:/blocks]"]


def test_a_block_id_is_used_once_in_a_message() -> None:
    found = problems([section(block_id="card"), section(block_id="card")])

    assert found == ["`block_id` card already exists [json-pointer:/blocks]"]
