"""Block Kit as Slack checks it: what a message may hold, and how long each piece may be."""

import copy
import json
import secrets
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.model import Json, Message

# Each kind of object with its fields: `!` marks those that must be there, `+` those of which one must. A rule is
# `string MOST`, `plain MOST` or `text MOST` (text objects), `MOST of RULE` (a list), `flag`, `any`, or another kind.
_TABLE = {
    "section": "text+ text 3000, fields+ 10 of text 2000, accessory accessory, expand flag",
    "header": "text! plain 150",
    "divider": "",
    "context": "elements! 10 of context_element 3000",
    "actions": "elements! 25 of element",
    "image": "alt_text! string 2000, image_url+ string 3000, slack_file+ any, title plain 2000",
    "markdown": "text! string 12000",
    "alert": "text! text 3000, level string 10",
    "table": "rows! 100 of 20 of any, column_settings any",
    "button": "text! plain 75, value string 2000, url string 3000, style style, accessibility_label string 75",
    "overflow": "options! 5 of option",
    "static_select": "options+ 100 of option, option_groups+ 100 of group, placeholder plain 150, initial_option any",
    "radio_buttons": "options! 10 of text_option, initial_option text_option",
    "checkboxes": "options! 10 of text_option, initial_options 10 of text_option",
    "confirm": "text! text 300, title plain 100, confirm plain 30, deny plain 30, style style",
    "option": "text! plain 75, value string 150, description plain 75, url string 3000",
    "text_option": "text! text 75, value string 150, description text 75",
    "group": "label! plain 75, options! 100 of option",
    "plain_text": "text! any, emoji flag",
    "mrkdwn": "text! any, verbatim flag",
}
_BLOCKS = {"section", "header", "divider", "context", "actions", "image", "markdown", "alert", "table"}
_ELEMENTS = {"button", "overflow", "static_select", "radio_buttons", "checkboxes"}
# Known to Slack, unused by the app: nobody looks inside.
_OTHER_BLOCKS = {"input", "file", "rich_text", "data_table", "data_visualization", "card", "carousel", "container"}
_OTHER_BLOCKS |= {"video", "context_actions", "plan", "task_card", "call"}
_OTHER_ELEMENTS = {"datepicker", "timepicker", "datetimepicker", "workflow_button", "plain_text_input", "users_select"}
_OTHER_ELEMENTS |= {"conversations_select", "channels_select", "external_select", "multi_static_select"}
_OTHER_ELEMENTS |= {
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
    "multi_external_select",
}
_CHOICES = {
    "block": _BLOCKS | _OTHER_BLOCKS,
    "element": _ELEMENTS | _OTHER_ELEMENTS,
    "accessory": _ELEMENTS | _OTHER_ELEMENTS | {"image"},
    "context_element": {"image", "plain_text", "mrkdwn"},
    "plain": {"plain_text"},
    "text": {"plain_text", "mrkdwn"},
}


def _rules(kind: str, fields: str) -> dict[str, str]:
    fields += ", block_id string 255" if kind in _BLOCKS else ""
    fields += ", action_id string 255, confirm confirm, focus_on_load flag" if kind in _ELEMENTS else ""
    rules = (field.partition(" ") for field in f"type any, {fields}".split(", ") if field)
    return {name: rule for name, _, rule in rules}


_KINDS = {kind: _rules(kind, fields) for kind, fields in _TABLE.items()}


def problems(blocks: list[Json], pointer: str = "/blocks") -> list[str]:
    """Return what Slack finds wrong with the blocks of one message, in its words."""
    return list(_check("50 of block", blocks, pointer)) if blocks else []


def _wrong(what: str, pointer: str) -> str:
    return f"{what} [json-pointer:{pointer}]"


