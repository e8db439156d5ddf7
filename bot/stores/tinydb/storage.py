"""A TinyDB storage in one file that is replaced whole, with the generation of the last start kept beside it.

TinyDB's own storage writes over the file in place and takes an empty file for a new store: a kill at the wrong moment
costs everything.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from tinydb import Storage

from bot.domain.errors import StoreError
from bot.stores.tables import to_text
from bot.stores.tinydb.folder import Folder

MAIN = "waybill.json"
PREVIOUS = "waybill.previous.json"
FORMAT = 1
META = "_meta"

logger = logging.getLogger(__name__)


_Tables = dict[str, dict[str, bytes]]
"""Documents by table and number, each kept as the JSON it is stored as, so that a save packs only what it changes."""


class FileStorage(Storage):
    """Keeps TinyDB's tables in `waybill.json` in a folder of its own.

    Raises:
        StoreError: the folder or file can't be used, another process holds it, or there is no whole generation left.
    """

    def __init__(self, folder: Path) -> None:
        self.remark = ""
        self._changing: dict[str, dict[str, Any]] | None = None
        self._folder = Folder(folder)
        try:
            self._tables = self._open()
        except BaseException:
            self._folder.close()
            raise

    @property
    def path(self) -> Path:
        """Return where the file is."""
        return self._folder.path / MAIN

    @property
    def packed(self) -> Mapping[str, Mapping[str, bytes]]:
        """Return the JSON of every document, by table and number."""
        return self._tables

    def read(self) -> dict[str, dict[str, Any]]:
        """Return the tables: each a dict of documents by number. In a batch the documents stay packed."""
        if self._changing is not None:
            return dict(self._changing)
        return {
            name: {key: msgspec.json.decode(text) for key, text in rows.items()} for name, rows in self._tables.items()
        }

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Store the tables at once, or with the rest of the batch. Raises `StoreError`."""
        if self._changing is None:
            self._replace(data)
        else:
            self._changing = data

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Make what is written inside one write at the end; on any failure, nothing was written.

        Documents can be inserted and removed in it, not looked into.
        """
        self._changing = {**self._tables}
        try:
            yield
            self._replace(self._changing)
        finally:
            self._changing = None

    def keep_generation(self) -> None:
        """Keep what is stored now to fall back on. A disk too full for it is no reason not to start."""
        try:
            self._put(PREVIOUS, self._tables)
        except StoreError as error:
            logger.warning("this generation of the store is not kept", extra={"why": str(error)})

    def close(self) -> None:
        """Let go of the folder."""
        self._folder.close()

    def _replace(self, data: dict[str, dict[str, Any]]) -> None:
        tables = {
            name: {key: row if isinstance(row, bytes) else to_text(row) for key, row in rows.items()}
            for name, rows in data.items()
        }
        self._folder.replace(MAIN, _pack(tables))
        try:
            self._folder.settle()
        except StoreError:
            with suppress(StoreError):
                self._folder.replace(MAIN, _pack(self._tables))  # what is refused must not turn up after a restart
            raise
        self._tables = tables

    def _put(self, name: str, tables: _Tables) -> None:
        self._folder.replace(name, _pack(tables))
        self._folder.settle()

    def _open(self) -> _Tables:
        content = self._folder.read(MAIN)
        if content is None:
            return self._new()
        try:
            return self._unpack(content)
        except (ValueError, RecursionError) as error:
            return self._fall_back(str(error))

    def _new(self) -> _Tables:
        """Begin a store, unless one has been here."""
        if others := self._folder.generations():
            raise StoreError(
                f"{self.path} is gone, but here are {', '.join(others)}. Nothing was changed. Rename the one to go on "
                f"from to {MAIN}, or move them all away to begin anew."
            )
        tables = {META: {"1": to_text({"version": FORMAT})}}
        self._put(MAIN, tables)
        return tables

    def _fall_back(self, why: str) -> _Tables:
        """Keep the broken file aside and go on from the generation of the last start, saying so."""
        aside = self._folder.set_aside(MAIN)
        try:
            tables = self._unpack(self._folder.read(PREVIOUS) or b"")
        except (ValueError, RecursionError) as error:
            raise StoreError(
                f"{self.path} is corrupt ({why}), and there is no whole {PREVIOUS} to go on from. "
                f"It was kept as {aside}. Mend it and rename it to {MAIN}, or move all these files away to begin anew."
            ) from error
        self._put(MAIN, tables)
        self.remark = (
            f"The store was corrupt and is kept as {aside}. "
            f"Waybill goes on from how things stood at its last start; what was saved after that is missing."
        )
        logger.error("the store was corrupt: going on from the last start", extra={"kept_as": aside, "why": why})
        return tables

    def _unpack(self, content: bytes) -> _Tables:
        """Return the tables in a file's content.

        Raises:
            ValueError: the content is not whole.
            StoreError: a newer Waybill wrote it.
        """
        content.decode()  # what is inside the rows is read later
        found = msgspec.json.decode(content, type=dict[str, dict[str, msgspec.Raw]])
        meta = msgspec.json.decode(found.get(META, {}).get("1", b"{}"), type=dict[str, Any])
        version = meta.get("version")
        if not isinstance(version, int) or version < 1:
            raise ValueError(f"no version in {META}")
        if version > FORMAT:
            raise StoreError(
                f"{self.path} was written by a newer Waybill (format {version}, this one reads {FORMAT}). "
                f"Nothing was changed. Start that Waybill again."
            )
        tables = {name: {key: bytes(row) for key, row in rows.items()} for name, rows in found.items()}
        for name, rows in tables.items():
            for key, row in rows.items():
                if not key.isdecimal() or not row.startswith(b"{"):
                    raise ValueError(f"{name}[{key}] is no document")
        return tables


def _pack(tables: _Tables) -> Iterator[bytes]:
    """Yield the file, a document a line: no piece is so big that the event loop would have to wait for it."""
    yield b"{"
    for at, (name, rows) in enumerate(tables.items()):
        yield b"%b\n%b:{" % (b"," if at else b"", msgspec.json.encode(name))
        for line, (key, row) in enumerate(rows.items()):
            yield b'%b\n"%b":%b' % (b"," if line else b"", key.encode(), row)
        yield b"}"
    yield b"\n}\n"
