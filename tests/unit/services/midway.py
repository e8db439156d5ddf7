"""Fakes that let something happen in the middle of a call, once: people and rounds act when it suits them."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from bot.domain.errors import StoreError
from bot.domain.parcel import Parcel, ParcelKey, Subscription
from bot.domain.status import Status
from bot.ports import Record
from bot.stores.memory import MemoryTables
from bot.stores.store import RecordStore
from tests.fakes import FakeMessenger, FakeProvider

Happening = Callable[[], Awaitable[object]]


@dataclass
class BusyProvider(FakeProvider):
    """A provider with which something happens between its doing what was asked and its answer."""

    midway: dict[str, Happening] = field(default_factory=dict)

    async def _happens(self, name: str) -> None:
        if happening := self.midway.pop(name, None):
            await happening()

    async def mark(self, key: ParcelKey, status: Status | None) -> None:
        await super().mark(key, status)
        await self._happens("mark")

    async def archive(self, key: ParcelKey, *, archived: bool) -> None:
        await super().archive(key, archived=archived)
        await self._happens("archive")


@dataclass
class BusyMessenger(FakeMessenger):
    """A Slack with which something happens between a card's being there and the answer."""

    midway: Happening | None = None

    async def show_card(self, parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool = False) -> str:
        card = await super().show_card(parcel, subscription, stamp=stamp, plain=plain)
        if happening := self.midway:
            self.midway = None
            await happening()
        return card


class NotingStore(RecordStore):
    """A store that notes what was saved together, and may be full."""

    def __init__(self) -> None:
        super().__init__(MemoryTables())
        self.saves: list[tuple[Record, ...]] = []
        self.full = False

    async def save(self, *records: Record, remove: Iterable[Record] = (), onto: Iterable[Record] = ()) -> None:
        if self.full:
            raise StoreError("No space is left. This change was not made.")
        await super().save(*records, remove=remove, onto=onto)
        self.saves.append(records)
