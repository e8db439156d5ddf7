"""The store: every record in memory, where it is read; written through to its tables, where it lasts.

Saves that wait at the same time are written together, since writing is what takes long. Each is still decided on its
own, in order, on what those before it leave behind.

Over 300 lines: it is the whole port `Store`, most of its methods one line.
"""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter
from typing import Any, Protocol

from bot.domain.errors import RevisionMoved, StoreError
from bot.domain.parcel import ChannelSettings, Parcel, ParcelKey, Place, Seen, Subscription
from bot.domain.records import InboxItem, Memo, Notification, Progress
from bot.ports import Record
from bot.stores.parcels import ParcelShelf
from bot.stores.shelf import Shelf
from bot.stores.subscriptions import SubscriptionShelf
from bot.stores.tables import TABLES, Pending, Row, Rows, Tables, table_of

LAST_SERIAL = "last serial"
"""The memo that remembers the last number given in a workspace."""
SLICE = 200
"""After so many records at once others get their turn in the event loop."""

logger = logging.getLogger(__name__)

Slot = tuple[str, Any]
"""Where a record stands: the name of its table, and what it is found by there."""
Changes = Mapping[Slot, Record | None]
"""What is to stand in each slot afterwards; None empties it."""
_Look = Callable[[Slot], Record | None]
_Decide = Callable[[_Look], Awaitable[Changes]]


class _Shelf(Protocol):
    """Records of one kind in memory, each found by a name."""

    def load(self, rows: Rows, /) -> None: ...

    def name(self, record: Any, /) -> Hashable: ...  # noqa: ANN401 - each kind has its own

    def number(self, name: Any, /) -> int | None: ...  # noqa: ANN401 - the same

    def all(self) -> list[Any]: ...

    def get(self, name: Any, /) -> Any: ...  # noqa: ANN401 - the same

    def rows(self, number: int, record: Any, pending: Pending, /) -> list[Row]: ...  # noqa: ANN401 - the same

    def put(self, number: int, name: Any, record: Any, /) -> None: ...  # noqa: ANN401 - the same


_OLDEST_FIRST = attrgetter("created_at", "revision")


@dataclass(slots=True, eq=False)
class _Wish:
    """What one caller wants changed: decided when its turn comes, on what is stored then."""

    decide: _Decide
    done: asyncio.Future[None]
    changes: Changes = field(default_factory=dict)
    refused: Exception | None = None


async def store_on(tables: Tables) -> "RecordStore":
    """Return a store with what the tables hold.

    Raises:
        StoreError: a document can't be read; what is in the tables was kept.
    """
    try:
        return await asyncio.to_thread(RecordStore, tables)
    except StoreError:
        await tables.close()
        raise


