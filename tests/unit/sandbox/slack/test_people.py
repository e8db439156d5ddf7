"""What people type and press reaches the app as Slack sends it, and they see what Slack shows.

Over 300 lines: people do many things in a workspace.
"""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from bot.sandbox.slack import Change, Refused, Slack
from tests.unit.sandbox.slack.conftest import Api, App, Clock

BUTTONS: list[dict[str, Any]] = [
    {
        "type": "actions",
        "block_id": "acts",
        "elements": [
            {
                "type": "button",
                "action_id": "archive",
                "text": {"type": "plain_text", "text": "Archive"},
                "value": "archive P-1",
            },
            {
                "type": "overflow",
                "action_id": "more",
                "options": [{"text": {"type": "plain_text", "text": "Rename"}, "value": "rename P-1"}],
            },
            {
                "type": "static_select",
                "action_id": "carrier",
                "options": [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("ups", "dhl")],
            },
        ],
    }
]


def form(app: App) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(app.got[-1][0].decode(), keep_blank_values=True).items()}


def texts(slack: Slack, channel: str = "C0ORDERS", user: str = "U0ADA") -> list[str]:
    return [message.text for message in slack.visible(channel, user)]


# ── commands ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "arrives"),
    [
        ("add 1Z", "add 1Z"),
        ("add  1Z  vase ", "add  1Z  vase"),
        ("", ""),
        ("for @ben to #returns", "for <@U0BEN|ben> to <#C0RETURNS|returns>"),
        ("to #desk", "to <#G0DESK|>"),
        ("to #nowhere for @nobody", "to #nowhere for @nobody"),
        ("see https://x.test/a?b=1&c=2.", "see <https://x.test/a?b=1&amp;c=2>."),
        ("mail ada@x.test", "mail <mailto:ada@x.test|ada@x.test>"),
        ("@here a < b > c", "<!here> a &lt; b &gt; c"),
        ("<https://x.test>", "&lt;<https://x.test>&gt;"),
    ],
)
async def test_typed_text_arrives_escaped(slack: Slack, app: App, typed: str, arrives: str) -> None:
    await slack.type(user="U0ADA", channel="C0ORDERS", text=f"/track {typed}")

    assert form(app)["text"] == arrives


async def test_without_should_escape_names_and_links_arrive_as_typed(slack: Slack, app: App) -> None:
    slack.should_escape = False

    await slack.type(user="U0ADA", channel="C0ORDERS", text="/track @ben & https://x.test")

    assert form(app)["text"] == "@ben &amp; https://x.test"


async def test_a_private_channel_is_no_word_for_those_outside(slack: Slack, app: App) -> None:
    await slack.type(user="U0CHI", channel="C0ORDERS", text="/track to #desk")

    assert form(app)["text"] == "to #desk"


async def test_a_command_works_where_the_bot_is_no_member(slack: Slack, app: App) -> None:
    for channel, name in (("C0GENERAL", "general"), ("G0DESK", "privategroup"), ("D0ADABEN", "directmessage")):
        await slack.type(user="U0ADA", channel=channel, text="/track")

        assert (form(app)["channel_id"], form(app)["channel_name"]) == (channel, name)


@pytest.mark.parametrize(
    ("kind", "body", "shown"),
    [
        ("text/plain", b"looking", ["looking"]),
        ("text/plain", b"", []),
        ("application/json", b'{"text": "looking"}', ["looking"]),
        ("application/json", b'{"response_type": "in_channel"}', ["/track list"]),
        ("application/json", b'{"response_type": "in_channel", "text": "all"}', ["/track list", "all"]),
    ],
)
async def test_the_acknowledgement_is_shown(slack: Slack, app: App, kind: str, body: bytes, shown: list[str]) -> None:
    app.answer = (200, kind, body)

    await slack.type(user="U0ADA", channel="C0ORDERS", text="/track list")

    assert texts(slack) == shown
    assert texts(slack, user="U0BEN") == (shown if b"in_channel" in body else [])


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((404, "application/json", b"{}"), "http_client_error"),
        ((500, "text/plain", b"oh"), "http_service_error"),
        ((200, "application/json", b"{"), "cannot_parse_response"),
        ((200, "application/json", b'{"blocks": [{"type": "rainbow"}]}'), "cannot_parse_response"),
        (ConnectionRefusedError(), "dispatch_failed"),
        (TimeoutError(), "operation_timeout"),
    ],
)
async def test_a_command_that_was_not_acknowledged_shows_slacks_error_to_the_typist(
    slack: Slack, app: App, answer: tuple[int, str, bytes] | Exception, error: str
) -> None:
    if isinstance(answer, Exception):
        app.error = answer
    else:
        app.answer = answer

    delivery = await slack.type(user="U0ADA", channel="C0ORDERS", text="/track list")

    assert delivery.error == error
    assert texts(slack) == [f'/track failed with the error "{error}"']
    assert texts(slack, user="U0BEN") == []


