"""A disk inside the simulation: the real store writes to it, and what it did not sync may go in a power cut.

The files are real, in memory where the system has such a place. For all that is not yet synced this keeps how to
undo it.
"""

import errno
import os
import random
import shutil
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bot.stores.store import RecordStore, store_on
from bot.stores.tinydb import ledger as ledgers
from bot.stores.tinydb import tables as tinytables
from bot.stores.tinydb.files import Files
from bot.stores.tinydb.ledger import Ledger
from bot.stores.tinydb.tables import TinyTables
from tests.faults.life import Death, Life
from tests.faults.points import Points

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
ANEW_AFTER = 12_000
"""All is written anew this often, so that a short history has its compactions too."""
PROVEN = 5
"""A disk is proven quick this early, so that a short history has changes made by the thread and on the loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Write:
    """A piece of a file that was written and not synced: what was there, and how long the file was."""

    at: int
    old: bytes
    size: int
    length: int


@dataclass
class SimDisk:
    """Survives the process. `fault` is what is wrong with it: full, write error, sync error; `tears` the next write."""

    luck: random.Random
    fault: str = ""
    tears: Callable[[], None] | None = None
    failed: int = 0
    _writes: dict[int, list[_Write]] = field(default_factory=dict)
    _names: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._top = Path(tempfile.mkdtemp(prefix="waybill-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
        self.folder = self._top / "data"
        self._attic = self._top / "attic"
        self._attic.mkdir()
        self._kept = 0

    async def opened(self, life: Life, points: Points) -> RecordStore:
        """Return the store on this disk, held by one process. Raises `StoreError`."""
        files = SimFiles(self, life, points)
        ledger = Ledger(self.folder, files=files)
        store = await store_on(TinyTables(ledger, clock=lambda: 0.0))
        life.at_the_end(ledger.close)  # the system closes what the dead held
        return store

    def loses_power(self, *, all_of_it: bool) -> None:
        """Lose what was not synced: all of it, or by luck some."""
        names = self._names[0 if all_of_it else self.luck.randint(0, len(self._names)) :]
        for undo in reversed(names):
            undo()
        for file in (*self.folder.glob("*"), *self._attic.glob("*")):
            for write in reversed(self._writes.pop(file.stat().st_ino, [])):
                self._undo(file, write, kept=0 if all_of_it else self.luck.randint(0, write.length))
        self._writes.clear()
        self._names.clear()

    def close(self) -> None:
        """Throw it away."""
        shutil.rmtree(self._top)

    # ── what is not synced ─────────────────────────────────────────────────────────────────────────────────────

    def wrote(self, handle: int, at: int, length: int) -> None:
        """Keep what is about to be overwritten."""
        found = os.fstat(handle)
        old = os.pread(handle, length, at) if at < found.st_size else b""
        self._writes.setdefault(found.st_ino, []).append(_Write(at=at, old=old, size=found.st_size, length=length))

    def synced(self, handle: int) -> None:
        """Let what is in this file, or the names in this folder, last from now on."""
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            self._names.clear()
        else:
            self._writes.pop(found.st_ino, None)

    def drops(self, handle: int) -> None:
        """Fail a sync as Linux does: what was not synced may be gone, and the next sync says nothing of it."""
        found = os.fstat(handle)
        if not stat.S_ISDIR(found.st_mode) and self.luck.random() < 0.5:
            for write in reversed(self._writes.pop(found.st_ino, [])):
                os.pwrite(handle, write.old, write.at)
                os.ftruncate(handle, write.size)

    def named(self, undo: Callable[[], None]) -> None:
        """Keep how a change of names is undone."""
        self._names.append(undo)

    def keeps(self, path: Path) -> Path | None:
        """Keep the file of this name; return under which other."""
        if not path.exists():
            return None
        self._kept += 1
        kept = self._attic / str(self._kept)
        kept.hardlink_to(path)
        return kept

    @staticmethod
    def _undo(file: Path, write: _Write, *, kept: int) -> None:
        handle = os.open(file, os.O_RDWR)
        try:
            os.pwrite(handle, write.old[kept:], write.at + kept)
            os.ftruncate(handle, max(write.size, write.at + kept if kept else 0))
        finally:
            os.close(handle)


class SimFiles(Files):
    """The system's calls of one process."""

    def __init__(self, disk: SimDisk, life: Life, points: Points) -> None:
        self._disk = disk
        self._life = life
        self._points = points

    def open(self, path: Path, flags: int) -> int:
        self._life.alive()
        there = path.exists()
        handle = super().open(path, flags)
        if not there:
            self._disk.named(lambda: path.unlink(missing_ok=True))
        return handle

    def write(self, handle: int, content: bytes, at: int) -> None:
        self._life.alive()
        self._disk.wrote(handle, at, len(content))
        half = content[: self._disk.luck.randint(0, len(content))]
        if tears := self._disk.tears:
            self._disk.tears = None
            super().write(handle, half, at)
            tears()
            raise Death
        if self._disk.fault in {"full", "write error"}:
            super().write(handle, half, at)
            self._fails(errno.ENOSPC if self._disk.fault == "full" else errno.EIO)
        super().write(handle, content, at)

    def cut(self, handle: int, size: int) -> None:
        self._life.alive()
        self._disk.wrote(handle, size, max(os.fstat(handle).st_size - size, 0))
        super().cut(handle, size)

    def sync(self, handle: int) -> None:
        self._life.alive()
        if self._disk.fault == "sync error":
            self._disk.drops(handle)
            self._fails(errno.EIO)
        self._disk.synced(handle)

    def sync_content(self, handle: int) -> None:
        self.sync(handle)

    def replace(self, path: Path, by: Path) -> None:
        self._life.alive()
        kept = self._disk.keeps(path)

        def undo() -> None:
            path.rename(by)
            if kept:
                path.hardlink_to(kept)

        super().replace(path, by)
        self._disk.named(undo)

    def link(self, path: Path, name: Path) -> None:
        self._life.alive()
        super().link(path, name)
        self._disk.named(lambda: name.unlink(missing_ok=True))

    def unlink(self, path: Path) -> None:
        self._life.alive()
        kept = self._disk.keeps(path)
        super().unlink(path)
        if kept:
            self._disk.named(lambda: path.hardlink_to(kept))

    def reached(self, moment: str) -> None:
        self._life.alive()
        self._points.passing(moment)

    def _fails(self, why: int) -> None:
        self._disk.failed += 1
        raise OSError(why, os.strerror(why))


def often_written_anew() -> Callable[[], None]:
    """Have stores written anew often; return how to have them as they were."""
    before = ledgers.ANEW_AFTER, tinytables.PROVEN
    ledgers.ANEW_AFTER, tinytables.PROVEN = ANEW_AFTER, PROVEN

    def undo() -> None:
        ledgers.ANEW_AFTER, tinytables.PROVEN = before

    return undo
