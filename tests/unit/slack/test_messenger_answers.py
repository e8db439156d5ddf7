"""Replies are shown where they belong, to whom they concern."""

import logging
from collections.abc import Callable
from dataclasses import replace

import aiohttp
import pytest

from bot.domain.errors import (
    MessengerBusy,
    MessengerDoubtful,
    MessengerError,
    MessengerUnavailable,
    WorkspaceGone,
)
from bot.domain.records import InboxItem
from bot.slack.exchange import Message, Reply
from tests.unit.domain.journeys import NOW
from tests.unit.slack.wire import Wire

URL = "https://hooks.slack.example/commands/1"
TYPED = InboxItem(
    workspace="T1", delivery="1", channel="C1", user="UADA", words="list", received_at=NOW, response_url=URL
)
PRIVATE = Reply.to_asker(Message(text="2 parcels", blocks=[{"type": "divider"}]))
ALOUD = Reply.to_channel(Message(text="Ada changed what is told here"))


@pytest.fixture
def wire() -> Wire:
    return Wire()


async def test_a_private_reply_goes_to_the_response_url(wire: Wire) -> None:
    await wire.messenger.answer(TYPED, PRIVATE)

    assert wire.hooks.bodies == [
        (
            URL,
            {
                "text": "2 parcels",
                "blocks": [{"type": "divider"}],
                "response_type": "ephemeral",
                "replace_original": False,
            },
        )
    ]
    assert wire.slack.calls == []


async def test_where_a_private_messages_button_was_pressed_the_reply_takes_its_place(wire: Wire) -> None:
    await wire.messenger.answer(replace(TYPED, private=True), PRIVATE)

    assert wire.hooks.bodies[0][1]["replace_original"] is True


def expired(wire: Wire) -> None:
    wire.hooks.status = 404


def cut_off(wire: Wire) -> None:
    wire.hooks.error = aiohttp.ServerDisconnectedError()


def slow(wire: Wire) -> None:
    wire.hooks.error = TimeoutError()


@pytest.mark.parametrize("happens", [expired, cut_off, slow])
async def test_when_the_response_url_is_no_more_the_reply_comes_as_an_ephemeral_message(
    wire: Wire, happens: Callable[[Wire], None]
) -> None:
    happens(wire)

    await wire.messenger.answer(TYPED, PRIVATE)

    ((method, asked),) = wire.slack.calls
    assert (method, asked["channel"], asked["user"], asked["text"]) == ("chat.postEphemeral", "C1", "UADA", "2 parcels")


async def test_where_we_are_no_member_it_comes_as_a_direct_message(wire: Wire) -> None:
    wire.hooks.status = 404
    wire.slack.answers["chat.postEphemeral"] = {"ok": False, "error": "user_not_in_channel"}

    await wire.messenger.answer(TYPED, PRIVATE)

    assert wire.slack.methods() == ["chat.postEphemeral", "chat.postMessage"]
    assert wire.slack.calls[-1][1]["channel"] == "UADA"


@pytest.mark.promise("R5")
async def test_a_response_url_is_used_for_half_an_hour(wire: Wire) -> None:
    wire.clock.move(minutes=29)
    await wire.messenger.answer(TYPED, PRIVATE)
    wire.clock.move(minutes=2)

    await wire.messenger.answer(TYPED, PRIVATE)

    assert len(wire.hooks.bodies) == 1
    assert wire.slack.methods() == ["chat.postEphemeral"]


@pytest.mark.promise("R5")
async def test_a_response_url_is_used_five_times(wire: Wire) -> None:
    await wire.messenger.answer(replace(TYPED, answered=4), PRIVATE)

    await wire.messenger.answer(replace(TYPED, answered=5), PRIVATE)

    assert len(wire.hooks.bodies) == 1
    assert wire.slack.methods() == ["chat.postEphemeral"]


