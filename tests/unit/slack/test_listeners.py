"""What comes from Slack is kept, then acknowledged; nothing else is done meanwhile."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.domain.errors import StoreError
from bot.domain.parcel import Place
from bot.slack.listeners import NOT_KEPT
from tests.unit.slack.door import COMMAND, PRESS, Door


@pytest.fixture
def door() -> Door:
    return Door()


async def test_a_command_is_kept_as_typed_and_acknowledged_without_a_word(door: Door) -> None:
    answer = await door.command()

    (item,) = door.kept
    assert (answer.status, answer.body) == (200, "")
    assert (item.workspace, item.channel, item.user) == ("T1", "C1", "U1")
    assert item.words == "add 1ZX000010300000016 &lt;Vase&gt;"
    assert item.response_url == COMMAND["response_url"]
    assert (item.card, item.private, item.channel_name) == ("", False, "orders")


async def test_whatever_the_command_is_called_it_is_ours(door: Door) -> None:
    await door.command(command="/parcels", text="")

    assert [item.words for item in door.kept] == [""]


async def test_a_pressed_button_is_a_command_already_typed(door: Door) -> None:
    answer = await door.interaction(PRESS)

    (item,) = door.kept
    assert (answer.status, answer.body) == (200, "")
    assert (item.workspace, item.channel, item.user, item.words) == ("T1", "C1", "U1", "archive P-1")
    assert (item.card, item.private) == ("1772442000.000001", False)


async def test_a_chosen_menu_line_is_one_too(door: Door) -> None:
    chosen = {"type": "overflow", "action_id": "a", "block_id": "b", "selected_option": {"value": "status P-1"}}

    await door.interaction({**PRESS, "actions": [chosen]})

    assert [item.words for item in door.kept] == ["status P-1"]


@pytest.mark.promise("R2")
@pytest.mark.parametrize("gone", ["", "trigger_id"])
async def test_the_same_request_delivered_again_is_known_by_its_delivery(door: Door, gone: str) -> None:
    press = {name: value for name, value in PRESS.items() if name != gone}
    typed = {gone: ""} if gone else {}
    for _ in range(2):
        await door.command(**typed)
        await door.interaction(press)

    command, pressed, command_again, pressed_again = (item.delivery for item in door.kept)
    assert (command, pressed) == (command_again, pressed_again)
    assert len({command, pressed, ""}) == 3


async def test_a_press_on_a_private_message_names_no_card(door: Door) -> None:
    await door.interaction({**PRESS, "container": {**PRESS["container"], "is_ephemeral": True}})

    assert [(item.card, item.private) for item in door.kept] == [("", True)]


async def test_a_buttons_words_are_escaped_as_typed_ones_come(door: Door) -> None:
    pressed = {**PRESS["actions"][0], "value": 'add X "<!channel> & co"'}

    await door.interaction({**PRESS, "actions": [pressed]})

    assert [item.words for item in door.kept] == ['add X "&lt;!channel&gt; &amp; co"']


@pytest.mark.parametrize(
    "action",
    [
        {"type": "button", "action_id": "link", "block_id": "b", "url": "https://example.com"},
        {"type": "plain_text_input", "action_id": "x", "block_id": "b", "value": ""},
    ],
)
async def test_what_carries_no_words_is_acknowledged_and_forgotten(door: Door, action: Mapping[str, str]) -> None:
    answer = await door.interaction({**PRESS, "actions": [action]})

    assert (answer.status, door.kept) == (200, [])


@pytest.mark.promise("R1", "R3")
@pytest.mark.parametrize("error", [StoreError("disk full"), RuntimeError("a fault of ours")])
async def test_a_command_that_cannot_be_kept_is_answered_with_a_sentence(door: Door, error: Exception) -> None:
    door.error = error

    answer = await door.command()

    assert (answer.status, answer.body) == (200, NOT_KEPT)


@pytest.mark.promise("R1", "R3")
@pytest.mark.parametrize("error", [StoreError("disk full"), RuntimeError("a fault of ours")])
async def test_a_press_that_cannot_be_kept_is_not_acknowledged(door: Door, error: Exception) -> None:
    door.error = error

    assert (await door.interaction(PRESS)).status == 503


async def test_a_channel_is_tried_again_when_we_are_invited_into_it(door: Door) -> None:
    await door.event(type="member_joined_channel", user="UBOT", channel="C7")

    assert door.reopened == [Place("T1", "C7")]


async def test_other_peoples_comings_and_other_events_are_none_of_ours(door: Door) -> None:
    answers = [
        await door.event(type="member_joined_channel", user="UADA", channel="C7"),
        await door.event(type="app_mention", user="UADA", channel="C7"),
        await door.event(type="channel_rename", channel="C7"),
    ]

    assert [answer.status for answer in answers] == [200] * 3
    assert (door.reopened, door.kept) == ([], [])


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "view_submission", "view": {"callback_id": "x", "type": "modal"}},
        {"type": "shortcut", "callback_id": "x"},
        {"type": "message_action", "callback_id": "x"},
        {"type": "block_suggestion", "action_id": "x", "block_id": "b", "value": "up"},
    ],
)
async def test_what_there_is_no_use_for_yet_is_acknowledged_too(door: Door, payload: Mapping[str, Any]) -> None:
    answer = await door.interaction({"team": {"id": "T1"}, "user": {"id": "U1"}, **payload})

    assert (answer.status, door.kept) == (200, [])


@pytest.mark.promise("R3")
async def test_nothing_waits_for_slack_to_say_who_we_are() -> None:
    door = Door()
    door.identity.user = ""

    assert (await door.command()).status == 200
    assert (await door.event(type="member_joined_channel", user="", channel="C7")).status == 200
    assert door.reopened == []
