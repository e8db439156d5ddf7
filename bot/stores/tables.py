"""What a store stands on: named tables of records by id, and how a record becomes a document of one."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from bot.domain.errors import StoreError
from bot.domain.parcel import ChannelSettings, Parcel, Subscription
from bot.domain.records import InboxItem, Memo, Notification
from bot.ports import Record

TABLES: Mapping[str, type[Record]] = {
    "parcels": Parcel,
    "subscriptions": Subscription,
    "channels": ChannelSettings,
    "outbox": Notification,
    "inbox": InboxItem,
    "memos": Memo,
}
_NAMES = {kind: name for name, kind in TABLES.items()}

Slot = tuple[str, str]
"""Where a record stands: the name of its table and its id."""
Changes = Mapping[Slot, Record | None]
"""What is to stand in each slot afterwards; None empties it."""


class Tables(Protocol):
    """Where a store's records lie: somewhere that survives the process, or not."""

    remark: str
    """What people should hear of how the tables were opened; empty when all was well."""

    async def load(self) -> Sequence[Record]:
        """Open the tables and return every record in them. Raises `StoreError`."""
        ...

    async def write(self, changes: Changes) -> None:
        """Make all the changes, durably.

        Raises:
            StoreError: they could not be made; none of them was.
        """
        ...

    async def close(self) -> None:
        """Let go of everything held."""
        ...


def slot_of(record: Record) -> Slot:
    """Return where this record stands."""
    return _NAMES[type(record)], record.id


def to_document(record: Record) -> dict[str, Any]:
    """Return the record in the types of JSON: enums as their values, times as ISO 8601, keys and places as lists.

    Raises:
        StoreError: the record would not come back as it went in.
    """
    kind = type(record)
    try:
        document: dict[str, Any] = msgspec.to_builtins(record, order="deterministic")
        back = msgspec.convert(document, kind)
    except (TypeError, ValueError) as error:
        raise StoreError(f"A {kind.__name__} can't be stored: {error}. Nothing was changed.") from error
    if back != record:
        raise StoreError(f"A {kind.__name__} can't be stored: it would come back different. Nothing was changed.")
    return document


def to_text(document: Mapping[str, Any]) -> bytes:
    """Return the document as JSON in UTF-8.

    Raises:
        StoreError: it holds something that JSON has no words for.
    """
    try:
        return msgspec.json.encode(document)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise StoreError(f"A document can't be written as JSON: {error}. Nothing was changed.") from error


def to_record(table: str, text: bytes) -> Record:
    """Return the record that a document's JSON holds. Raises `ValueError`."""
    return msgspec.json.decode(text, type=TABLES[table])
