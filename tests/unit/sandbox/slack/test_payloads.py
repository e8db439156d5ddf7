"""What the simulated Slack sends has the fields of Slack's own payloads, and its signature."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from bot.sandbox.slack import Slack
from bot.sandbox.slack.delivery import signature
from bot.sandbox.slack.payloads import envelope
from tests.unit.sandbox.slack.conftest import Api, App, Clock

RECORDINGS = Path(__file__).parents[3] / "recordings" / "slack"
EVENTS: dict[str, dict[str, Any]] = {
    "member_joined_channel": {
        "user": "U0WAYBILL",
        "channel": "C0ORDERS",
        "channel_type": "C",
        "team": "T",
        "inviter": "U",
    },
    "member_left_channel": {"user": "U0WAYBILL", "channel": "C0ORDERS", "channel_type": "C", "team": "T"},
    "channel_archive": {"channel": "C0ORDERS", "user": "U0ADA"},
    "app_uninstalled": {},
    "tokens_revoked": {"tokens": {"oauth": ["U0ADA"], "bot": ["U0WAYBILL"]}},
}


def card(**style: str) -> list[dict[str, Any]]:
    """Return the blocks of a message with one button."""
    text = {"type": "plain_text", "text": "Delivered"}
    button = {"type": "button", "action_id": "delivered", "text": text, "value": "mark delivered P-1", **style}
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*Out for delivery*"}},
        {"type": "actions", "elements": [button]},
    ]


def recording(name: str) -> Any:  # noqa: ANN401 - recordings hold any JSON
    return json.loads((RECORDINGS / f"{name}.json").read_text())


def shape(value: object) -> object:
    """Return the names of all fields and the kinds of all values, each kind of item of a list once."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        shapes = [shape(inner) for inner in value]
        return [one for at, one in enumerate(shapes) if one not in shapes[:at]]
    return type(value).__name__


@pytest.mark.parametrize(
    ("channel", "sample"), [("D0ADA", "slash_command.dm"), ("G0DESK", "slash_command.private_channel")]
)
async def test_a_slash_command_is_a_form_with_slacks_fields(slack: Slack, app: App, channel: str, sample: str) -> None:
    await slack.type(user="U0ADA", channel=channel, text="/track help")

    body, headers = app.got[-1]
    sent, recorded = dict(parse_qsl(body.decode())), recording(sample)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert shape(sent) == shape(recorded)
    assert sent["channel_name"] == recorded["channel_name"]


async def test_a_pressed_button_has_slacks_fields(slack: Slack, api: Api, app: App) -> None:
    ts = await api.post(blocks=card(style="primary"))

    await slack.press(user="U0ADA", channel="C0ORDERS", ts=ts, action_id="delivered")

    ((name, payload),) = parse_qsl(app.got[-1][0].decode())
    assert name == "payload"
    assert shape(json.loads(payload)) == shape(recording("block_actions.message_button"))


async def test_a_button_pressed_in_a_private_message_has_slacks_fields(slack: Slack, api: Api, app: App) -> None:
    answer = await api.call("chat.postEphemeral", channel="C0ORDERS", user="U0ADA", text="x", blocks=card())

    await slack.press(user="U0ADA", channel="C0ORDERS", ts=answer["message_ts"], action_id="delivered")

    sent = json.loads(parse_qsl(app.got[-1][0].decode())[0][1])
    assert shape(sent) == shape(recording("block_actions.ephemeral_button"))


@pytest.mark.parametrize("kind", EVENTS)
async def test_an_event_has_slacks_fields(slack: Slack, app: App, kind: str) -> None:
    await slack.send_event(kind, **EVENTS[kind])

    body, headers = app.got[-1]
    assert headers["Content-Type"] == "application/json"
    assert shape(json.loads(body)) == shape(recording(f"event.{kind}"))


@pytest.mark.parametrize("kind", ["slash_commands", "interactive", "events_api"])
def test_an_envelope_has_slacks_fields(kind: str) -> None:
    recorded = recording("socket_mode.frames")[kind]

    frame = envelope(recorded["envelope_id"], kind, recorded["payload"], retry_num=0)

    assert frame == recorded


@pytest.mark.parametrize("vector", recording("signature.vectors"), ids=lambda vector: vector["from"][:20])
def test_a_body_is_signed_as_slack_signs(vector: dict[str, str]) -> None:
    signed = signature(vector["signing_secret"], vector["timestamp"], vector["body"].encode())

    assert signed == vector["signature"]


async def test_what_is_sent_is_signed_with_the_present_time(slack: Slack, app: App, clock: Clock) -> None:
    await slack.type(user="U0ADA", channel="C0ORDERS", text="/track")

    body, headers = app.got[-1]
    assert headers["X-Slack-Request-Timestamp"] == str(int(clock.now))
    assert headers["X-Slack-Signature"] == signature("sandbox-secret-0001", str(int(clock.now)), body)


async def test_errors_are_answered_in_slacks_shape(api: Api, slack: Slack) -> None:
    recorded = recording("web_api.responses")
    too_long = {"type": "button", "text": {"type": "plain_text", "text": "x" * 76}}

    blocks = await api.call(
        "chat.postMessage", channel="C0ORDERS", blocks=[{"type": "actions", "elements": [too_long]}]
    )
    arguments = await api.call("chat.postMessage")
    outside = await api.call("chat.postMessage", channel="C0GENERAL", text="x")
    slack.scopes[:] = ["commands"]
    scope = await api.call("chat.postMessage", channel="C0ORDERS", text="x")

    assert blocks == recorded["invalid_blocks"]["body"]
    assert arguments == recorded["invalid_arguments"]["body"]
    assert outside == recorded["platform_error"]["body"]
    assert scope == recorded["missing_scope"]["body"]
