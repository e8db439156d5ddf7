"""Records of one kind in memory, found by id or by a fact they share."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from bot.ports import Record
from bot.stores.tables import TABLES, Pending, Row, Rows, pack, unpack

R = TypeVar("R", bound=Record)


class Shelf(Generic[R]):
    """Records by id, and by each of the named facts. A fact that is None is not looked for."""

    def __init__(self, kind: type[R], **facts: Callable[[R], Hashable]) -> None:
        self._kind = kind
        self._table = next(name for name, one in TABLES.items() if one is kind)
        self._facts = facts
        self._records: dict[str, tuple[int, R]] = {}
        self._sharing: dict[str, dict[Hashable, dict[str, R]]] = {fact: {} for fact in facts}

    def name(self, record: R) -> str:
        """Return what the record is found by."""
        return record.id

    def number(self, name: str) -> int | None:
        """Return the number of this record's document."""
        held = self._records.get(name)
        return held and held[0]

    def get(self, name: str) -> R | None:
        """Return the record with this id."""
        held = self._records.get(name)
        return held and held[1]

    def rows(self, number: int, record: R | None, _pending: Pending) -> list[Row]:
        """Return the documents to write so that this record stands under the id. Raises `StoreError`."""
        return [(self._table, number, None if record is None else pack(record))]

    def put(self, number: int, name: str, record: R | None) -> None:
        """Let this record stand under the id; None takes away what stood there."""
        old = self._records.pop(name, None)
        if old is not None:
            for fact, value in self._facts_of(old[1]):
                sharing = self._sharing[fact][value]
                del sharing[name]
                if not sharing:
                    del self._sharing[fact][value]
        if record is not None:
            self._records[name] = number, record
            for fact, value in self._facts_of(record):
                self._sharing[fact].setdefault(value, {})[name] = record

    def load(self, rows: Rows) -> None:
        """Take in every document. Raises `ValueError` with the number of one that can't be read."""
        for number, text in rows.get(self._table, {}).items():
            try:
                record = unpack(self._kind, text)
            except (ValueError, RecursionError) as error:
                raise ValueError(number, str(error)) from error
            self.put(number, self.name(record), record)

    def all(self) -> list[R]:
        """Return every record."""
        return [record for _, record in self._records.values()]

    def where(self, fact: str, value: Hashable) -> list[R]:
        """Return the records that share this fact."""
        return list(self._sharing[fact].get(value, {}).values())

    def values(self, fact: str) -> Sequence[Hashable]:
        """Return all that this fact is for any record."""
        return list(self._sharing[fact])

    def _facts_of(self, record: R) -> Iterable[tuple[str, Hashable]]:
        return [(fact, value) for fact, value_of in self._facts.items() if (value := value_of(record)) is not None]
