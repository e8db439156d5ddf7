"""What a store stands on: named tables of documents by number, and how a record becomes a document of one."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

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
LINES = "checkpoints"
"""The table of what is older than a parcel's newest checkpoint, packed, under the number of the parcel."""

Rows = dict[str, dict[int, bytes]]
"""Tables: the JSON of every document by its number."""
Row = tuple[str, int, bytes | None]
"""What is to stand in a table under a number; None when nothing is."""
Pending = Mapping[tuple[str, int], bytes | None]
"""Rows that are to be written together, by table and number."""

_encode = msgspec.json.Encoder(order="deterministic").encode
_DECODERS: Mapping[Any, msgspec.json.Decoder[Any]] = {kind: msgspec.json.Decoder(kind) for kind in TABLES.values()}
R = TypeVar("R", bound=Record)

_NAMES = {kind: name for name, kind in TABLES.items()}


class Tables(Protocol):
    """Where a store's documents lie: somewhere that survives the process, or not."""

    remark: str
    """What people should hear of how the tables were opened; empty when all was well."""

    @property
    def rows(self) -> Rows:
        """Return every document; `write` changes them, once it is sure of them."""
        ...

    @property
    def grown(self) -> bool:
        """Return whether it is time to write all anew."""
        ...

    @property
    def changed(self) -> bool:
        """Return whether anything was changed since all was written anew."""
        ...

    async def write(self, rows: Sequence[Row]) -> None:
        """Make all the changes, durably.

        Raises:
            StoreError: they could not be made; none of them was.
        """
        ...

    async def compact(self, turn: AbstractAsyncContextManager[object], *, drop_previous: bool) -> None:
        """Write all anew, leaving nothing older when asked to; nothing is written in our turn. Raises `StoreError`."""
        ...

    async def close(self) -> None:
        """Let go of everything held."""
        ...


def table_of(record: Record) -> str:
    """Return the name of the table this record belongs to."""
    return _NAMES[type(record)]


def pack(record: Record) -> bytes:
    """Return the record as JSON in UTF-8: enums as their values, times as ISO 8601, keys and places as lists.

    Raises:
        StoreError: the record would not come back as it went in.
    """
    kind = type(record)
    try:
        text = _encode(record)
        back = _DECODERS[kind].decode(text)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise StoreError(f"A {kind.__name__} can't be stored: {error}. Nothing was changed.") from error
    if back != record:
        raise StoreError(f"A {kind.__name__} can't be stored: it would come back different. Nothing was changed.")
    return text


def unpack(kind: type[R], text: bytes) -> R:
    """Return the record that a document's JSON holds. Raises `ValueError`."""
    record: R = _DECODERS[kind].decode(text)
    return record
