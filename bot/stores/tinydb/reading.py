"""Putting a store together: a snapshot, and what its journals say was changed since."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.domain.errors import StoreError
from bot.stores.tables import Rows
from bot.stores.tinydb.journal import Damaged, head, is_part_of, next_after, read_records, unpack_rows
from bot.stores.tinydb.snapshot import unpack

MAIN = "waybill.json"
PREVIOUS = "waybill.previous.json"
_JOURNAL = re.compile(r"waybill\.(\d{6,})\.journal")

Read = Callable[[str], bytes | None]
"""How a file of the folder is read; None when it is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A store as its files tell it; `end` is where the last journal goes on, `torn` what is to be cut there."""

    tables: Rows
    generation: int
    sealed: bool
    newest: int
    end: int
    torn: bool
    changes: int
    journalled: int


def journal_name(generation: int) -> str:
    """Return the name of the journal that holds what was changed since this generation."""
    return f"waybill.{generation:06}.journal"


def journals_among(names: Iterable[str]) -> list[int]:
    """Return the generations of the journals among these files, in order."""
    return sorted(int(found[1]) for name in names if (found := _JOURNAL.fullmatch(name)))


def put_together(read: Read, names: Iterable[str], name: str = MAIN) -> Whole:
    """Return what the snapshot of this name and its journals hold.

    Raises:
        Damaged: the snapshot is not whole.
        StoreError: a journal is not; or a newer Waybill wrote this.
    """
    content = read(name)
    if content is None:
        raise Damaged("it is gone")
    snapshot = unpack(content, name)
    newest, end, torn, changes, size = snapshot.generation, 0, b"", 0, 0
    chain = [one for one in journals_among(names) if one >= snapshot.generation]
    if snapshot.generation and snapshot.generation not in chain:
        chain = [snapshot.generation, *chain]
    expected = snapshot.generation or 1
    announced = True  # the journal of a generation is there before its snapshot is
    for newest in chain:
        if newest != expected:
            raise _unreadable(journal_name(expected), "it is gone")
        bodies, end, torn = _records(read, newest, announced=announced, last=newest == chain[-1])
        expected = newest + 1
        announced = bool(bodies) and bodies[-1] == next_after(newest)
        if announced:
            bodies.pop()
            if newest == chain[-1]:
                raise _unreadable(journal_name(expected), "it is gone")
        changes += len(bodies)
        size += end
        for body in bodies:
            _replay(body, snapshot.tables, journal_name(newest))
    return Whole(
        tables=snapshot.tables,
        generation=snapshot.generation,
        sealed=snapshot.sealed,
        newest=newest,
        end=end,
        torn=bool(torn),
        changes=changes,
        journalled=size,
    )


def _records(read: Read, generation: int, *, announced: bool, last: bool) -> tuple[list[bytes], int, bytes]:
    """Return the records, where they end, and what is torn. One that nobody announced may just have been begun."""
    name = journal_name(generation)
    content = read(name)
    if content is None:
        raise _unreadable(name, "it is gone")
    try:
        bodies, end, torn = read_records(content)
    except Damaged as error:
        raise _unreadable(name, str(error)) from error
    if last and not announced and not bodies and is_part_of(torn, head(generation)):
        return [], 0, b""
    if not bodies or bodies[0] != head(generation):
        raise _unreadable(name, "it does not begin with its generation")
    if torn and not last and not is_part_of(torn, next_after(generation)):
        raise _unreadable(name, f"the record at byte {end} is torn, and a later journal follows")
    return bodies[1:], end, torn


def _replay(body: bytes, tables: Rows, name: str) -> None:
    try:
        for table, number, text in unpack_rows(body):
            if text is None:
                tables.get(table, {}).pop(number, None)
            else:
                tables.setdefault(table, {})[number] = text
    except (ValueError, RecursionError) as error:
        raise _unreadable(name, str(error)) from error


def _unreadable(name: str, why: str) -> StoreError:
    return StoreError(
        f"{name} can't be read: {why}. Nothing was changed. Mend it, or put a backup back with "
        f"`waybill store restore`; `waybill store verify` says what is whole."
    )
