"""Posting, redrawing and finding with Slack's Web API."""

import json
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from bot.domain.errors import (
    MessageGone,
    MessengerBusy,
    MessengerDoubtful,
    MessengerUnavailable,
    PlaceGone,
    WorkspaceGone,
)
from bot.domain.parcel import ChannelSettings, Place, Subscription
from bot.domain.records import InboxItem, Notice, Notification, Trouble
from bot.domain.status import Event, Status
from bot.slack.client import web_client
from bot.slack.exchange import Message, Reply
from tests.unit.domain.journeys import DELIVERED, KEY, NOW, followed
from tests.unit.slack.wire import Hooks, Wire

HERE = Place("T1", "C1")
SUBSCRIPTION = Subscription(place=HERE, key=KEY, added_by="UADA", added_at=NOW, title="Blue mugs")
WITH_CARD = replace(SUBSCRIPTION, card="1772442000.000001")
ROW = Notification(
    place=HERE,
    key=KEY,
    revision=2,
    event=Event.DELIVERED,
    created_at=NOW,
    until=NOW,
    before=Status.PICKUP,
    status=Status.DELIVERED,
    checkpoints=(DELIVERED,),
)


@pytest.fixture
def wire() -> Wire:
    return Wire()


# ── cards and news ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("S7")
async def test_a_card_is_posted_with_its_stamp_and_its_ts_returned(wire: Wire) -> None:
    ts = await wire.messenger.show_card(followed(), SUBSCRIPTION, stamp="s1")

    ((method, asked),) = wire.slack.calls
    assert (ts, method, asked["channel"]) == ("1772442009.000009", "chat.postMessage", "C1")
    assert asked["metadata"] == {"event_type": "waybill_card", "event_payload": {"id": "s1"}}
    assert (asked["unfurl_links"], asked["unfurl_media"]) == (False, False)
    assert "Blue mugs" in asked["text"]
    assert asked["blocks"]


async def test_a_card_that_stands_is_redrawn_where_it_stands(wire: Wire) -> None:
    ts = await wire.messenger.show_card(followed(), WITH_CARD, stamp="s1")

    ((method, asked),) = wire.slack.calls
    assert (ts, method, asked["ts"]) == (WITH_CARD.card, "chat.update", WITH_CARD.card)
    assert asked["blocks"]  # Slack drops them where only text is given


@pytest.mark.promise("R22")
@pytest.mark.parametrize("subscription", [SUBSCRIPTION, WITH_CARD], ids=["first", "redrawn"])
async def test_a_plain_card_is_its_text_alone(wire: Wire, subscription: Subscription) -> None:
    await wire.messenger.show_card(followed(), subscription, stamp="s1", plain=True)

    ((_, asked),) = wire.slack.calls
    assert "Blue mugs" in asked["text"]
    assert "blocks" not in asked


@pytest.mark.parametrize(("aloud", "broadcast"), [(True, True), (False, None)])
async def test_news_goes_into_the_cards_thread_and_aloud_into_the_channel_too(
    wire: Wire, *, aloud: bool, broadcast: bool | None
) -> None:
    rows = [replace(ROW, event=Event.OUT, revision=1), replace(ROW, aloud=aloud)]

    await wire.messenger.tell(rows, followed(), WITH_CARD, stamp="s2", plain=False)

    ((method, asked),) = wire.slack.calls
    assert (method, asked["thread_ts"], asked.get("reply_broadcast")) == ("chat.postMessage", WITH_CARD.card, broadcast)
    assert asked["metadata"] == {"event_type": "waybill_news", "event_payload": {"id": "s2"}}
    assert asked["blocks"]


async def test_plain_news_has_no_blocks_and_all_its_words(wire: Wire) -> None:
    await wire.messenger.tell([ROW], followed(), WITH_CARD, stamp="s2", plain=True)

    ((_, asked),) = wire.slack.calls
    assert "blocks" not in asked
    assert "elivered" in asked["text"]


