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
from bot.services.outbox import Outbox
from bot.services.telling import SETTLED_AFTER
from bot.stores.memory import MemoryTables
from bot.stores.store import RecordStore
from tests.unit.domain.journeys import KEY
from tests.unit.services.core import OPS, ORDERS, Core, delivers, key_of, settle, tell_after
from tests.unit.services.midway import NotingStore


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
    assert core.told() == []

    store.full = False
    await tell_after(core, timedelta(minutes=1))

    assert core.told() == [[Event.DELIVERED]]
    assert caplog.text.count("the store refused what the outbox had to say") == 1


async def test_the_outbox_outlives_a_fault_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    core = Core(store=(store := StumblingStore(MemoryTables())))
    store.stumbles = True
    async with running(core.outbox):
        with caplog.at_level(logging.ERROR):
            await settle()
        store.stumbles = False

        await core.tracker.follow(NewParcel(key=KEY), ORDERS, by="UADA")
        await settle()

        assert "the outbox stumbled" in caplog.text
        assert len(core.messenger.cards()) == 1


class StumblingStore(RecordStore):
    """A store that may fail to read."""

    stumbles = False

    async def waiting_places(self) -> Sequence[Place]:
        if self.stumbles:
            raise StoreError("not now")
        return await super().waiting_places()


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


class AskedStore(RecordStore):
    """A store that keeps for which places it was asked."""

    def __init__(self, tables: MemoryTables) -> None:
        super().__init__(tables)
        self.asked: list[Place | None] = []

    async def waiting(self, place: Place | None = None) -> Sequence[Notification]:
        self.asked.append(place)
        return await super().waiting(place)
