"""What is done to a store by hand: look whether it is whole, back it up, put a backup in its place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bot.domain.errors import StoreError
from bot.stores.store import LAST_SERIAL
from bot.stores.tables import TABLES, Rows, unpack
from bot.stores.tinydb.folder import Folder
from bot.stores.tinydb.journal import Damaged, Journal
from bot.stores.tinydb.ledger import Ledger
from bot.stores.tinydb.reading import MAIN, PREVIOUS, journal_name, put_together
from bot.stores.tinydb.snapshot import Snapshot, pack
from bot.stores.tinydb.snapshot import unpack as unpack_snapshot

LOOKS = 5
"""So often a store is read that a running bot writes anew meanwhile."""
REPLACED = "waybill.replaced-"
"""How the names begin under which a restore keeps what it replaced."""
SERIALS_LEFT_OUT = 1000
"""How far numbering jumps after a restore: a number people have seen must not name another parcel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a look at a store found; `trouble` is empty when all of it is whole."""

    documents: dict[str, int]
    changes: int
    trouble: str
    remark: str


def verify(path: Path) -> Verdict:
    """Look whether a store is whole, changing nothing; the bot may be at work on it."""
    verdict = _look(path)
    for _ in range(LOOKS):
        if not verdict.trouble:
            break
        verdict = _look(path)  # what was written anew while we read may have looked broken
    return verdict


def _look(path: Path) -> Verdict:
    names = _names(path)
    trouble, changes, torn, tables = "", 0, False, Rows()
    for name in (MAIN, *(one for one in names if one == PREVIOUS)):
        try:
            whole = put_together(lambda one: _read(path / one), names, name)
            if name == MAIN:
                tables, changes, torn = whole.tables, whole.changes, whole.torn
                _read_all(tables)
        except Damaged as error:
            trouble = trouble or f"{name} is not whole: {error}."
        except (StoreError, OSError) as error:
            trouble = trouble or str(error)
    said = "The last record of the journal is torn: it was not acknowledged, and the next start cuts it away."
    documents = {name: len(rows) for name, rows in tables.items()}
    return Verdict(documents=documents, changes=changes, trouble=trouble, remark=said if torn else "")


def _read_all(tables: Rows) -> None:
    """Read every document as the bot will, but for those that are sealed. Raises `StoreError`."""
    for name, kind in TABLES.items():
        for number, text in tables.get(name, {}).items():
            try:
                if b'"sealed":' not in text:
                    unpack(kind, text)
            except (ValueError, RecursionError) as error:
                raise StoreError(f"Document {number} of table {name} can't be read: {error}.") from error


def compact(path: Path, *, drop_previous: bool) -> None:
    """Write a store anew, so that the snapshot alone holds it. Raises `StoreError`."""
    with _held(path) as ledger:
        ledger.anew(drop_previous=drop_previous)


def back_up(path: Path, file: Path) -> int:
    """Write all of a store to one file, which must not be there; return how many documents. Raises `StoreError`."""
    with _held(path) as ledger:
        content = pack(ledger.tables, 0, sealed=ledger.sealed)
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with open(handle, "wb") as backup:  # noqa: PTH123 - a handle, not a path
                backup.writelines(content)
                backup.flush()
                os.fsync(handle)
        except FileExistsError as error:
            raise StoreError(f"{file} is there already. Nothing was written. Name a file that is not.") from error
        except OSError as error:
            raise StoreError(
                f"Can't write {file}: {error.strerror}. There is no backup; the store is as it was."
            ) from error
        return sum(map(len, ledger.tables.values()))


def restore(path: Path, file: Path, *, replace: bool) -> int:
    """Put a backup in the place of a store; return how many documents. What was there is kept aside.

    Raises:
        StoreError: the backup is not whole; or there is a store, and nobody said to replace it.
    """
    try:
        snapshot = unpack_snapshot(file.read_bytes(), str(file))
    except (OSError, Damaged) as error:
        raise StoreError(f"{file} is no whole backup: {error}. Nothing was changed. Name another one.") from error
    folder = Folder(path)
    try:
        names = folder.names()
        if names and not replace:
            raise StoreError(
                f"{folder.path} holds a store: {', '.join(names)}. Nothing was changed. With `--replace` it is kept "
                f"aside, under names that begin with {REPLACED}."
            )
        _leave_numbers_out(snapshot.tables)
        stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
        aside = f"{REPLACED}{stamp}."
        try:
            for name in sorted(names, key=lambda one: one != MAIN):  # without the snapshot nothing starts half replaced
                if not name.startswith(REPLACED):
                    folder.files.replace(folder.path / f"{aside}{name}", by=folder.path / name)
            folder.settle()
            _begin(folder, snapshot)
        except (OSError, StoreError) as error:
            cause = error if isinstance(error, OSError) else error.__cause__
            raise StoreError(
                f"The backup is not in place: {getattr(cause, 'strerror', error)}. Nothing is lost: what was here "
                f"and is moved has a name that begins with {aside}. Mend that, then restore again."
            ) from error
    finally:
        folder.close()
    return sum(map(len, snapshot.tables.values()))


@contextmanager
def _held(path: Path) -> Iterator[Ledger]:
    """Have a store for ourselves; what is sealed in it stays sealed."""
    if not (path / MAIN).exists():
        raise StoreError(f"There is no store in {path}. Nothing was changed. Name its folder in WAYBILL_DATA.")
    ledger = Ledger(path, as_stored=True)
    try:
        yield ledger
    finally:
        ledger.close()


def _begin(folder: Folder, snapshot: Snapshot) -> None:
    with folder.plainly(name := journal_name(1)):
        Journal(folder.files, folder.open(name), 1).close()
    folder.replace(MAIN, pack(snapshot.tables, 1, sealed=snapshot.sealed))


def _leave_numbers_out(tables: Rows) -> None:
    memos = tables.get("memos", {})
    for number, text in memos.items():
        memo: dict[str, Any] = msgspec.json.decode(text)
        if memo.get("name") == LAST_SERIAL and str(memo.get("value")).isdecimal():
            memos[number] = msgspec.json.encode(memo | {"value": str(int(memo["value"]) + SERIALS_LEFT_OUT)})


def _names(path: Path) -> list[str]:
    return sorted(one.name for one in path.glob("waybill*")) if path.is_dir() else []


def _read(path: Path) -> bytes | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with open(handle, "rb") as file:  # noqa: PTH123 - a handle, not a path
        return file.read()