async def test_the_first_message_in_a_place_and_a_warning_are_posted(wire: Wire) -> None:
    await wire.messenger.introduce(ChannelSettings(place=HERE), by="UADA")
    await wire.messenger.warn("UADMIN", Notice(trouble=Trouble.KEY_REFUSED))

    assert [(method, asked["channel"]) for method, asked in wire.slack.calls] == [
        ("chat.postMessage", "C1"),
        ("chat.postMessage", "UADMIN"),
    ]
    assert all(asked["text"] for _, asked in wire.slack.calls)


@pytest.mark.promise("R15", "H2")
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"ok": False, "error": "ratelimited"}, MessengerBusy),
        ({"ok": False, "error": "not_in_channel"}, PlaceGone),
        ({"ok": False, "error": "account_inactive"}, WorkspaceGone),
        ({"ok": False, "error": "message_not_found"}, MessageGone),
        ({"ok": False, "error": "internal_error"}, MessengerDoubtful),
        ({"ok": True}, MessengerDoubtful),
        ({"ok": True, "ts": 5}, MessengerDoubtful),
        ("<html>", MessengerDoubtful),
        (b"\x00", MessengerDoubtful),
        (TimeoutError(), MessengerDoubtful),
        (aiohttp.ServerDisconnectedError(), MessengerDoubtful),
        (json.JSONDecodeError("no", "", 0), MessengerDoubtful),
    ],
)
async def test_whatever_comes_back_is_one_of_our_errors(wire: Wire, answer: object, error: type[Exception]) -> None:
    wire.slack.answers["chat.postMessage"] = answer

    with pytest.raises(error):
        await wire.messenger.show_card(followed(), SUBSCRIPTION, stamp="s")


@pytest.mark.promise("R18")
def test_the_client_repeats_nothing_by_itself_and_knows_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")

    client = web_client("xoxb-sandbox-token", "https://slack.com/api/")

    assert (client.retry_handlers, client.proxy, client.trust_env_in_session) == ([], None, False)
    assert client.timeout == 10


# ── finding ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def stamped(ts: str, kind: str, stamp: str) -> dict[str, Any]:
    return {"ts": ts, "metadata": {"event_type": kind, "event_payload": {"id": stamp}}}


async def test_a_card_is_found_in_the_channel_by_its_stamp(wire: Wire) -> None:
    wire.slack.answers["conversations.history"] = {
        "ok": True,
        "messages": [
            {"ts": "9.9", "text": "hello"},
            stamped("8.8", "waybill_news", "s1"),
            stamped("7.7", "waybill_card", "s1"),
        ],
    }

    assert await wire.messenger.find(HERE, "s1", since=NOW) == "7.7"
    assert await wire.messenger.find(HERE, "s2", since=NOW) == ""
    (_, asked), _ = wire.slack.calls
    assert asked["include_all_metadata"] in {True, "1", "true"}
    assert float(asked["oldest"]) < NOW.timestamp()


async def test_a_line_is_found_in_its_thread_by_its_stamp(wire: Wire) -> None:
    wire.slack.answers["conversations.replies"] = {
        "ok": True,
        "messages": [stamped("7.7", "waybill_card", "s1"), stamped("8.8", "waybill_news", "s1")],
    }

    assert await wire.messenger.find(HERE, "s1", thread="7.7", since=NOW) == "8.8"
    ((method, asked),) = wire.slack.calls
    assert (method, asked["ts"]) == ("conversations.replies", "7.7")


@pytest.mark.parametrize("error", ["missing_scope", "not_in_channel", "thread_not_found"])
async def test_where_we_may_not_look_nobody_knows(wire: Wire, error: str) -> None:
    wire.slack.answers["conversations.history"] = {"ok": False, "error": error}

    assert await wire.messenger.find(HERE, "s1", since=NOW) is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"ok": False, "error": "ratelimited"}, MessengerBusy),
        ({"ok": False, "error": "a_code_of_next_year"}, MessengerUnavailable),
        (TimeoutError(), MessengerDoubtful),
        ({"ok": True}, MessengerDoubtful),
        ({"ok": True, "messages": None}, MessengerDoubtful),
        ({"ok": True, "messages": "none"}, MessengerDoubtful),
    ],
)
async def test_while_slack_does_not_say_we_ask_again_later(wire: Wire, answer: object, error: type[Exception]) -> None:
    wire.slack.answers["conversations.history"] = answer

    with pytest.raises(error):
        await wire.messenger.find(HERE, "s1", since=NOW)


