"""What Slack's requests are read as, made up and recorded."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.domain.parcel import Place
from bot.domain.records import InboxItem
from bot.slack.listeners import read_command, read_press
from tests.fakes import START, FakeClock
from tests.unit.slack.door import COMMAND, PRESS, Door

RECORDINGS = Path(__file__).parents[2] / "recordings" / "slack"


@pytest.fixture
def door() -> Door:
    return Door()


def test_the_same_delivery_is_the_same_item_and_another_is_another() -> None:
    clock = FakeClock()

    assert read_command(COMMAND, clock).id == read_command(COMMAND, clock).id
    assert read_command({**COMMAND, "trigger_id": "9"}, clock).id != read_command(COMMAND, clock).id
    assert read_command(COMMAND, clock).received_at >= START


@pytest.mark.parametrize("read", [read_command, read_press])
@pytest.mark.parametrize("value", [None, 7, [], {}, "\ud83d"])
def test_values_of_another_kind_do_no_harm(
    read: Callable[[Mapping[str, Any], FakeClock], InboxItem | None], value: object
) -> None:
    body = dict.fromkeys(COMMAND, value) | {"user": {"id": value}, "team": {"id": value}, "channel": {"id": value}}

    item = read({**body, "actions": [{"value": "list"}]}, FakeClock())

    assert item
    item.id.encode()
    item.words.encode()


def test_a_press_names_its_channel_and_workspace_wherever_slack_puts_them() -> None:
    body = {
        "user": {"id": "U1", "team_id": "T9"},
        "container": {"channel_id": "C9", "message_ts": "1.1"},
        "actions": [{"value": "list", "action_ts": "5.5"}],
    }

    item = read_press(body, FakeClock())

    assert item
    assert (item.workspace, item.channel, item.delivery) == ("T9", "C9", "U1:5.5")


def recorded(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text())
    return payload


@pytest.mark.parametrize(
    ("name", "channel", "channel_name", "words"),
    [
        ("slash_command.dm", "D0000001", "directmessage", "help"),
        ("slash_command.private_channel", "C0000009", "privategroup", "add 1Z999AA10123456784 to <#C0000009|>"),
    ],
)
def test_a_recorded_command_is_read(name: str, channel: str, channel_name: str, words: str) -> None:
    item = read_command(recorded(name), FakeClock())

    assert (item.workspace, item.user, item.delivery) == ("T0000001", "U0000001", "111.222.abcdef")
    assert (item.channel, item.channel_name, item.words) == (channel, channel_name, words)
    assert item.response_url == "https://hooks.slack.com/commands/T0000001/1111/aaaa"


@pytest.mark.parametrize(
    ("name", "words", "card", "private"),
    [
        ("block_actions.message_button", "shp_1", "1700000000.000100", False),
        ("block_actions.ephemeral_button", "cursor_2", "", True),
    ],
)
def test_a_recorded_press_is_read(name: str, words: str, card: str, *, private: bool) -> None:
    item = read_press(recorded(name), FakeClock())

    assert item
    assert (item.place, item.user, item.delivery) == (Place("T0000001", "C0000001"), "U0000001", "111.222.abcdef")
    assert (item.words, item.card, item.private) == (words, card, private)
    assert item.response_url.startswith("https://hooks.slack.com/actions/")


async def test_a_recorded_invitation_opens_the_channel_again(door: Door) -> None:
    door.identity.user = "U0000BOT"

    await door.event(**recorded("event.member_joined_channel")["event"])

    assert [place.channel for place in door.reopened] == ["C0000001"]


def test_where_a_whole_organisation_installed_us_a_press_names_the_workspace_of_its_person() -> None:
    body = recorded("block_actions.message_button")
    body |= {"team": None, "enterprise": {"id": "E0000001"}, "is_enterprise_install": True}

    item = read_press(body, FakeClock())

    assert item
    assert item.workspace == "T0000001"


def test_a_command_without_a_trigger_is_told_apart_by_its_answer_address() -> None:
    bare = {**COMMAND, "trigger_id": ""}

    first = read_command(bare, FakeClock())
    other = read_command({**bare, "response_url": "https://hooks.slack.example/commands/2"}, FakeClock())

    assert first.delivery == COMMAND["response_url"]
    assert first.id != other.id


def test_a_press_of_nothing_is_nothing() -> None:
    assert read_press({**PRESS, "actions": []}, FakeClock()) is None


async def test_a_menu_that_asks_for_lines_as_somebody_types_gets_none(door: Door) -> None:
    answer = await door.interaction(
        {"type": "block_suggestion", "team": {"id": "T1"}, "user": {"id": "U1"}, "action_id": "x", "block_id": "b"}
    )

    assert json.loads(answer.body) == {"options": []}
