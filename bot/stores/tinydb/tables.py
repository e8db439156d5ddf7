"""Records as documents in TinyDB's tables; however many a save changes, the file is written once."""

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path

from tinydb import TinyDB
from tinydb.table import Document

from bot.domain.errors import StoreError
from bot.ports import Record
from bot.stores.store import RecordStore, store_on
from bot.stores.tables import TABLES, Changes, Slot, slot_of, to_document, to_record
from bot.stores.tinydb.storage import PREVIOUS, FileStorage


class TinyTables:
    """Tables in a file that TinyDB keeps. Work on it is done in a thread."""

    def __init__(self, storage: FileStorage) -> None:
        self.remark = storage.remark
        self._storage = storage
        self._db = TinyDB(storage=lambda: storage)
        self._numbers: dict[Slot, int] = {}
        self._unused = itertools.count(1)

    async def load(self) -> Sequence[Record]:
        """Return every record, and keep this generation to fall back on. Raises `StoreError`."""
        return await asyncio.to_thread(self._load)

    async def write(self, changes: Changes) -> None:
        """Make all the changes in one write of the file. Raises `StoreError`."""
        await asyncio.to_thread(self._write, changes)

    async def close(self) -> None:
        """Let another process have the file."""
        self._db.close()

    def _load(self) -> Sequence[Record]:
        packed = self._storage.packed
        records = [self._read(name, key, text) for name in TABLES for key, text in packed.get(name, {}).items()]
        self._unused = itertools.count(1 + max(self._numbers.values(), default=0))
        if records:  # to fall back on an empty store would be to lose everything
            self._storage.keep_generation()
        return records

    def _read(self, table: str, key: str, text: bytes) -> Record:
        try:
            record = to_record(table, text)
        except (ValueError, RecursionError) as error:
            raise StoreError(
                f"Document {key} of table {table} in {self._storage.path} can't be read: {error}. Nothing was changed. "
                f"Mend it, or put {PREVIOUS} in its place."
            ) from error
        self._numbers[slot_of(record)] = int(key)
        return record

    def _write(self, changes: Changes) -> None:
        documents = {
            slot: Document(to_document(record), self._numbers.get(slot) or next(self._unused))
            for slot, record in changes.items()
            if record is not None
        }
        with self._storage.batch():
            for name in dict.fromkeys(name for name, _ in changes):
                table = self._db.table(name)
                table.remove(
                    doc_ids=[self._numbers[slot] for slot in changes if slot in self._numbers and slot[0] == name]
                )
                table.insert_multiple(document for slot, document in documents.items() if slot[0] == name)
        for slot in changes.keys() - documents.keys():
            self._numbers.pop(slot, None)
        self._numbers |= {slot: document.doc_id for slot, document in documents.items()}


async def open_store(folder: Path) -> RecordStore:
    """Return the store in this folder; a new one when it never had one.

    Raises:
        StoreError: it can't be opened; what is in it was kept.
    """
    storage = await asyncio.to_thread(FileStorage, folder)
    return await store_on(TinyTables(storage))
