"""Posting a digest, and finding what was posted by its stamp."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.parcel import Place, Subscription
from bot.domain.records import News, Notification
from bot.domain.status import Event, Status
from tests.unit.domain.journeys import DELIVERED, KEY, NOW, followed
from tests.unit.slack.wire import Wire

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


@pytest.mark.promise("R16")
async def test_a_digest_is_found_by_its_stamp_however_many_messages_came_after_it(wire: Wire) -> None:
    def page(args: dict[str, Any]) -> object:
        first = [{"ts": "9.9", "text": "hello"}]
        if not args.get("cursor"):
            return {"ok": True, "messages": first, "response_metadata": {"next_cursor": "two"}}
        return {"ok": True, "messages": [stamped("8.8", "waybill_digest", "s1")]}

    wire.slack.answers["conversations.history"] = page

    assert await wire.messenger.find(HERE, "s1", since=NOW) == "8.8"
    assert await wire.messenger.find(HERE, "s2", since=NOW) == ""
    assert [asked.get("cursor") for _, asked in wire.slack.calls] == [None, "two"] * 2


@pytest.mark.promise("R17")
async def test_what_is_posted_carries_our_own_stamp_and_no_argument_that_slack_does_not_document(wire: Wire) -> None:
    told = [News(rows=(ROW,), parcel=followed(), subscription=WITH_CARD)] * 4
    await wire.messenger.show_card(followed(), SUBSCRIPTION, stamp="s1")
    await wire.messenger.tell([ROW], followed(), WITH_CARD, stamp="s1", plain=False)
    await wire.messenger.digest(told, stamp="s1", more=0)

    documented = {"channel", "text", "blocks", "metadata", "thread_ts", "reply_broadcast", "link_names", "parse"}
    for method, asked in wire.slack.calls:
        assert method == "chat.postMessage"
        assert asked["metadata"]["event_payload"] == {"id": "s1"}
        assert set(asked) <= documented | {"unfurl_links", "unfurl_media"}


def stamped(ts: str, kind: str, stamp: str) -> dict[str, Any]:
    return {"ts": ts, "metadata": {"event_type": kind, "event_payload": {"id": stamp}}}