async def test_an_acknowledgement_after_three_seconds_comes_too_late(slack: Slack, app: App) -> None:
    slack.faults.ack_delay = 60
    slack.deliverer.ack_seconds = 0  # the test does not wait for the three

    delivery = await slack.type(user="U0ADA", channel="C0ORDERS", text="/track list")

    assert len(app.got) == 1
    assert (delivery.status, delivery.acked_in, delivery.error) == (200, None, "operation_timeout")


async def test_without_an_app_the_command_fails_to_dispatch(clock: Clock) -> None:
    slack = Slack(now=clock)

    delivery = await slack.type(user="U0ADA", channel="C0ORDERS", text="/track list")

    assert (delivery.how, delivery.shown) == ("none", '/track failed with the error "dispatch_failed"')


async def test_other_commands_and_threads_are_not_the_apps(slack: Slack, app: App) -> None:
    await slack.type(user="U0ADA", channel="C0ORDERS", text="/dance")
    await slack.type(user="U0ADA", channel="C0ORDERS", text="/track list", thread_ts="1795600000.000000")

    assert app.got == []
    assert texts(slack) == ["/dance is not a valid command."]
    assert [m.text for m in slack.messages.values()][1] == "/track is not supported in threads. Sorry!"


async def test_the_same_command_can_come_twice(slack: Slack, app: App) -> None:
    first = await slack.type(user="U0ADA", channel="C0ORDERS", text="/track add 1Z")

    await slack.redeliver(first)

    assert app.got[0][0] == app.got[1][0]
    assert app.got[1][1]["X-Slack-Retry-Num"] == "1"


# ── Slack's own commands ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_bot_is_invited_and_removed_by_slacks_own_commands(slack: Slack, app: App) -> None:
    slack.events.add("member_left_channel")

    await slack.type(user="U0ADA", channel="C0GENERAL", text="/invite @waybill")
    joined = json.loads(app.got[-1][0])["event"]
    is_in = "U0WAYBILL" in slack.channels["C0GENERAL"].members
    await slack.type(user="U0ADA", channel="C0GENERAL", text="/remove @waybill")
    left = json.loads(app.got[-1][0])["event"]

    assert is_in
    assert (joined["type"], joined["user"], joined["inviter"]) == ("member_joined_channel", "U0WAYBILL", "U0ADA")
    assert left["type"] == "member_left_channel"
    assert "U0WAYBILL" not in slack.channels["C0GENERAL"].members


async def test_an_archived_channel_takes_no_more_words(slack: Slack, app: App) -> None:
    await slack.type(user="U0ADA", channel="C0ORDERS", text="/archive")

    assert app.got == []  # the app does not listen to this event
    with pytest.raises(Refused, match="archived"):
        await slack.type(user="U0ADA", channel="C0ORDERS", text="hello")


async def test_people_type_only_where_they_are(slack: Slack) -> None:
    with pytest.raises(Refused, match="not in G0DESK"):
        await slack.type(user="U0CHI", channel="G0DESK", text="hello")


async def test_plain_words_are_a_message(slack: Slack, app: App) -> None:
    delivery = await slack.type(user="U0ADA", channel="C0ORDERS", text="hello @ben")

    assert delivery.message
    assert delivery.message.text == "hello <@U0BEN|ben>"
    assert app.got == []
    assert slack.deliveries == []


