"""TinyDB over a ledger: its public interface, with a change that costs what is changed and lasts when the call returns.

`TinyDB(folder, storage=LedgerStorage)` works as well, but TinyDB's own table decodes and compares all at each call.
"""

import json
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import msgspec
from tinydb import Storage, TinyDB
from tinydb.table import Table

from bot.domain.errors import StoreError
from bot.stores.tables import Row
from bot.stores.tinydb.ledger import Ledger


class LedgerStorage(Storage):
    """Keeps TinyDB's tables in a folder of their own. Raises `StoreError` as a ledger does."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(folder)

    def read(self) -> dict[str, dict[str, Any]]:
        """Return the tables: each a dict of documents by number."""
        return {
            name: {str(number): msgspec.json.decode(text) for number, text in rows.items()}
            for name, rows in self.ledger.tables.items()
        }

    def write(self, data: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        """Let the tables hold this, durably: what is as it was is not written. Raises `StoreError`."""
        tables = self.ledger.tables
        kept = {(name, int(key)) for name, rows in data.items() for key in rows}
        changed: list[Row] = [
            (name, number, None) for name, rows in tables.items() for number in rows if (name, number) not in kept
        ]
        for name, rows in data.items():
            held = tables.get(name, {})
            for key, document in rows.items():
                changed += _changed(name, int(key), document, held.get(int(key)))
        self.commit(changed)

    def commit(self, rows: list[Row]) -> None:
        """Make the changes, durably, all or none. Raises `StoreError`."""
        if rows:
            self.ledger.append(rows)
            self.ledger.apply(rows)

    def close(self) -> None:
        """Write all anew, so that the snapshot alone is the store, and let go of the folder."""
        try:
            if self.ledger.changed:
                self.ledger.anew()
        finally:
            self.ledger.close()


class LedgerTable(Table):
    """A table that reads the documents it is asked for, and writes those that changed."""

    def _read_table(self) -> Any:  # noqa: ANN401 - TinyDB says dict; it reads keys and items only
        return _Documents(self.name, self._ledger.tables.get(self.name, {}))

    def _update_table(self, updater: Callable[[Any], None]) -> None:
        documents = _Documents(self.name, self._ledger.tables.get(self.name, {}))
        updater(documents)
        storage = self._storage
        assert isinstance(storage, LedgerStorage)  # noqa: S101 - `Database` has no other
        storage.commit(documents.changes())
        self.clear_cache()

    @property
    def _ledger(self) -> Ledger:
        storage = self._storage
        assert isinstance(storage, LedgerStorage)  # noqa: S101 - `Database` has no other
        return storage.ledger


class Database(TinyDB):
    """A TinyDB in a folder of its own: `Database(folder)`."""

    table_class = LedgerTable
    default_storage_class = LedgerStorage  # type: ignore[assignment]  # TinyDB takes any storage


class _Documents(MutableMapping[int, Any]):
    """A table's documents, decoded when they are looked at, and what an update does to them."""

    def __init__(self, name: str, packed: Mapping[int, bytes]) -> None:
        self._name = name
        self._packed = packed
        self._seen: dict[int, Any] = {}
        self._gone: set[int] = set()

    def __getitem__(self, number: int) -> Any:  # noqa: ANN401 - a document holds what JSON can
        number = int(number)  # TinyDB asks for text where it thinks of a file
        if number in self._gone:
            raise KeyError(number)
        if number not in self._seen:
            self._seen[number] = msgspec.json.decode(self._packed[number])
        return self._seen[number]

    def __setitem__(self, number: int, document: Any) -> None:  # noqa: ANN401 - the same
        self._seen[number] = document
        self._gone.discard(number)

    def __delitem__(self, number: int) -> None:
        if number not in self:
            raise KeyError(number)
        self._seen.pop(number, None)
        self._gone.add(number)

    def __contains__(self, number: object) -> bool:
        return number not in self._gone and (number in self._seen or number in self._packed)

    def __iter__(self) -> Iterator[int]:
        yield from (number for number in self._packed if number not in self._gone)
        yield from (number for number in self._seen if number not in self._packed)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def changes(self) -> list[Row]:
        """Return what is to be written. Raises `StoreError`."""
        rows: list[Row] = [(self._name, number, None) for number in self._gone if number in self._packed]
        for number, document in self._seen.items():
            rows += _changed(self._name, number, document, self._packed.get(number))
        return rows


def _changed(table: str, number: int, document: Any, before: bytes | None) -> list[Row]:  # noqa: ANN401 - the same
    try:
        # Not by msgspec: it has words for dates and sets, and they would come back as others.
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise StoreError(f"A document can't be written as JSON: {error}. Nothing was changed.") from error
    return [] if text == before else [(table, number, text)]