HOSTILE = (
    "",
    "https://",
    "https://[",
    "/commands/1",
    "//hooks.slack.example/commands/1",
    "http://hooks.slack.example/commands/1",
    "ftp://hooks.slack.example/commands/1",
    "file://hooks.slack.example/etc/passwd",
    "javascript://hooks.slack.example/%0aalert(1)",
    " https://hooks.slack.example/commands/1",
    "ht\ntps://hooks.slack.example/commands/1",
    "https:hooks.slack.example/commands/1",
    "https:/hooks.slack.example/commands/1",
    "https:\\\\hooks.slack.example/commands/1",
    "https://hooks.slack.example",
    "https://hooks.slack.example:8443/commands/1",
    "https://hooks.slack.example./commands/1",
    "https://hooks.slack.example.evil.example/commands/1",
    "https://hooks.slack.example@evil.example/commands/1",
    "https://hooks.slack.example:443@evil.example/commands/1",
    "https://hooks.slack.example\\@evil.example/commands/1",
    "https://hooks.slack.example#@evil.example/commands/1",
    "https://hooks.slack.example?@evil.example/commands/1",
    "https://hooks.slack.example%2f@evil.example/commands/1",
    "https://hooks.slack.example%00.evil.example/commands/1",
    "https://hooks.slack.example\t.evil.example/commands/1",
    "https://hooks.slack\u3002example/commands/1",
    "https://h\u043eoks.slack.example/commands/1",
    "https://evil.example/hooks.slack.example/commands/1",
    "https://evil.example/https://hooks.slack.example/commands/1",
    "https://evilhooks.slack.example/commands/1",
    "https://slack.example/commands/1",
    "https://u:p@hooks.slack.example/commands/1",
    "https://127.0.0.1/commands/1",
    "https://127.1/commands/1",
    "https://0x7f000001/commands/1",
    "https://2130706433/commands/1",
    "https://[::1]/commands/1",
    "https://[::ffff:127.0.0.1]/commands/1",
    "https://localhost/commands/1",
    "https://169.254.169.254/latest/meta-data",
    "http://169.254.169.254/latest/meta-data",
    "https://10.0.0.1/commands/1",
    "https://192.168.0.1/commands/1",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://0/commands/1",
    "unix:///var/run/docker.sock",
    "data:text/plain,commands",
    "gopher://hooks.slack.example/_commands",
    "ws://hooks.slack.example/commands/1",
)


@pytest.mark.promise("S7")
@pytest.mark.parametrize("url", HOSTILE)
async def test_nothing_is_sent_to_an_address_that_is_not_slacks(wire: Wire, url: str) -> None:
    await wire.messenger.answer(replace(TYPED, response_url=url), PRIVATE)

    assert wire.hooks.bodies == []
    assert wire.slack.methods() == ["chat.postEphemeral"]


async def test_a_reply_for_all_is_posted_in_the_channel(wire: Wire) -> None:
    await wire.messenger.answer(TYPED, ALOUD)

    assert [(method, asked["channel"]) for method, asked in wire.slack.calls] == [("chat.postMessage", "C1")]
    assert wire.hooks.bodies == []


async def test_where_we_may_not_post_a_reply_for_all_goes_to_the_asker(wire: Wire) -> None:
    wire.slack.answers["chat.postMessage"] = {"ok": False, "error": "not_in_channel"}

    await wire.messenger.answer(TYPED, ALOUD)

    assert [body["text"] for _, body in wire.hooks.bodies] == ["Ada changed what is told here"]


async def test_a_reply_for_all_that_may_stand_there_is_not_said_twice(wire: Wire) -> None:
    wire.slack.answers["chat.postMessage"] = TimeoutError()

    await wire.messenger.answer(TYPED, ALOUD)

    assert (wire.slack.methods(), wire.hooks.bodies) == (["chat.postMessage"], [])


async def test_where_the_card_says_it_all_nothing_is_sent(wire: Wire) -> None:
    await wire.messenger.answer(TYPED, Reply.on_the_card())

    assert (wire.slack.calls, wire.hooks.bodies) == ([], [])


async def test_a_reply_that_cannot_be_shown_is_logged_without_its_text(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    wire.hooks.status = 404
    for method in ("chat.postEphemeral", "chat.postMessage"):
        wire.slack.answers[method] = {"ok": False, "error": "channel_not_found"}

    with caplog.at_level(logging.DEBUG, logger="bot"):
        await wire.messenger.answer(TYPED, PRIVATE)

    assert [(record.msg, record.__dict__["why"]) for record in caplog.records] == [
        ("a reply could not be shown", "channel_not_found")
    ]
    assert "parcels" not in caplog.text


@pytest.mark.promise("R5")
@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ratelimited", MessengerBusy),
        ("internal_error", MessengerDoubtful),
        ("not_heard_of", MessengerUnavailable),
        ("token_revoked", WorkspaceGone),
    ],
)
async def test_a_reply_that_may_be_shown_later_is_not_taken_for_shown(
    wire: Wire, code: str, error: type[MessengerError]
) -> None:
    wire.hooks.status = 404
    for method in ("chat.postEphemeral", "chat.postMessage"):
        wire.slack.answers[method] = {"ok": False, "error": code}

    with pytest.raises(error):
        await wire.messenger.answer(TYPED, PRIVATE)
