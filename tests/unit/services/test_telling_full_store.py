"""What Slack has taken and a full store did not: it stands there, and is not said again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot.domain.parcel import NewParcel, Parcel, Subscription
from bot.domain.records import Notification
from bot.domain.status import Event, Status
from bot.services.telling import SETTLED_AFTER
from tests.fakes import FakeMessenger
from tests.unit.domain.journeys import DELIVERED, KEY
from tests.unit.services.core import OPS, ORDERS, Core, delivered, delivers, settle, tell_after
from tests.unit.services.midway import NotingStore

TOLD = [[Event.DELIVERED]]
LATER = SETTLED_AFTER + timedelta(seconds=1)


@pytest.mark.promise("R32")
async def test_what_slack_has_taken_and_a_full_disk_kept_us_from_noting_is_not_told_again() -> None:
    store = NotingStore()
    core = Core(store=store)
    core.messenger = FullDiskMessenger(core.clock, store=store, history=False)
    core = core.restarted()
    await delivered(core)

    await core.outbox.tell_due()
    store.full = False
    await tell_after(core, LATER)

    assert (core.told(), len(core.messenger.cards())) == (TOLD, 1)
    assert await core.store.waiting() == []


@pytest.mark.promise("R32")
async def test_what_two_channels_have_taken_while_the_store_is_full_is_told_once_in_each() -> None:
    core = Core(store=(store := NotingStore()))
    core.messenger.history = False
    for place in (ORDERS, OPS):
        await core.follows(place)
        core.messenger.slow[place.channel] = asyncio.Event()
    await delivers(core, KEY)
    await core.outbox.start_due()
    await settle()

    store.full = True
    for answered in core.messenger.slow.values():
        answered.set()
    await tell_after(core, LATER)
    store.full = False
    await tell_after(core, LATER)

    assert core.told() == core.told(OPS) == TOLD
    assert await core.store.waiting() == []


@pytest.mark.promise("R32")
async def test_a_card_that_slack_has_taken_while_the_store_is_full_is_not_posted_again() -> None:
    core = Core(store=(store := NotingStore()))
    core.messenger.history = False
    core.messenger.slow[ORDERS.channel] = asyncio.Event()
    await core.tracker.follow(NewParcel(key=KEY), ORDERS, by="UADA")
    await core.outbox.start_due()
    await settle()

    store.full = True
    core.messenger.slow[ORDERS.channel].set()
    await tell_after(core, LATER)
    store.full = False
    await tell_after(core, LATER)
    await core.reported(Status.DELIVERED, DELIVERED)

    (card,) = core.messenger.cards()
    assert (card.parcel.status, [line.thread for line in core.messenger.lines()]) == (Status.DELIVERED, [card.ts])


@dataclass
class FullDiskMessenger(FakeMessenger):
    """A Slack that takes a line in the moment when our disk fills."""

    store: NotingStore = field(default_factory=NotingStore)

    async def tell(
        self, rows: Sequence[Notification], parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool
    ) -> None:
        await super().tell(rows, parcel, subscription, stamp=stamp, plain=plain)
        self.store.full = True
