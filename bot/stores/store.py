"""The store: every record in memory, where it is read; written through to its tables, where it lasts.

Saves that wait at the same time are written together, since writing is what takes long. Each is still decided on its
own, in order, on what those before it leave behind.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.domain.errors import RevisionMoved, StoreError
from bot.domain.parcel import ChannelSettings, Parcel, ParcelKey, Place, Subscription
from bot.domain.records import InboxItem, Memo, Notification, Progress
from bot.ports import Record
from bot.stores.shelf import Shelf
from bot.stores.tables import Changes, Slot, Tables, slot_of

LAST_SERIAL = "last serial"
"""The memo that remembers the last number given in a workspace."""
SERIALS_LEFT_OUT = 1000
"""How far numbering jumps after records were lost: a number people have seen must not name another parcel."""

_Look = Callable[[Slot], Record | None]


@dataclass(slots=True, eq=False)
class _Wish:
    """What one caller wants changed: decided when its turn comes, on what is stored then."""

    decide: Callable[[_Look], Changes]
    changes: Changes = field(default_factory=dict)
    refused: StoreError | None = None


async def store_on(tables: Tables) -> "RecordStore":
    """Return a store with what the tables hold.

    Raises:
        StoreError: the tables can't be opened; what is in them was kept.
    """
    try:
        records = await tables.load()
        store = RecordStore(tables, records)
        if store.remark:
            counters = [one for one in records if isinstance(one, Memo) and one.name == LAST_SERIAL]
            await store.save(*(replace(one, value=str(int(one.value) + SERIALS_LEFT_OUT)) for one in counters))
    except StoreError:
        await tables.close()
        raise
    return store


class RecordStore:
    """Remembers records in tables. Implements the port `Store`."""

    def __init__(self, tables: Tables, records: Iterable[Record] = ()) -> None:
        self.remark = tables.remark
        self._tables = tables
        self._wishes: list[_Wish] = []
        self._writing = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None
        self._closed = False
        self._parcels = Shelf[Parcel](
            workspace=lambda parcel: parcel.workspace,
            key=lambda parcel: parcel.key,
            name=lambda parcel: (parcel.workspace, parcel.key),
        )
        self._subscriptions = Shelf[Subscription](
            place=lambda subscription: subscription.place,
            parcel=lambda subscription: (subscription.place.workspace, subscription.key),
            name=lambda subscription: (subscription.place, subscription.key),
        )
        self._channels = Shelf[ChannelSettings](place=lambda settings: settings.place)
        self._outbox = Shelf[Notification](waits=lambda row: row.progress is not Progress.SET_ASIDE)
        self._inbox = Shelf[InboxItem](done=lambda item: item.done_at is not None)
        self._memos = Shelf[Memo](name=lambda memo: (memo.workspace, memo.name))
        self._shelves: dict[str, Shelf[Any]] = {
            "parcels": self._parcels,
            "subscriptions": self._subscriptions,
            "channels": self._channels,
            "outbox": self._outbox,
            "inbox": self._inbox,
            "memos": self._memos,
        }
        self._apply({slot_of(record): record for record in records})

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
        changes: dict[Slot, Record | None] = {slot_of(record): None for record in remove}
        changes |= {slot_of(record): record for record in records}
        expected = {slot_of(record): record for record in onto}

        def decide(look: _Look) -> Changes:
            for slot, record in expected.items():
                stored = look(slot) or (
                    ChannelSettings(place=record.place) if isinstance(record, ChannelSettings) else None
                )
                if stored is not record and stored != record:
                    raise RevisionMoved(f"{record.id} was changed in the meantime. This change was not made.")
            return changes

        await self._commit(decide)

    async def add(self, item: InboxItem) -> bool:
        """Save the item unless the same delivery is there already; return whether it was new. Raises `StoreError`."""
        slot = slot_of(item)
        return bool(await self._commit(lambda look: {} if look(slot) else {slot: item}))

    async def next_serial(self, workspace: str) -> int:
        """Return a number never given before in this workspace. Raises `StoreError`."""
        given = 0

        def decide(look: _Look) -> Changes:
            nonlocal given
            counter = Memo(workspace=workspace, name=LAST_SERIAL, value="0")
            stored = look(slot_of(counter))
            given = 1 + int(stored.value if isinstance(stored, Memo) else counter.value)
            return {slot_of(counter): replace(counter, value=str(given))}

        await self._commit(decide)
        return given

    async def parcel(self, workspace: str, key: ParcelKey) -> Parcel | None:
        """Return the parcel, if it is known."""
        return self._parcels.one("name", (workspace, key))

    async def parcels(self, workspace: str | None = None) -> Sequence[Parcel]:
        """Return all parcels, or those of one workspace."""
        return self._parcels.all() if workspace is None else self._parcels.where("workspace", workspace)

    async def parcels_of(self, key: ParcelKey) -> Sequence[Parcel]:
        """Return the parcel in every workspace that knows it."""
        return self._parcels.where("key", key)

    async def subscription(self, place: Place, key: ParcelKey) -> Subscription | None:
        """Return this place's subscription, archived or not."""
        return self._subscriptions.one("name", (place, key))

    async def subscriptions(self, place: Place) -> Sequence[Subscription]:
        """Return all subscriptions of a place, oldest first, archived ones included."""
        return sorted(self._subscriptions.where("place", place), key=lambda one: (one.added_at, one.id))

    async def followers(self, workspace: str, key: ParcelKey) -> Sequence[Subscription]:
        """Return every subscription of a parcel, archived ones included."""
        return self._subscriptions.where("parcel", (workspace, key))

    async def settings(self, place: Place) -> ChannelSettings:
        """Return the place's settings; the defaults when it never set any."""
        return self._channels.one("place", place) or ChannelSettings(place=place)

    async def waiting(self) -> Sequence[Notification]:
        """Return all rows that are not yet told nor set aside, oldest first."""
        return sorted(self._outbox.where("waits", value=True), key=lambda row: (row.created_at, row.id))

    async def open_items(self) -> Sequence[InboxItem]:
        """Return the inbox items not yet done, oldest first."""
        return sorted(self._inbox.where("done", value=False), key=lambda item: (item.received_at, item.id))

    async def done_items(self) -> Sequence[InboxItem]:
        """Return the inbox items done and kept to know a second delivery by."""
        return self._inbox.where("done", value=True)

    async def memo(self, workspace: str, name: str) -> str | None:
        """Return the value remembered under a name."""
        memo = self._memos.one("name", (workspace, name))
        return memo.value if memo else None

    async def close(self) -> None:
        """Finish what is being written, then let go of the tables."""
        self._closed = True
        if self._writer:
            await asyncio.wait([self._writer])
        await self._tables.close()

    async def _commit(self, decide: Callable[[_Look], Changes]) -> Changes:
        """Return the changes that were decided on and made. A caller who goes away does not stop them."""
        if self._closed:
            raise StoreError("The store is closed. Nothing was changed.")
        wish = _Wish(decide)
        self._wishes.append(wish)
        if len(self._wishes) == 1 or self._writer is None:
            self._writer = asyncio.create_task(self._write_wishes())
        await asyncio.shield(self._writer)
        if wish.refused:
            raise wish.refused
        return wish.changes

    async def _write_wishes(self) -> None:
        """Write all that waits when the write before is done."""
        async with self._writing:
            wishes, self._wishes = self._wishes, []
            try:
                await self._write(wishes)
            except StoreError as error:
                if len(wishes) == 1:
                    wishes[0].refused = error
                    return
                for wish in wishes:  # one of them may be to blame: it must not spoil the others
                    await self._write_alone(wish)

    async def _write_alone(self, wish: _Wish) -> None:
        try:
            await self._write([wish])
        except StoreError as error:
            wish.refused = error

    async def _write(self, wishes: Sequence[_Wish]) -> None:
        """Decide each wish on what those before it leave behind, then write all in one go."""
        together: dict[Slot, Record | None] = {}

        def look(slot: Slot) -> Record | None:
            table, name = slot
            return together[slot] if slot in together else self._shelves[table].get(name)

        for wish in wishes:
            try:
                wish.changes = wish.decide(look)
            except RevisionMoved as moved:
                wish.refused = moved
            else:
                wish.refused = None
                together |= wish.changes
        if together:
            await self._tables.write(together)
            self._apply(together)

    def _apply(self, changes: Changes) -> None:
        for (table, name), record in changes.items():
            self._shelves[table].put(name, record)