def _check(rule: str, value: Any, pointer: str) -> Iterator[str]:  # noqa: ANN401 - any JSON is to be checked
    """Yield what is wrong with a value, by a rule as the table above has them."""
    word, _, rest = rule.partition(" ")
    if word in _CHOICES:
        kind = str(value.get("type")) if isinstance(value, dict) else None
        if kind not in _CHOICES[word]:
            yield _wrong(f"unsupported type: {kind}", f"{pointer}/type")
        elif kind in _KINDS:
            yield from _check_object(kind, value, pointer)
            if rest and "text" in value:
                yield from _check(f"string {rest}", value["text"], f"{pointer}/text")
    elif word in _KINDS:
        yield from _check_object(word, value, pointer)
    elif word.isdigit():
        yield from _check_list(int(word), rest.removeprefix("of "), value, pointer)
    elif word == "string":
        if isinstance(value, str):
            yield from _check_length(value, int(rest), pointer)
        else:
            yield _wrong("must be a string", pointer)
    elif (word == "flag" and not isinstance(value, bool)) or (word == "style" and value not in ("primary", "danger")):
        yield _wrong(f"must be a valid {word}", pointer)


def _check_length(value: str, most: int, pointer: str) -> Iterator[str]:
    if len(value) > most:
        yield _wrong(f"must be less than {most + 1} characters", pointer)
    if not value:
        yield _wrong("must be more than 0 characters", pointer)


def _check_list(most: int, rule: str, value: object, pointer: str) -> Iterator[str]:
    if not isinstance(value, list) or not value:
        yield _wrong("must be an array with at least 1 item", pointer)
        return
    if len(value) > most:
        yield _wrong(f"no more than {most} items allowed", pointer)
    for index, item in enumerate(value):
        yield from _check(rule, item, f"{pointer}/{index}")
    if rule in {"block", "element"}:
        yield from _twice(value, "block_id" if rule == "block" else "action_id", pointer)


def _check_object(kind: str, value: object, pointer: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _wrong("must be an object", pointer)
        return
    rules = {name.rstrip("!+"): rule for name, rule in _KINDS[kind].items()}
    needed = [{name[:-1]} for name in _KINDS[kind] if name.endswith("!")]
    if choices := {name[:-1] for name in _KINDS[kind] if name.endswith("+")}:
        needed.append(choices)
    for names in needed:
        if not names & value.keys():
            yield _wrong(f"missing required field: {' or '.join(sorted(names))}", pointer)
    for name, inner in value.items():
        if name in rules:
            yield from _check(rules[name], inner, f"{pointer}/{name}")
        else:
            yield _wrong(f"invalid additional property: {name}", pointer)


def _twice(values: list[Any], name: str, pointer: str) -> Iterator[str]:
    ids = Counter(str(value.get(name) or "") for value in values if isinstance(value, dict))
    yield from (_wrong(f"`{name}` {value} already exists", pointer) for value in ids if value and ids[value] > 1)


def completed(value: Any) -> Any:  # noqa: ANN401 - any JSON goes in, the same kind comes out
    """Return a copy of blocks or attachments with the ids and defaults that Slack adds when it stores them."""
    value = copy.deepcopy(value)
    _complete(value)
    return value


def _complete(value: object) -> None:
    if isinstance(value, list):
        for item in value:
            _complete(item)
    elif isinstance(value, dict):
        for item in value.values():
            _complete(item)
        kind = str(value.get("type"))
        if kind == "plain_text":
            value.setdefault("emoji", True)
        elif kind == "mrkdwn":
            value.setdefault("verbatim", False)
        elif kind in _CHOICES["block"] - {"image"}:
            value.setdefault("block_id", secrets.token_hex(3)[:5])
        elif kind in _CHOICES["element"]:
            value.setdefault("action_id", secrets.token_hex(3)[:5])


def elements(message: Message) -> Iterator[tuple[Json, Json, int | None]]:
    """Yield each thing to press in a message: its block, itself, and the number of the attachment it stands in."""
    rows: list[tuple[Json, int | None]] = [(block, None) for block in message.blocks]
    rows += [(b, at) for at, attachment in enumerate(message.attachments, 1) for b in attachment.get("blocks", [])]
    for block, attachment in rows:
        for element in (*block.get("elements", []), block.get("accessory")):
            if isinstance(element, dict) and element.get("type") in _CHOICES["element"]:
                yield block, element, attachment


def read_blocks(value: object, error: str) -> list[Json]:
    """Return an argument that holds blocks or attachments: a list of objects, or such a list written as JSON.

    Raises:
        ValueError: it is neither; the text is `error`, Slack's code for that.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value) if value else []
        except ValueError:
            raise ValueError(error) from None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(error)
    return value
