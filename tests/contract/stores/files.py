"""Stores in files: short ways to keep something in one, and ways to make the machine fail."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tinydb

from bot.domain.errors import StoreError
from bot.ports import Record
from bot.stores.tinydb import open_store

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


def saver(folder: Path) -> subprocess.Popen[str]:
    """Start a process that saves until it is killed."""
    command = [sys.executable, "-m", "tests.contract.stores.saver", str(folder)]
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


def count_calls(patch: pytest.MonkeyPatch, *names: str) -> list[str]:
    """Return a list that grows by the name of each of these functions of `os` that is called."""
    calls: list[str] = []

    def counting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def counts(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever os takes
            calls.append(name)
            return real(*args, **more)

        return counts

    for name in names:
        patch.setattr(os, name, counting(name, getattr(os, name)))
    return calls


def fail_at(patch: pytest.MonkeyPatch, operation: int, why: int) -> None:
    """Have one of the coming operations on files fail: the first when `operation` is 0."""
    coming = iter(range(1000))

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def fails_in_turn(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever os takes
            if next(coming) == operation:
                raise OSError(why, os.strerror(why))
            return real(*args, **more)

        return fails_in_turn

    for name in ("open", "unlink", "fsync", "replace"):
        patch.setattr(os, name, failing(getattr(os, name)))


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
