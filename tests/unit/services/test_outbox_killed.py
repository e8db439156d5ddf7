"""The process dies at each step of telling in turn; the next one tells everything, and nothing twice."""

import contextlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pytest

from bot.domain.parcel import NewParcel, Parcel, Place, Subscription
from bot.domain.records import Notification
from bot.domain.status import Event, Preset, Status
from bot.ports import Record
from bot.services.telling import SETTLED_AFTER
from bot.stores.memory import MemoryTables
from bot.stores.store import RecordStore, store_on
from tests.fakes import FakeMessenger
from tests.unit.domain.journeys import DELIVERED, KEY, OUT
from tests.unit.services.core import OPS, ORDERS, Core, key_of


class Death(BaseException):
    """The process is gone: nothing of ours can catch it."""


@dataclass
class Life:
    """Ends after so many steps; nothing can be done afterwards."""

    left: int
    over: bool = False

    def step(self) -> None:
        """Live on, or die."""
        self.left -= 1
        self.over = self.over or self.left < 0
        if self.over:
            raise Death


class MortalStore(RecordStore):
    """A store whose process may die before a save and after it."""

    life = Life(left=10**9)

    async def save(self, *records: Record, remove: Iterable[Record] = (), onto: Iterable[Record] = ()) -> None:
        self.life.step()
        await super().save(*records, remove=remove, onto=onto)
        self.life.step()

    async def waiting(self, place: Place | None = None) -> Sequence[Notification]:
        if self.life.over:
            raise Death
        return await super().waiting(place)


@dataclass
class MortalMessenger(FakeMessenger):
    """A Slack to which the process may die before a call arrives and before its answer does."""

    life: Life | None = None

    def _step(self) -> None:
        if self.life:
            self.life.step()

    async def show_card(self, parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool = False) -> str:
        self._step()
        try:
            return await super().show_card(parcel, subscription, stamp=stamp, plain=plain)
        finally:
            self._step()

    async def tell(
        self, rows: Sequence[Notification], parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool
    ) -> None:
        self._step()
        try:
            await super().tell(rows, parcel, subscription, stamp=stamp, plain=plain)
        finally:
            self._step()

    async def find(self, place: Place, stamp: str, *, thread: str = "", since: datetime) -> str | None:
        self._step()
        return await super().find(place, stamp, thread=thread, since=since)


class Mortal:
    """A bot that will die while it tells; two channels follow one parcel, one of them another one too."""

    def __init__(self) -> None:
        self.tables = MemoryTables()
        self.store = MortalStore(self.tables)
        self.core = Core(store=self.store)
        self.messenger = MortalMessenger(self.core.clock)
        self.core = Core(store=self.store, clock=self.core.clock, messenger=self.messenger)

    async def has_news(self) -> None:
        """Follow with cards posted, and have changes waiting: a line and a redraw, and a parcel whose card is new."""
        await self.core.follows(ORDERS)
        await self.core.tracker.subscribe(ORDERS, by="UADA", preset=Preset.QUIET)
        await self.core.follows(OPS)
        self.core.provider.has(KEY, Status.PICKUP, OUT)
        self.core.clock.move(minutes=5)
        await self.core.sweep.run_once()
        await self.core.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UADA")
        await self.core.tracker.follow(new_of(2), OPS, by="UADA")
        self.core.provider.has(key_of(2), Status.DELIVERED, DELIVERED)
        self.core.clock.move(minutes=5)
        await self.core.sweep.run_once()

    async def dies_after(self, steps: int) -> bool:
        """Tell until the process dies or all is told; return whether it died."""
        self.store.life = self.messenger.life = life = Life(left=steps)
        with contextlib.suppress(Death):
            await self.tells_all(self.core)
        self.messenger.life = None
        return life.over

    async def lives_again(self) -> None:
        """Start the next process on what lasts, and let it tell."""
        self.core = Core(store=await store_on(self.tables), clock=self.core.clock, messenger=self.messenger)
        await self.tells_all(self.core)

    async def tells_all(self, core: Core) -> None:
        """Tell, with time passing, until nothing can be left."""
        for _ in range(6):
            await core.all_told()
            core.clock.move(seconds=SETTLED_AFTER.total_seconds())

    async def holds(self) -> None:
        """Assert that each change was told once in each place, on one card each, and that nothing is left."""
        assert sorted(_events(self.messenger, ORDERS)) == [Event.MARKED]
        assert sorted(_events(self.messenger, OPS)) == [Event.DELIVERED, Event.MARKED, Event.OUT]
        assert [card.parcel.key for card in self.messenger.cards(ORDERS.channel)] == [KEY]
        assert {card.parcel.key for card in self.messenger.cards(OPS.channel)} == {KEY, key_of(2)}
        assert len(self.messenger.cards(OPS.channel)) == 2
        assert all(card.parcel.shown_status is Status.DELIVERED for card in self.messenger.cards())
        assert await self.core.store.waiting() == []


def new_of(number: int) -> NewParcel:
    return NewParcel(key=key_of(number))


def _events(messenger: FakeMessenger, place: Place) -> list[Event]:
    return [row.event for line in messenger.lines(place.channel) for row in line.rows if row.event]


@pytest.mark.promise("R13", "R14", "R16")
async def test_whenever_the_process_dies_the_next_one_tells_everything_once() -> None:
    for steps in itertools.count():
        bot = Mortal()
        await bot.has_news()

        died = await bot.dies_after(steps)
        await bot.lives_again()

        await bot.holds()
        if not died:
            break
    assert steps > 20


async def test_whenever_two_processes_in_a_row_die_the_third_tells_everything_once() -> None:
    for first, second in itertools.product(range(0, 40, 3), range(0, 30, 4)):
        bot = Mortal()
        await bot.has_news()

        for steps in (first, second):
            await bot.dies_after(steps)
            bot.store = MortalStore(bot.tables)
            bot.core = Core(store=bot.store, clock=bot.core.clock, messenger=bot.messenger)
        await bot.lives_again()

        await bot.holds()


async def test_without_history_nothing_is_lost_whenever_the_process_dies() -> None:
    for steps in itertools.count():
        bot = Mortal()
        await bot.has_news()
        bot.messenger.history = False

        died = await bot.dies_after(steps)
        await bot.lives_again()

        assert set(_events(bot.messenger, ORDERS)) == {Event.MARKED}
        assert set(_events(bot.messenger, OPS)) == {Event.DELIVERED, Event.MARKED, Event.OUT}
        assert await bot.core.store.waiting() == []
        if not died:
            break
