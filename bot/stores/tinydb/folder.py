"""A folder that belongs to one running Waybill: its lock, and files that are replaced whole or not at all.

Folder 0700, files 0600. Files are regular and our own; a symbolic link in the place of one is never followed.
"""

import errno
import fcntl
import os
import pwd
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.errors import StoreError
from bot.stores.tinydb.files import Files

LOCK = "waybill.lock"
UNFINISHED = "waybill.new"
"""What is being written, until it takes the place of the file it is for; worth nothing after a crash."""
OWN = "waybill."
"""How the names of all our files begin."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Folder:
    """Our folder, held by a lock from now until `close`."""

    def __init__(self, path: Path, files: Files | None = None) -> None:
        self.files = files or Files()
        with _plainly(path):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path = path.resolve(strict=True)
            self._close_to_others()
            self._lock = self._take_lock()

    def read(self, name: str) -> bytes | None:
        """Return what a file holds, None when there is none. Raises `StoreError`."""
        with _plainly(self.path / name):
            try:
                handle = os.open(self.path / name, _READ)
            except FileNotFoundError:
                return None
            with open(handle, "rb") as file:  # noqa: PTH123 - a handle, not a path
                _must_be_ours(handle, self.path / name)
                return file.read()

    def open(self, name: str) -> int:
        """Return a handle to write the file with, made when it is not there. Raises `StoreError`."""
        with self.plainly(name):
            handle = self.files.open(self.path / name, os.O_RDWR | os.O_CREAT)
            try:
                _must_be_ours(handle, self.path / name)
            except BaseException:
                os.close(handle)
                raise
            return handle

    def replace(self, name: str, content: Iterable[bytes]) -> int:
        """Let the file hold this, durably; return its size.

        Raises:
            StoreError: it could not be written; the file holds what it held.
        """
        self.write(UNFINISHED, content)
        return self.take_place(name)

    def write(self, name: str, content: Iterable[bytes]) -> None:
        """Write a file anew and have its content survive a power cut. Raises `StoreError`: there is no such file."""
        path = self.path / name
        with self.plainly(name):
            self.files.unlink(path)
            try:
                handle = self.files.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
                try:
                    at = 0
                    for piece in content:
                        self.files.write(handle, piece, at)
                        at += len(piece)
                        time.sleep(0)  # let the event loop go on
                    self.files.sync(handle)
                finally:
                    os.close(handle)
            except OSError:
                with suppress(OSError):
                    self.files.unlink(path)
                raise
        self.files.reached("store.tmp_written")

    def take_place(self, name: str) -> int:
        """Put what was written in the place of this file; return its size. Raises `StoreError`."""
        unfinished = self.path / UNFINISHED
        with self.plainly(name):
            size = unfinished.stat().st_size
            self.files.replace(self.path / name, by=unfinished)
        self.files.reached("store.renamed")
        self.settle()
        return size

    def link(self, name: str, other: str) -> None:
        """Let the second name stand for the first file too, whatever it stood for. Raises `StoreError`."""
        linked = self.path / f"{OWN}link"
        with self.plainly(other):
            self.files.unlink(linked)
            self.files.link(self.path / name, linked)
            self.files.replace(self.path / other, by=linked)
            self.files.unlink(linked)  # a rename onto the same file does nothing

    def remove(self, names: Iterable[str]) -> None:
        """Take these files away, durably. Raises `StoreError`."""
        for name in names:
            with self.plainly(name):
                self.files.unlink(self.path / name)
        self.settle()

    def settle(self) -> None:
        """Have the names in the folder survive a power cut. Raises `StoreError`."""
        with self.plainly(""):
            handle = os.open(self.path, os.O_RDONLY)
            try:
                self.files.sync(handle)
            finally:
                os.close(handle)

    def set_aside(self, name: str) -> str:
        """Give the file a name under which nothing overwrites it; return the name. Raises `StoreError`."""
        aside = f"waybill.corrupt-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.json"
        with self.plainly(name):
            self.files.replace(self.path / aside, by=self.path / name)
        self.settle()
        return aside

    def names(self) -> list[str]:
        """Return the names of all that is or was a store here."""
        return sorted(
            file.name for file in self.path.glob("waybill*") if file.name not in {LOCK, UNFINISHED, f"{OWN}link"}
        )

    @contextmanager
    def plainly(self, name: str) -> Iterator[None]:
        """Say in one sentence what the system refused."""
        with _plainly(self.path / name):
            yield

    def refusal(self, name: str, error: OSError) -> StoreError:
        """Return the same sentence, for whom a block of code costs too much."""
        return _refusal(self.path / name, error)

    def close(self) -> None:
        """Let another process have the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _close_to_others(self) -> None:
        found = self.path.stat()
        if found.st_uid != os.geteuid():
            raise StoreError(
                f"{self.path} belongs to user {_name_of(found.st_uid)}, and Waybill runs as {_name_of(os.geteuid())}. "
                f"Nothing was opened. Give it the folder, or name one of its own in WAYBILL_DATA."
            )
        rights = stat.S_IMODE(found.st_mode)
        if rights & 0o077:
            if any(not one.name.startswith(OWN) for one in self.path.iterdir()):
                raise StoreError(
                    f"{self.path} is open to other users and holds more than Waybill's files. Nothing was opened. "
                    f"Name a folder in WAYBILL_DATA that is for Waybill alone."
                )
            self.path.chmod(rights & 0o700)

    def _take_lock(self) -> int | None:
        path = self.path / LOCK
        with _plainly(path):
            lock = os.open(path, _LOCK, 0o600)
            try:
                _must_be_ours(lock, path)
                _hold(lock, path)
            except BaseException:
                os.close(lock)
                raise
            return lock


@contextmanager
def _plainly(path: Path) -> Iterator[None]:
    """Say in one sentence what the system refused."""
    try:
        yield
    except OSError as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: OSError) -> StoreError:
    if error.errno in _FULL:
        return StoreError(f"There is no room to write {path}. Nothing was changed. Make room, then try again.")
    why = "is a symbolic link" if error.errno == errno.ELOOP else f"refuses: {os.strerror(error.errno or 0)}"
    return StoreError(
        f"Can't read or write the store as user {_name_of(os.geteuid())}: {path} {why}. Nothing was changed. "
        f"Give that user write permission, or name another folder in WAYBILL_DATA."
    )


def _hold(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(lock, 20, 0).decode(errors="replace").strip() or "unknown"
        raise StoreError(
            f"Another Waybill (process {holder}) holds {path}. Nothing was opened. "
            f"Stop that one first, or name another folder in WAYBILL_DATA."
        ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, b"%d\n" % os.getpid(), 0)


def _must_be_ours(handle: int, path: Path) -> None:
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        raise StoreError(
            f"{path} is not a regular file of user {_name_of(os.geteuid())}. Nothing was opened. "
            f"Move it away, or name another folder in WAYBILL_DATA."
        )
    os.fchmod(handle, 0o600)


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
