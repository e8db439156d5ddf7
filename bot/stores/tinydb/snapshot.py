"""The snapshot: every document in one readable file that any TinyDB program opens, a document a line.

`_meta` says which format and generation it is, and ends with a checksum of all before it. Who changes the file with
another program writes it in another form, or takes the checksum out: then it is taken as it stands.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol
from zlib import crc32

import msgspec

from bot.domain.errors import StoreError
from bot.stores.tables import Rows
from bot.stores.tinydb.journal import Damaged

FORMAT = 2
META = "_meta"
_END = b'"check":"%08x"}}\n}\n'
_SLICE = 1 << 17

Seal = Callable[[str, bytes], bytes]
"""What a document of a table looks like on the disk."""


class Sealer(Protocol):
    """Makes the personal fields of a document unreadable, and readable again. Both may raise `StoreError`."""

    def seal(self, table: str, document: dict[str, Any]) -> dict[str, Any]:
        """Return the document as it goes to the disk."""
        ...

    def unseal(self, table: str, document: dict[str, Any]) -> dict[str, Any]:
        """Return the document as it was before it was sealed."""
        ...


@dataclass(slots=True)
class Snapshot:
    """Every document, and the generation: 0 in a file of the first format, which had none."""

    tables: Rows = field(default_factory=dict)
    generation: int = 0
    sealed: bool = False


def pack(tables: Rows, generation: int, *, sealed: bool = False, seal: Seal | None = None) -> Iterator[bytes]:
    """Yield the file in pieces, so small that nobody has to wait for one."""
    check = 0
    for piece in _sliced(_lines(tables, seal)):
        check = crc32(piece, check)
        yield piece
    meta = {"version": FORMAT, "generation": generation} | ({"sealed": True} if sealed else {})
    piece = b'"%b":{\n"1":%b,' % (META.encode(), msgspec.json.encode(meta)[:-1])
    yield piece + _END % crc32(piece, check)


def unpack(content: bytes, name: str) -> Snapshot:
    """Return what the file holds.

    Raises:
        Damaged: the content is not whole.
        StoreError: a newer Waybill wrote it.
    """
    length = len(_END % 0)
    before, end = content[:-length], content[-length:]
    if end.startswith(b'"check":"') and end != _END % crc32(before):
        raise Damaged('it is not what was written; whoever changed it on purpose takes "check" out of its last line')
    try:
        content.decode()  # what is inside the rows is read later
        found = msgspec.json.decode(content, type=dict[str, dict[str, msgspec.Raw]])
        meta = msgspec.json.decode(found.pop(META, {}).get("1", b"{}"), type=dict[str, Any])
        version, generation = meta.get("version"), meta.get("generation", 0)
        if not isinstance(version, int) or not isinstance(generation, int) or version < 1:
            raise Damaged(f"no version in {META}")
        if version > FORMAT:
            raise StoreError(
                f"{name} was written by a newer Waybill (format {version}, this one reads {FORMAT}). "
                f"Nothing was changed. Start that Waybill again."
            )
        tables = {name: {_number(key): bytes(row) for key, row in rows.items()} for name, rows in found.items()}
    except (ValueError, RecursionError) as error:
        raise Damaged(str(error)) from error
    for table, rows in tables.items():
        if any(not row.startswith(b"{") for row in rows.values()):
            raise Damaged(f"a row of {table} is no document")
    return Snapshot(tables, generation, bool(meta.get("sealed")))


def _number(key: str) -> int:
    if not key.isdecimal():
        raise Damaged(f"{key!r} is no number of a document")
    return int(key)


def _lines(tables: Rows, seal: Seal | None) -> Iterator[bytes]:
    yield b"{\n"
    for name, rows in tables.items():
        yield msgspec.json.encode(name) + b":{"
        comma = b""
        for number, row in rows.items():
            yield b'%b\n"%d":%b' % (comma, number, seal(name, row) if seal else row)
            comma = b","
        yield b"},\n"


def _sliced(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size > _SLICE:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)
