"""A folder that belongs to one running Waybill: its lock, and files that are replaced whole or not at all.

Folder 0700, files 0600. Files are regular and our own; a symbolic link in the place of one is never followed.
"""

import errno
import fcntl
import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.errors import StoreError

LOCK = "waybill.lock"
UNFINISHED = "waybill.new"
"""What is being written, until it takes the place of the file it is for; worth nothing after a crash."""
OWN = "waybill."
"""How the names of all our files begin."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Folder:
    """Our folder, held by a lock from now until `close`."""

    def __init__(self, path: Path) -> None:
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

    def replace(self, name: str, content: Iterable[bytes]) -> None:
        """Let the file hold this; a power cut may still bring the old one back until `settle` returns.

        Raises:
            StoreError: it could not be written; the file holds what it held.
        """
        unfinished = self.path / UNFINISHED
        with _plainly(self.path / name):
            unfinished.unlink(missing_ok=True)
            try:
                with open(os.open(unfinished, _CREATE, 0o600), "wb") as file:  # noqa: PTH123 - a handle, not a path
                    file.writelines(content)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(self.path / name)
            except OSError:
                with suppress(OSError):
                    unfinished.unlink(missing_ok=True)
                raise

    def settle(self) -> None:
        """Have the names in the folder survive a power cut. Raises `StoreError`."""
        with _plainly(self.path):
            handle = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def set_aside(self, name: str) -> str:
        """Give the file a name under which nothing overwrites it; return the name. Raises `StoreError`."""
        aside = f"waybill.corrupt-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.json"
        with _plainly(self.path / name):
            (self.path / name).rename(self.path / aside)
        self.settle()
        return aside

    def generations(self) -> list[str]:
        """Return the names of all that was ever a store here."""
        return sorted(file.name for file in self.path.glob("waybill*.json*"))

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
        if error.errno in _FULL:
            raise StoreError(
                f"There is no room to write {path}. Nothing was changed. Make room, then try again."
            ) from error
        why = "is a symbolic link" if error.errno == errno.ELOOP else f"refuses: {os.strerror(error.errno or 0)}"
        raise StoreError(
            f"Can't read or write the store as user {_name_of(os.geteuid())}: {path} {why}. Nothing was changed. "
            f"Give that user write permission, or name another folder in WAYBILL_DATA."
        ) from error


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