# ── buttons ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_button_sends_what_it_holds(slack: Slack, api: Api, app: App) -> None:
    ts = await api.post(blocks=BUTTONS)

    delivery = await slack.press(user="U0BEN", channel="C0ORDERS", ts=ts, action_id="archive")

    payload = json.loads(form(app)["payload"])
    action = payload["actions"][0]
    assert (action["type"], action["value"], action["block_id"]) == ("button", "archive P-1", "acts")
    assert payload["user"]["id"] == "U0BEN"
    assert payload["message"]["ts"] == ts
    assert payload["state"]["values"] == {"acts": {"carrier": {"type": "static_select", "selected_option": None}}}
    assert delivery.acked_in is not None


async def test_an_option_is_chosen_by_its_value(slack: Slack, api: Api, app: App) -> None:
    ts = await api.post(blocks=BUTTONS)

    await slack.press(user="U0BEN", channel="C0ORDERS", ts=ts, action_id="more", value="rename P-1")
    more = json.loads(form(app)["payload"])["actions"][0]
    await slack.press(user="U0BEN", channel="C0ORDERS", ts=ts, action_id="carrier", value="dhl")
    carrier = json.loads(form(app)["payload"])

    assert (more["type"], more["selected_option"]["value"]) == ("overflow", "rename P-1")
    assert carrier["state"]["values"]["acts"]["carrier"]["selected_option"]["value"] == "dhl"


async def test_a_button_in_an_attachment_says_so(slack: Slack, api: Api, app: App) -> None:
    ts = await api.post(attachments=[{"color": "good", "blocks": BUTTONS}])

    await slack.press(user="U0BEN", channel="C0ORDERS", ts=ts, action_id="archive")

    container = json.loads(form(app)["payload"])["container"]
    assert (container["type"], container["attachment_id"]) == ("message_attachment", 1)


@pytest.mark.parametrize(
    "press",
    [
        {"action_id": "dance"},
        {"action_id": "archive", "value": "archive P-2"},
        {"action_id": "archive", "block_id": "other"},
        {"action_id": "more", "value": "paint"},
        {"action_id": "archive", "ts": "1.000001"},
        {"action_id": "archive", "channel": "C0RETURNS"},
    ],
)
async def test_nobody_presses_what_is_not_there(slack: Slack, api: Api, app: App, press: dict[str, str]) -> None:
    ts = await api.post(blocks=BUTTONS)

    with pytest.raises(Refused):
        await slack.press(**{"user": "U0ADA", "channel": "C0ORDERS", "ts": ts, **press})

    assert app.got == []


async def test_a_private_answers_buttons_are_for_its_reader_only(slack: Slack, api: Api, app: App) -> None:
    answer = await api.call("chat.postEphemeral", channel="C0ORDERS", user="U0ADA", text="psst", blocks=BUTTONS)
    where = {"channel": "C0ORDERS", "ts": answer["message_ts"], "action_id": "archive"}

    await slack.press(user="U0ADA", **where)
    with pytest.raises(Refused, match="U0BEN sees no message"):
        await slack.press(user="U0BEN", **where)

    payload = json.loads(form(app)["payload"])
    assert payload["container"]["is_ephemeral"] is True
    assert "message" not in payload


async def test_a_button_without_answer_warns_who_pressed_it(slack: Slack, api: Api, app: App) -> None:
    ts = await api.post(blocks=BUTTONS)
    queue: asyncio.Queue[Change] = asyncio.Queue()
    slack.subscribe(queue)
    app.error = TimeoutError()

    await slack.press(user="U0ADA", channel="C0ORDERS", ts=ts, action_id="archive")

    change = queue.get_nowait()
    assert (change.kind, change.only_for, "operation_timeout" in change.text) == ("ack_error", "U0ADA", True)


async def test_watchers_see_each_change(slack: Slack, api: Api) -> None:
    queue: asyncio.Queue[Change] = asyncio.Queue()
    slack.subscribe(queue)

    ts = await api.post()
    await api.call("chat.update", channel="C0ORDERS", ts=ts, text="new")
    await api.call("chat.postEphemeral", channel="C0ORDERS", user="U0ADA", text="psst")
    await api.call("chat.delete", channel="C0ORDERS", ts=ts)
    slack.unsubscribe(queue)
    await api.post()

    changes = [queue.get_nowait() for _ in range(queue.qsize())]
    assert [(c.kind, c.only_for) for c in changes] == [
        ("posted", None),
        ("changed", None),
        ("posted", "U0ADA"),
        ("deleted", None),
    ]
