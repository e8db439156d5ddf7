"""Records of one kind in memory, found by id or by a fact they share."""

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

R = TypeVar("R")


class Shelf(Generic[R]):
    """Records by id, and by each of the named facts."""

    def __init__(self, **facts: Callable[[R], Hashable]) -> None:
        self._facts = facts
        self._records: dict[str, R] = {}
        self._sharing: dict[tuple[str, Hashable], dict[str, R]] = {}

    def put(self, name: str, record: R | None) -> None:
        """Let this record stand under the id; None takes away what stood there."""
        old = self._records.pop(name, None)
        if old is not None:
            for fact in self._facts_of(old):
                del self._sharing[fact][name]
                if not self._sharing[fact]:
                    del self._sharing[fact]
        if record is not None:
            self._records[name] = record
            for fact in self._facts_of(record):
                self._sharing.setdefault(fact, {})[name] = record

    def get(self, name: str) -> R | None:
        """Return the record with this id."""
        return self._records.get(name)

    def all(self) -> list[R]:
        """Return every record."""
        return list(self._records.values())

    def where(self, fact: str, value: Hashable) -> list[R]:
        """Return the records that share this fact."""
        return list(self._sharing.get((fact, value), {}).values())

    def one(self, fact: str, value: Hashable) -> R | None:
        """Return the record of which this fact is true, for facts that are true of one at most."""
        return next(iter(self._sharing.get((fact, value), {}).values()), None)

    def _facts_of(self, record: R) -> Iterable[tuple[str, Hashable]]:
        return [(fact, value_of(record)) for fact, value_of in self._facts.items()]