@pytest.mark.parametrize("messages", [[], [{"ts": "9.9", "metadata": None}], [{"ts": "9.9", "metadata": {}}]])
async def test_what_carries_no_stamp_is_not_what_we_look_for(wire: Wire, messages: object) -> None:
    wire.slack.answers["conversations.history"] = {"ok": True, "messages": messages}

    assert await wire.messenger.find(HERE, "s1", since=NOW) == ""


async def test_a_stamp_without_its_number_is_nobodys(wire: Wire) -> None:
    bare = {"ts": "9.9", "metadata": {"event_type": "waybill_card", "event_payload": None}}
    wire.slack.answers["conversations.history"] = {"ok": True, "messages": [bare]}

    assert await wire.messenger.find(HERE, "s1", since=NOW) == ""
    ((_, asked),) = wire.slack.calls
    assert int(asked["limit"]) == 200


# ── what Slack would not take, and what must not leave ────────────────────────────────────────────────────────────────

ASKED = InboxItem(
    workspace="T1",
    delivery="1",
    channel="C1",
    user="UADA",
    words="list",
    received_at=NOW,
    response_url="https://hooks.slack.example/commands/1",
)


async def test_a_long_text_is_cut_where_slack_would_refuse_it(wire: Wire) -> None:
    long = Message(text="x" * 5000)

    await wire.messenger.answer(ASKED, Reply.to_asker(long))
    await wire.messenger.answer(ASKED, Reply.to_channel(long))

    ((_, body),) = wire.hooks.bodies
    ((_, asked),) = wire.slack.calls
    assert (len(body["text"]), len(asked["text"])) == (3000, 3000)


async def test_a_message_without_a_word_is_never_sent(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    await wire.messenger.answer(replace(ASKED, response_url=""), Reply.to_asker(Message(text="", blocks=[{"a": 1}])))

    assert wire.slack.calls == []
    assert "a message without text" in [vars(record).get("why") for record in caplog.records]


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.slack.example@evil.example/commands/1",
        "https://hooks.slack.example:8443/commands/1",
        "https://someone@hooks.slack.example/commands/1",
        "//evil.example/commands/1",
        "hooks.slack.example/commands/1",
    ],
)
async def test_an_address_that_only_looks_like_slacks_gets_nothing(wire: Wire, address: str) -> None:
    await wire.messenger.answer(replace(ASKED, response_url=address), Reply.to_asker(Message(text="2 parcels")))

    assert wire.hooks.bodies == []


async def test_a_reply_follows_no_redirection_and_waits_for_nobody(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def post(_: str, **how: Any) -> Hooks:  # noqa: ANN401 - aiohttp's own arguments
        seen.update(how)
        return wire.hooks

    monkeypatch.setattr(wire.hooks, "post", post)

    await wire.messenger.answer(ASKED, Reply.to_asker(Message(text="2 parcels")))

    assert seen["allow_redirects"] is False
    assert seen["timeout"].total == 10


@pytest.mark.promise("R5")
async def test_a_private_reply_that_may_have_been_shown_is_not_whispered_but_left_to_be_given_again(wire: Wire) -> None:
    wire.hooks.status = 410
    wire.slack.answers["chat.postEphemeral"] = TimeoutError()

    with pytest.raises(MessengerDoubtful):
        await wire.messenger.answer(ASKED, Reply.to_asker(Message(text="2 parcels")))

    assert wire.slack.methods() == ["chat.postEphemeral"]
