"""Stores in files: short ways to keep something in one, and ways to make the machine fail."""

import errno
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tinydb

from bot.domain.errors import StoreError
from bot.ports import Record
from bot.stores.tinydb import open_store
from bot.stores.tinydb.files import Files

ROOT = Path(__file__).parents[3]
NOBODY = 65534


async def keep(folder: Path, *records: Record) -> None:
    """Open the store, save the records, and close it."""
    store = await open_store(folder)
    await store.save(*records)
    await store.close()


async def refusal(folder: Path) -> str:
    """Return why the store can't be opened."""
    with pytest.raises(StoreError) as caught:
        await open_store(folder)
    return str(caught.value)


def saver(folder: Path, *, compacting: bool = False) -> subprocess.Popen[str]:
    """Start a process that saves until it is killed, and writes all anew meanwhile if told so."""
    command = [sys.executable, "-m", "tests.contract.stores.saver", str(folder), *(["anew"] if compacting else [])]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def serials(process: subprocess.Popen[str], *, at_most: int) -> Iterator[int]:
    """Yield what the process said is safe, so many times."""
    assert process.stdout
    for _ in range(at_most):
        yield int(process.stdout.readline())


def plain(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return what a TinyDB program reads in a copy of the file."""
    copy = shutil.copy(path, path.parent.parent / "copy.json")
    with tinydb.TinyDB(copy, encoding="utf-8") as database:
        return {name: [dict(document) for document in database.table(name)] for name in sorted(database.tables())}


def plain_journal(folder: Path) -> bytes:
    """Return what was written to the newest journal."""
    return (folder / journals(folder)[-1]).read_bytes().rstrip(b"\0")


def by_hand(content: bytes) -> bytes:
    """Return a snapshot as somebody leaves it who changed it on purpose: without its checksum."""
    return re.sub(rb',"check":"[^"]*"', b"", content)


def journals(folder: Path) -> list[str]:
    """Return the names of the journals."""
    return sorted(file.name for file in folder.glob("waybill.*.journal"))


class CountedFiles(Files):
    """Files that know what was asked of them, and refuse the operation of one number, and all after it if told so."""

    def __init__(self, *, fails: int = -1, why: int = errno.EIO, ever_after: bool = False) -> None:
        self.calls: list[str] = []
        self.synced: list[str] = []
        self.refused: set[str] = set()
        self.synced_at_refusal = 0
        self._fails, self._why, self._ever_after = fails, why, ever_after

    def fail(self, operation: int, why: int, *, ever_after: bool = False) -> None:
        """Have one of the coming operations fail: the first when `operation` is 0."""
        self._fails, self._why, self._ever_after = len(self.calls) + operation, why, ever_after

    def mend(self) -> None:
        """Have nothing fail any more."""
        self._fails, self._ever_after = -1, False

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - whatever the real one does
        real = super().__getattribute__(name)
        if name not in {"open", "write", "cut", "sync", "sync_content", "replace", "link", "unlink", "reached"}:
            return real

        def counts(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - the same
            at = len(self.calls)
            self.calls.append(name)
            if "sync" in name:
                self.synced.append(str(Path(f"/proc/self/fd/{args[0]}").readlink()))
            if self._fails == at or (self._ever_after and at > self._fails >= 0):
                if "sync" in name:
                    self.refused.add(self.synced[-1])
                    self.synced_at_refusal = len(self.synced)
                raise OSError(self._why, os.strerror(self._why))
            return real(*args, **more)

        return counts if name != "reached" else real


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """Let the system refuse what makes a file larger than this many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def as_an_ordinary_user(folder: Path) -> Iterator[None]:
    """Give the folder to a user whom rights bind, and be that user: they don't bind root."""
    if os.geteuid() != 0:
        yield
        return
    rights = {path: path.stat().st_mode for path in folder.parents if path != Path("/")}
    for path, mode in rights.items():
        path.chmod(mode | 0o111)
    os.chown(folder, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        for path, mode in rights.items():
            path.chmod(mode)
