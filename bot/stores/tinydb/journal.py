"""The journal: what was changed since a snapshot, one record after another in a file of lines.

A record is `length crc32 [[table, number, document], …]` and a line's end; all that is saved together is one record, so
a power cut leaves it whole or torn. The first record names the generation. The file is made longer in big steps of
zeros, since writing into a file takes half the time of making it longer; zeros where a record would begin are the end.
"""

import os
import re
from collections.abc import Iterator, Sequence
from zlib import crc32

import msgspec

from bot.stores.tables import Row
from bot.stores.tinydb.files import Files

STEP = 1 << 20
_HEAD = 18
_LIKE_A_HEAD = re.compile(rb"[0-9a-f]{8} [0-9a-f]{8} [\[{]")
_ROWS = msgspec.json.Decoder(list[tuple[str, int, msgspec.Raw]])


class Damaged(ValueError):
    """A file is not as it was written; says where."""


class Journal:
    """A file that records are added to, from where the last whole one ends."""

    def __init__(self, files: Files, handle: int, generation: int, end: int = 0) -> None:
        self._files = files
        self._handle = handle
        self.generation = generation
        self.end = end
        self.failed = False
        """Whether the disk failed us: nobody knows what is in the file beyond the end, and it is not to be used."""
        self._size = os.fstat(handle).st_size
        if not end:
            self.append(head(generation))

    def append(self, body: bytes) -> None:
        """Add a record, durably. Raises `OSError`: it was not added."""
        record = _framed(body)
        try:
            self._make_room(self.end + len(record))
            self._files.write(self._handle, record, self.end)
        except OSError:
            self.cut()
            raise
        try:
            self._files.sync_content(self._handle)
        except OSError:
            self.failed = True  # the system may have thrown away what it could not write: asking again proves nothing
            self.cut()
            raise
        self.end += len(record)
        self._size = max(self._size, self.end)

    def cut(self) -> None:
        """Take away what is behind the last whole record."""
        try:
            self._files.cut(self._handle, self.end)
        except OSError:
            self.failed = True
        else:
            self._size = self.end

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._handle)

    def _make_room(self, size: int) -> None:
        if size <= self._size:
            return
        step = max(STEP, size - self._size)
        try:
            self._files.write(self._handle, bytes(step), self._size)
        except OSError:
            self.cut()  # no room for a big step may still be room for the record
        else:
            self._size += step


def head(generation: int) -> bytes:
    """Return what the first record holds."""
    return b'{"generation":%d}' % generation


def next_after(generation: int) -> bytes:
    """Return what the last record holds when a journal is followed by another."""
    return b'{"next":%d}' % (generation + 1)


def is_part_of(rest: bytes, body: bytes) -> bool:
    """Return whether a torn record may be what there is of this one."""
    record = _framed(body)
    return len(rest) <= len(record) and all(one in {0, two} for one, two in zip(rest, record, strict=False))


def empty(generation: int) -> bytes:
    """Return a journal in which nothing was changed, but for the zeros at its end."""
    return _framed(head(generation))


def pack_rows(rows: Sequence[Row]) -> bytes:
    """Return what a record holds."""
    return b"[%b]" % b",".join(
        b'["%b",%d,%b]' % (table.encode(), number, text or b"null") for table, number, text in rows
    )


def unpack_rows(body: bytes) -> Iterator[Row]:
    """Yield the rows in a record. Raises `ValueError`."""
    for table, number, text in _ROWS.decode(body):
        row = bytes(text)
        yield table, number, None if row == b"null" else row


def read_records(content: bytes) -> tuple[list[bytes], int, bytes]:
    """Return the records in a journal, where the last one ends, and what there is of a torn one after it.

    Raises:
        Damaged: a record that was whole once no longer is.
    """
    bodies: list[bytes] = []
    end = 0
    while (body := _record(content, end)) is not None:
        bodies.append(body)
        end += _HEAD + len(body) + 1
    rest = content[end:].rstrip(b"\0")
    if not rest:
        return bodies, end, b""
    if any(_record(rest, like.start()) is not None for like in _LIKE_A_HEAD.finditer(rest)):
        raise Damaged(f"the record at byte {end} is damaged, and whole ones follow it")
    if b"\0" not in rest and (rest.endswith(b"\n") or len(rest) > _HEAD + _length(rest, 0)):
        raise Damaged(f"the last record, at byte {end}, is damaged")  # a torn one lacks its end, or a part is zeros
    return bodies, end, rest


def _framed(body: bytes) -> bytes:
    return b"%08x %08x %b\n" % (len(body), crc32(body), body)


def _record(content: bytes, at: int) -> bytes | None:
    """Return what the record holds that begins here; None when no whole one does."""
    length = _length(content, at)
    body = content[at + _HEAD : at + _HEAD + length]
    head = b"%08x %08x " % (length, crc32(body))
    whole = content[at : at + _HEAD] == head and content[at + _HEAD + length : at + _HEAD + length + 1] == b"\n"
    return body if whole else None


def _length(content: bytes, at: int) -> int:
    try:
        return abs(int(content[at : at + 8], 16))
    except ValueError:
        return len(content)
