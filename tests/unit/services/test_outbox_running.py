"""The outbox as it runs: woken by commits, let down by the store, and ended."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from bot.domain.errors import MessengerUnavailable, StoreError
from bot.domain.parcel import NewParcel, Place
from bot.domain.records import Notification
from bot.domain.status import Event
from bot.services.outbox import LOOK_AGAIN_AFTER, SLICE, Outbox
from bot.services.setbacks import LADDER
from bot.services.telling import SETTLED_AFTER
from bot.stores.memory import MemoryTables
from bot.stores.store import RecordStore
from tests.unit.domain.journeys import KEY
from tests.unit.services.core import OPS, ORDERS, Core, delivers, key_of, logged, settle, tell_after
from tests.unit.services.midway import Happening, NotingStore


async def follows_many(core: Core, count: int, place: Place = ORDERS) -> None:
    for number in range(count):
        await core.follows(place, key_of(number))


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_commit_wakes_the_outbox(core: Core) -> None:
    async with running(core.outbox):
        await core.tracker.follow(NewParcel(key=KEY), ORDERS, by="UADA")
        await settle()

        assert len(core.messenger.cards()) == 1


async def test_what_is_told_makes_way_for_the_next(core: Core) -> None:
    await follows_many(core, 3)
    await delivers(core, *map(key_of, range(3)))
    outbox = Outbox(store=core.store, messenger=core.messenger, clock=core.clock, pace=timedelta())
    async with running(outbox):
        for _ in range(5):
            await settle()

        assert len(core.messenger.lines()) == 3


async def test_while_the_store_is_full_nothing_is_told_and_afterwards_everything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    core = Core(store=(store := NotingStore()))
    await core.follows()
    await delivers(core, KEY)
    store.full = True
    await core.outbox.tell_due()
    await tell_after(core, LADDER[0] - timedelta(seconds=0.5))
    assert core.told() == []

    store.full = False
    await tell_after(core, timedelta(seconds=0.5))

    assert core.told() == [[Event.DELIVERED]]
    assert logged(caplog) == [("the store refused what the outbox had to say", ORDERS.channel, None)]


async def test_the_outbox_outlives_a_fault_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    core = Core(store=(store := StumblingStore(MemoryTables())))
    store.stumbles = True
    async with running(core.outbox):
        with caplog.at_level(logging.ERROR):
            await settle()
        store.stumbles = False

        await core.tracker.follow(NewParcel(key=KEY), ORDERS, by="UADA")
        await settle()

        assert ("the outbox stumbled", None, None) in logged(caplog)
        assert len(core.messenger.cards()) == 1


class StumblingStore(RecordStore):
    """A store that may fail to read."""

    stumbles = False
    unreadable: Place | None = None

    async def waiting(self, place: Place | None = None) -> Sequence[Notification]:
        if place and place == self.unreadable:
            raise StoreError("not now")
        return await super().waiting(place)

    async def waiting_places(self) -> Sequence[Place]:
        if self.stumbles:
            raise StoreError("not now")
        return await super().waiting_places()


async def test_a_place_that_could_not_be_read_is_read_again_some_seconds_later() -> None:
    core = Core(store=(store := StumblingStore(MemoryTables())))
    for place in (ORDERS, OPS):
        await core.follows(place)
    await delivers(core, KEY)
    async with running(core.outbox):
        store.unreadable = ORDERS
        await settle()
        store.unreadable = None
        core.clock.move(seconds=LOOK_AGAIN_AFTER.total_seconds())
        core.outbox.wake(OPS)
        await settle()

    assert core.told(ORDERS) == core.told(OPS) == [[Event.DELIVERED]]


async def test_however_many_places_there_are_whoever_else_waits_has_a_turn_in_between(core: Core) -> None:
    for number in range(3 * SLICE):
        await core.follows(Place("T", f"C{number}"))
    await delivers(core, KEY)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.create_task(others())
    await core.outbox.start_due()
    waiting.cancel()
    await core.outbox.tell_due()

    assert turns >= 2
    assert len(core.messenger.lines()) >= SLICE


async def test_at_the_end_what_is_being_told_is_let_finish(core: Core) -> None:
    await telling_slowly(core)

    draining = asyncio.create_task(core.outbox.drain(timedelta(minutes=1)))
    await settle()
    core.messenger.slow[OPS.channel].set()
    await draining

    assert core.told(OPS) == [[Event.DELIVERED]]


async def test_at_the_end_what_takes_too_long_stays_for_the_next_start(core: Core) -> None:
    await telling_slowly(core)

    await core.outbox.drain(timedelta())
    core.messenger.slow.clear()
    after = core.restarted()
    await after.outbox.tell_due()
    await tell_after(after, SETTLED_AFTER)

    assert core.told(OPS) == [[Event.DELIVERED]]


async def telling_slowly(core: Core) -> None:
    """Be telling a change in a channel that does not answer."""
    await core.follows(OPS)
    core.messenger.slow[OPS.channel] = asyncio.Event()
    await delivers(core, KEY)
    await core.outbox.start_due()
    await settle()


async def test_whoever_names_a_place_has_only_that_place_looked_at() -> None:
    core = Core(store=(store := AskedStore(MemoryTables())))
    places = [Place("T", f"C{number}") for number in range(20)]
    for place in places:
        await core.follows(place)
    core.messenger.faults["tell"] = [MessengerUnavailable("no connection")] * 20
    await delivers(core, KEY)
    await core.outbox.tell_due()  # all is put off now
    async with running(core.outbox):
        await settle()
        store.asked.clear()

        core.outbox.wake(places[3])
        await settle()

    assert store.asked == [places[3]]


async def test_what_is_committed_while_its_channel_is_looked_at_is_told_at_once() -> None:
    core = Core(store=(store := AskedStore(MemoryTables())))
    await core.follows()
    core.messenger.faults["tell"] = [MessengerUnavailable("no connection")]
    await delivers(core, KEY)
    await core.outbox.tell_due()  # is put off for some seconds
    async with running(core.outbox):
        await settle()

        store.midway = lambda: core.tracker.follow(NewParcel(key=key_of(2)), ORDERS, by="UADA")
        core.outbox.wake(ORDERS)
        await settle()

    assert [card.parcel.key for card in core.messenger.cards()] == [KEY, key_of(2)]


async def test_what_nobody_named_is_found_all_the_same_some_seconds_later(core: Core) -> None:
    unseen = core.restarted().tracker  # what it commits wakes another outbox
    async with running(core.outbox):
        await settle()
        await unseen.follow(NewParcel(key=KEY), ORDERS, by="UADA")
        counts = []
        for _ in range(2):
            core.clock.move(seconds=2.5)
            core.outbox.wake(OPS)
            await settle()
            counts.append(len(core.messenger.cards()))

    assert counts == [0, 1]


async def test_what_is_due_in_a_moment_is_told_then_though_nobody_wakes_the_outbox(core: Core) -> None:
    await follows_many(core, 3)
    await delivers(core, *map(key_of, range(3)))
    outbox = Outbox(store=core.store, messenger=core.messenger, clock=core.clock, pace=timedelta(milliseconds=20))
    async with running(outbox):
        await settle()
        at_once = len(core.messenger.lines())
        core.clock.move(seconds=1)
        await asyncio.sleep(0.05)
        await settle()

    assert (at_once, len(core.messenger.lines())) == (2, 3)


class AskedStore(RecordStore):
    """A store that keeps for which places it was asked, None when it was which there are; `midway` happens once."""

    def __init__(self, tables: MemoryTables) -> None:
        super().__init__(tables)
        self.asked: list[Place | None] = []
        self.midway: Happening | None = None

    async def waiting(self, place: Place | None = None) -> Sequence[Notification]:
        self.asked.append(place)
        rows = await super().waiting(place)
        if happening := self.midway:
            self.midway = None
            await happening()
        return rows

    async def waiting_places(self) -> Sequence[Place]:
        self.asked.append(None)
        return await super().waiting_places()
