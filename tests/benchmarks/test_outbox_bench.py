"""How soon a change is told: with much waiting already, and with very much in one channel."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from bot.app import SystemClock
from bot.domain.parcel import Parcel, ParcelKey, Place, Report, Subscription
from bot.domain.records import News, Notification
from bot.domain.status import Event, Status
from bot.ports import Record
from bot.services.observer import Observer
from bot.services.outbox import Outbox
from bot.stores.memory import memory_store
from bot.stores.sealing import Sealer, new_key
from bot.stores.store import RecordStore
from bot.stores.tinydb import open_store
from tests.benchmarks.many import PARCELS, parcel
from tests.benchmarks.table import Figures, p99, spread
from tests.e2e.stage import until
from tests.fakes import FakeClock, FakeMessenger

WAITING, CHANGES, CHANNELS, BUSY_CHANNELS = 1000, 100, 100, 20
EVERY = 0.2
"""Seconds between two changes: Slack takes some three hundred messages a minute of a workspace."""
A_CALL = 0.15
"""Seconds that Slack takes to answer."""


@dataclass
class TimedMessenger(FakeMessenger):
    """A Slack that answers after a while, and keeps when it was asked to tell of a parcel."""

    asked_at: dict[ParcelKey, float] = field(default_factory=dict)

    async def tell(
        self, rows: Sequence[Notification], parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool
    ) -> None:
        self.asked_at.setdefault(parcel.key, time.perf_counter())
        await asyncio.sleep(A_CALL)

    async def digest(self, news: Sequence[News], *, stamp: str, more: int) -> None:
        for one in news:
            self.asked_at.setdefault(one.parcel.key, time.perf_counter())
        await asyncio.sleep(A_CALL)

    async def show_card(self, parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool = False) -> str:
        await asyncio.sleep(A_CALL)
        return subscription.card


def channel(number: int) -> Place:
    return Place("T0SANDBOX", f"C{number % CHANNELS}")


def followed(serial: int, place: Place) -> tuple[Parcel, Subscription]:
    one = parcel(serial)
    return one, Subscription(place=place, key=one.key, added_by="U0ADA", added_at=one.added_at, card="1.0")


@asynccontextmanager
async def much_waiting(folder: Path) -> AsyncIterator[RecordStore]:
    """Open a store with 10,000 parcels and 1,000 rows that wait, half of them put off for long."""
    store, now = await open_store(folder, Sealer(new_key())), SystemClock().now()
    for begin in range(0, PARCELS, 1000):
        records: list[Record] = []
        for serial in range(begin, begin + 1000):
            records += followed(serial, channel(serial % BUSY_CHANNELS if serial < WAITING else serial))
        await store.save(*records)
    rows: list[Record] = []
    for serial in range(WAITING):
        row = Notification(
            place=channel(serial % BUSY_CHANNELS),
            key=parcel(serial).key,
            revision=7,
            event=Event.DELIVERED,
            created_at=now,
            until=now,
        )
        rows.append(replace(row, until=now + timedelta(hours=1), attempts=7) if serial % 2 else row)
    await store.save(*rows)
    try:
        yield store
    finally:
        await store.close()


async def test_a_change_is_told_soon_though_much_is_waiting(tmp_path: Path, figures: Figures) -> None:
    clock = SystemClock()
    messenger = TimedMessenger(FakeClock())
    seen_at: dict[ParcelKey, float] = {}
    async with much_waiting(tmp_path) as store:
        outbox = Outbox(store=store, messenger=messenger, clock=clock)
        observer = Observer(store, clock, outbox.wake)
        running = asyncio.create_task(outbox.run())
        for serial in range(WAITING, WAITING + CHANGES):
            key = parcel(serial).key
            seen_at[key] = time.perf_counter()
            await observer.take("T0SANDBOX", Report(key=key, status=Status.DELIVERED, updated_at=clock.now()))
            await asyncio.sleep(EVERY)

        async def all_asked() -> bool:
            return seen_at.keys() <= messenger.asked_at.keys()

        await until(all_asked)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await outbox.drain(timedelta(seconds=5))

    took = [messenger.asked_at[key] - at for key, at in seen_at.items()]
    figures.line(
        f"change seen to post attempted, {PARCELS:,} parcels, {WAITING:,} rows waiting",
        p99(took),
        measured=f"{spread(took)}, {CHANGES} changes in {CHANNELS} channels",
        must=5,
        reach=2,
        unit=" s",
    )
    assert p99(took) < 5


async def test_ten_thousand_changes_in_one_channel_are_told_within_minutes(figures: Figures) -> None:
    store, clock = memory_store(), FakeClock()
    messenger, place, now = FakeMessenger(clock), channel(0), clock.now()
    records: list[Record] = []
    for serial in range(PARCELS):
        one, subscription = followed(serial, place)
        row = Notification(place=place, key=one.key, revision=7, event=Event.DELIVERED, created_at=now, until=now)
        records += [one, subscription, row]
    await store.save(*records)
    outbox = Outbox(store=store, messenger=messenger, clock=clock)

    while sum(len(one.rows) for one in messenger.digests()) + len(messenger.lines()) < PARCELS:
        await outbox.start_due()
        await outbox.drain(timedelta(seconds=1))
        clock.move(seconds=0.5)

    minutes = (clock.now() - now) / timedelta(minutes=1)
    figures.line(
        f"{PARCELS:,} changes in one channel, all told",
        minutes,
        measured=f"{len(messenger.digests())} messages, their cards after them",
        must=10,
        reach=8,
        unit=" min",
    )
    told = [row.key for one in messenger.digests() for row in one.rows]
    assert len(set(told)) == len(told)
    assert minutes <= 10
