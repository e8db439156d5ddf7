"""The core without its adapters: the services on a real store, with fakes around them."""

import asyncio
from datetime import timedelta

import pytest

from bot.domain.parcel import Checkpoint, NewParcel, Parcel, ParcelKey, Place
from bot.domain.status import Event, Status
from bot.services.observer import Observer
from bot.services.outbox import Outbox
from bot.services.purchases import CREATES_A_DAY
from bot.services.sweep import Sweep
from bot.services.telling import SETTLED_AFTER
from bot.services.tracker import Tracker
from bot.services.watch import Watch
from bot.stores.memory import MemoryTables
from bot.stores.store import RecordStore
from tests.fakes import FakeClock, FakeMessenger, FakeProvider
from tests.unit.domain.journeys import DELIVERED, KEY, OUT

ORDERS = Place("T", "C-ORDERS")
OPS = Place("T", "C-OPS")
HOUR = timedelta(hours=1)


def key_of(number: int) -> ParcelKey:
    """Return one of many keys."""
    return ParcelKey("ups", f"1ZX{number:015d}")


class Core:
    """One process of the bot; `restarted` is the next one, on what lasts of it."""

    def __init__(
        self,
        *,
        store: RecordStore | None = None,
        clock: FakeClock | None = None,
        provider: FakeProvider | None = None,
        messenger: FakeMessenger | None = None,
        looks_a_day: int = 50,
        creates_a_day: int = CREATES_A_DAY,
        reserve: int = 0,
    ) -> None:
        self.clock = clock or FakeClock()
        self.provider = provider or FakeProvider(self.clock)
        self.messenger = messenger or FakeMessenger(self.clock)
        self.tables = MemoryTables()
        self.store = store or RecordStore(self.tables)
        self.outbox = Outbox(store=self.store, messenger=self.messenger, clock=self.clock)
        self.observer = Observer(self.store, self.clock, self.outbox.wake)
        self.watch = Watch(store=self.store, messenger=self.messenger, clock=self.clock, admins=("UADMIN", "UOPS"))
        self.tracker = Tracker(
            store=self.store,
            provider=self.provider,
            messenger=self.messenger,
            clock=self.clock,
            observer=self.observer,
            wake=self.outbox.wake,
            creates_a_day=creates_a_day,
            reserve=reserve,
        )
        self.sweep = Sweep(
            store=self.store,
            provider=self.provider,
            clock=self.clock,
            observer=self.observer,
            watch=self.watch,
            spent=lambda: self.tracker.spent,
            looks_a_day=looks_a_day,
        )

    def restarted(self, **other: int) -> "Core":
        """Return the next process, perhaps with other settings."""
        return Core(store=self.store, clock=self.clock, provider=self.provider, messenger=self.messenger, **other)

    async def follows(self, place: Place = ORDERS, key: ParcelKey = KEY, by: str = "UADA") -> Parcel:
        """Have a place follow a parcel and its card posted; return the parcel."""
        followed = await self.tracker.follow(NewParcel(key=key), place, by=by)
        await self.all_told()
        return followed.parcel

    async def parcel(self, key: ParcelKey = KEY, workspace: str = "T") -> Parcel:
        """Return the parcel as it is stored."""
        parcel = await self.store.parcel(workspace, key)
        assert parcel
        return parcel

    async def reported(self, status: Status, *lines: Checkpoint, key: ParcelKey = KEY, substatus: str = "") -> None:
        """Let the provider refresh a parcel and a sweep find it, then tell."""
        self.provider.has(key, status, *lines, substatus=substatus)
        await self.swept()

    async def swept(self) -> int:
        """Let five minutes pass, sweep and tell; return how many parcels changed."""
        self.clock.move(minutes=5)
        changed = await self.sweep.run_once()
        await self.all_told()
        return changed

    async def all_told(self) -> None:
        """Tell all that is due within some seconds."""
        for _ in range(5):
            await self.outbox.tell_due()
            self.clock.move(seconds=1)

    def told(self, place: Place = ORDERS) -> list[list[Event | None]]:
        """Return the events of each message in a place's threads, and of each parcel in its digests."""
        rows = [line.rows for line in self.messenger.lines(place.channel)]
        for digest in self.messenger.digests(place.channel):
            rows += [tuple(row for row in digest.rows if row.key == key) for key in {row.key for row in digest.rows}]
        return [[row.event for row in one] for one in rows]


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[object, ...]]:
    """Return what the log says, with the channel and the reason beside it."""
    return [(one.getMessage(), one.__dict__.get("channel"), one.__dict__.get("reason")) for one in caplog.records]


async def settle() -> None:
    """Let everything run that can run without time passing."""
    for _ in range(50):
        await asyncio.sleep(0)


async def delivered(core: Core, *, place: Place = ORDERS, key: ParcelKey = KEY) -> None:
    """Follow a parcel and have it delivered; the line waits to be told."""
    await core.follows(place, key)
    await delivers(core, key)


async def both_delivered(core: Core) -> None:
    """Have two parcels of one channel delivered; both lines wait to be told."""
    await core.follows(key=KEY)
    await core.follows(key=key_of(2))
    await delivers(core, KEY, key_of(2))


async def delivers(core: Core, *keys: ParcelKey) -> None:
    """Let these parcels be delivered and a sweep find it; nothing is told yet."""
    for key in keys:
        core.provider.has(key, Status.DELIVERED, DELIVERED)
    core.clock.move(minutes=5)
    await core.sweep.run_once()


async def dies_telling(core: Core) -> Core:
    """Let time pass and tell until nothing goes on; return the next process, for this one is no more."""
    for _ in range(3):
        core.clock.move(seconds=SETTLED_AFTER.total_seconds())
        await core.outbox.start_due()
        await settle()
    await core.outbox.drain(timedelta())
    return core.restarted()


async def tell_after(core: Core, wait: timedelta) -> None:
    """Let time pass and tell what is due."""
    core.clock.move(seconds=wait.total_seconds())
    await core.outbox.tell_due()


async def out_for_delivery(core: Core, count: int = 1) -> None:
    """Follow parcels that are out for delivery."""
    for number in range(count):
        core.provider.has(key_of(number), Status.PICKUP, OUT, substatus="pickup001")
        await core.follows(key=key_of(number))


def looks(core: Core) -> list[ParcelKey | None]:
    """Return the parcels looked at, in order."""
    return [key for name, key in core.provider.calls if name == "look_now"]


async def looked_for(core: Core, hours: float, every: timedelta = timedelta(minutes=5)) -> int:
    """Run look rounds for so many hours; return how many looks were made."""
    before = len(looks(core))
    for _ in range(round(timedelta(hours=hours) / every)):
        core.clock.move(seconds=every.total_seconds())
        await core.sweep.look_once()
    return len(looks(core)) - before