class RecordStore:
    """Remembers records in tables. Implements the port `Store`.

    Raises:
        StoreError: a document can't be read.
    """

    def __init__(self, tables: Tables) -> None:
        self.remark = tables.remark
        self.trouble = ""
        """Why the last change was not made; empty when changes are taken."""
        self._tables = tables
        self._wishes: list[_Wish] = []
        self._writing = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None
        self._compacting: asyncio.Task[None] | None = None
        self._closed = False
        self._parcels = ParcelShelf(tables.rows)
        self._subscriptions = SubscriptionShelf(tables.rows)
        self._channels = Shelf(ChannelSettings)
        self._outbox = Shelf(
            Notification,
            waits_at=lambda row: None if row.progress is Progress.SET_ASIDE else row.place,
            set_aside=lambda row: row.progress is Progress.SET_ASIDE or None,
        )
        self._inbox = Shelf(InboxItem, done=lambda item: item.done_at is not None)
        self._memos = Shelf(Memo)
        self._shelves: dict[str, _Shelf] = {
            "parcels": self._parcels,
            "subscriptions": self._subscriptions,
            "channels": self._channels,
            "outbox": self._outbox,
            "inbox": self._inbox,
            "memos": self._memos,
        }
        for name, shelf in self._shelves.items():
            try:
                shelf.load(tables.rows)
            except ValueError as error:
                number, why = error.args
                raise StoreError(
                    f"Document {number} of table {name} can't be read: {why}. Nothing was changed. "
                    f"Mend it in waybill.json, or put a backup back with `waybill store restore`."
                ) from error
        self._unused = {name: itertools.count(1 + max(tables.rows.get(name, ()), default=0)) for name in TABLES}

    async def save(
        self,
        *records: Record,
        remove: Iterable[Record] = (),
        onto: Iterable[Record] = (),
    ) -> None:
        """Save the records and remove the others, all or nothing, durably. One that is in both stays.

        Raises:
            RevisionMoved: a record in `onto` is no longer stored as it was read.
            StoreError: it could not be written; nothing was changed.
        """
        changes: dict[Slot, Record | None] = {self._slot_of(record): None for record in remove}
        changes |= {self._slot_of(record): record for record in records}
        expected = {self._slot_of(record): record for record in onto}

        async def decide(look: _Look) -> Changes:
            for at, (slot, record) in enumerate(expected.items(), 1):
                if at % SLICE == 0:
                    await asyncio.sleep(0)
                if not _is_as_read(look(slot), record):
                    raise RevisionMoved(f"{record.id} was changed in the meantime. This change was not made.")
            return changes

        await self._commit(decide)

    async def add(self, item: InboxItem) -> bool:
        """Save the item unless the same delivery is there already; return whether it was new. Raises `StoreError`."""
        slot = self._slot_of(item)

        async def decide(look: _Look) -> Changes:
            return {} if look(slot) else {slot: item}

        return bool(await self._commit(decide))

    async def next_serial(self, workspace: str) -> int:
        """Return a number never given before in this workspace. Raises `StoreError`."""
        given = 0

        async def decide(look: _Look) -> Changes:
            nonlocal given
            counter = Memo(workspace=workspace, name=LAST_SERIAL, value="0")
            slot = self._slot_of(counter)
            stored = look(slot)
            given = 1 + int(stored.value if isinstance(stored, Memo) else counter.value)
            return {slot: replace(counter, value=str(given))}

        await self._commit(decide)
        return given

    async def parcel(self, workspace: str, key: ParcelKey) -> Parcel | None:
        """Return the parcel, if it is known."""
        return self._parcels.get((workspace, key))

    async def parcels(self, workspace: str | None = None) -> Sequence[Parcel]:
        """Return all parcels, or those of one workspace."""
        found = []
        for at, name in enumerate(self._parcels.names(workspace), 1):
            if at % SLICE == 0:
                await asyncio.sleep(0)
            if parcel := self._parcels.get(name):
                found.append(parcel)
        return found

    async def parcels_of(self, key: ParcelKey) -> Sequence[Parcel]:
        """Return the parcel in every workspace that knows it."""
        return [one for workspace in self._parcels.workspaces(key) if (one := self._parcels.get((workspace, key)))]

    async def parcel_count(self) -> int:
        """Return how many parcels are known."""
        return self._parcels.count()

    async def unread(self) -> Sequence[Parcel]:
        """Return the parcels that an act left to be read again."""
        return [one for name in self._parcels.unread() if (one := self._parcels.get(name))]

    async def silent(self, before: datetime, limit: int) -> Sequence[Parcel]:
        """Return followed parcels that are out, or were last refreshed before this time; the longest unlooked first.

        Left out are those that no look would move: removed, final, or missing at the provider.
        """
        found: list[Parcel] = []
        for at, (workspace, key) in enumerate(self._parcels.silent(before), 1):
            if len(found) == limit:
                break
            if at % SLICE == 0:
                await asyncio.sleep(0)
            followed = any(one.active for one in self._subscriptions.followers(workspace, key))
            if followed and (parcel := self._parcels.get((workspace, key))):
                found.append(parcel)
        return found

    async def unlike(self, seen: Mapping[ParcelKey, Seen]) -> Sequence[ParcelKey]:
        """Return the keys of parcels we know and read from an entry with another fingerprint.

        Of the others the time of the refresh is remembered; it is on disk only after the parcel's next save, or when
        all is written anew.
        """
        return self._parcels.unlike(seen)

    async def subscription(self, place: Place, key: ParcelKey) -> Subscription | None:
        """Return this place's subscription, archived or not."""
        return self._subscriptions.get((place, key))

    async def subscriptions(self, place: Place) -> Sequence[Subscription]:
        """Return all subscriptions of a place, oldest first, archived ones included."""
        return sorted(self._subscriptions.of(place), key=lambda one: (one.added_at, one.id))

    async def followers(self, workspace: str, key: ParcelKey) -> Sequence[Subscription]:
        """Return every subscription of a parcel, archived ones included."""
        return self._subscriptions.followers(workspace, key)

    async def settings(self, place: Place) -> ChannelSettings:
        """Return the place's settings; the defaults when it never set any."""
        return self._channels.get(f"{place.workspace}/{place.channel}") or ChannelSettings(place=place)

    async def waiting(self, place: Place | None = None) -> Sequence[Notification]:
        """Return the rows of one place, or of all, that are not yet told nor set aside, oldest first."""
        places = await self.waiting_places() if place is None else [place]
        rows = [row for one in places for row in self._outbox.where("waits_at", one)]
        return sorted(rows, key=_OLDEST_FIRST)

    async def waiting_places(self) -> Sequence[Place]:
        """Return the places that have such rows."""
        return [place for place in self._outbox.values("waits_at") if isinstance(place, Place)]

    async def set_aside(self) -> Sequence[Notification]:
        """Return the rows that were set aside, oldest first."""
        return sorted(self._outbox.where("set_aside", value=True), key=lambda row: (row.created_at, row.id))

    async def open_items(self) -> Sequence[InboxItem]:
        """Return the inbox items not yet done, oldest first."""
        return sorted(self._inbox.where("done", value=False), key=lambda item: (item.received_at, item.id))

    async def done_items(self) -> Sequence[InboxItem]:
        """Return the inbox items done and kept to know a second delivery by."""
        return self._inbox.where("done", value=True)

    async def everything(self) -> Sequence[Record]:
        """Return every record there is."""
        return [record for shelf in self._shelves.values() for record in shelf.all()]

    async def memo(self, workspace: str, name: str) -> str | None:
        """Return the value remembered under a name."""
        memo = self._memos.get(f"{workspace}/{name}")
        return memo.value if memo else None

    async def compact(self, *, drop_previous: bool = False) -> None:
        """Write all anew; with `drop_previous`, nothing of what was removed is left on the disk.

        Raises:
            StoreError: it could not be written; what is there still is all that was ever saved.
        """
        for _ in self._parcels.remember():
            await asyncio.sleep(0)
        await self._tables.compact(self._writing, drop_previous=drop_previous)

    async def close(self) -> None:
        """Finish what is being written, write all anew, so that the snapshot alone is the store, and let go of it."""
        self._closed = True
        for task in (self._writer, self._compacting):
            if task:
                await asyncio.wait([task])
        if self._tables.changed:
            await self._compact_beside()
        await self._tables.close()

    async def _commit(self, decide: _Decide) -> Changes:
        """Return the changes that were decided on and made. A caller who goes away does not stop them."""
        if self._closed:
            raise StoreError("The store is closed. Nothing was changed.")
        wish = _Wish(decide, asyncio.get_running_loop().create_future())
        self._wishes.append(wish)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_wishes())
        await wish.done
        return wish.changes

    async def _write_wishes(self) -> None:
        """Write all that waits, together, until nothing does."""
        while self._wishes:
            async with self._writing:
                wishes, self._wishes = self._wishes, []
                try:
                    await self._write(wishes)
                except StoreError as error:
                    _refuse(wishes, error)
                    if not self.trouble:
                        logger.warning("the store takes no changes", extra={"why": str(error)})
                    self.trouble = str(error)
                except Exception as error:  # noqa: BLE001 - whoever waits for it raises it
                    _refuse(wishes, error)
                else:
                    if self.trouble:
                        logger.info("the store takes changes again")
                    self.trouble = ""
            for wish in wishes:
                if not wish.done.done():  # a caller may have gone away
                    wish.done.set_exception(wish.refused) if wish.refused else wish.done.set_result(None)
            if self._tables.grown and (self._compacting is None or self._compacting.done()):
                self._compacting = asyncio.create_task(self._compact_beside())
        self._writer = None

    async def _write(self, wishes: Sequence[_Wish]) -> None:
        """Decide each wish on what those before it leave behind, then write all in one go."""
        together: dict[Slot, tuple[int, Record | None]] = {}
        rows: dict[tuple[str, int], bytes | None] = {}

        def look(slot: Slot) -> Record | None:
            table, name = slot
            return together[slot][1] if slot in together else self._shelves[table].get(name)

        for wish in wishes:
            try:
                wish.changes = await wish.decide(look)
                numbers, packed = await self._pack(wish.changes, together, rows)
            except StoreError as refused:
                wish.refused = refused
            else:
                together |= {slot: (numbers[slot], record) for slot, record in wish.changes.items()}
                rows |= packed
        if together:
            await self._tables.write([(table, number, text) for (table, number), text in rows.items()])
            # In one go: documents and what stands beside them must never tell two stories.
            for (table, name), (number, record) in together.items():
                self._shelves[table].put(number, name, record)

    async def _pack(
        self, changes: Changes, together: Mapping[Slot, tuple[int, Record | None]], pending: Pending
    ) -> tuple[dict[Slot, int], dict[tuple[str, int], bytes | None]]:
        """Return the number of each changed record's document, and the documents to be written."""
        numbers: dict[Slot, int] = {}
        packed: dict[tuple[str, int], bytes | None] = {}
        for at, (slot, record) in enumerate(changes.items(), 1):
            if at % SLICE == 0:
                await asyncio.sleep(0)
            table, name = slot
            shelf = self._shelves[table]
            number = together[slot][0] if slot in together else shelf.number(name)
            numbers[slot] = next(self._unused[table]) if number is None else number
            packed |= {(one, at): text for one, at, text in shelf.rows(numbers[slot], record, pending)}
        return numbers, packed

    async def _compact_beside(self) -> None:
        try:
            await self.compact()
        except StoreError as error:
            logger.warning("the store could not be written anew; its journal goes on", extra={"why": str(error)})

    def _slot_of(self, record: Record) -> Slot:
        table = table_of(record)
        return table, self._shelves[table].name(record)


def _refuse(wishes: Iterable[_Wish], why: Exception) -> None:
    for wish in wishes:
        wish.refused = wish.refused or why


def _is_as_read(stored: Record | None, read: Record) -> bool:
    """Return whether a record still stands as it was read; when the provider last refreshed it does not matter."""
    if stored is read or stored == read:
        return True
    if isinstance(read, ChannelSettings):
        return stored is None and read == ChannelSettings(place=read.place)
    return (
        isinstance(stored, Parcel)
        and isinstance(read, Parcel)
        and stored == replace(read, updated_at=stored.updated_at)
    )
