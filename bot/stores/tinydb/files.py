"""The system's calls on files, each in one place: a test can have any of them fail, or the process end there."""

import os
from pathlib import Path


class Files:
    """What a store asks of the system to write. Each may raise `OSError`."""

    def open(self, path: Path, flags: int) -> int:
        """Return a handle of the file; one that is made is for us alone."""
        return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)

    def write(self, handle: int, content: bytes, at: int) -> None:
        """Write all of it at this place."""
        rest = memoryview(content)
        while rest:
            done = os.pwrite(handle, rest, at)
            rest, at = rest[done:], at + done

    def cut(self, handle: int, size: int) -> None:
        """End the file here."""
        os.ftruncate(handle, size)

    def sync(self, handle: int) -> None:
        """Have the file, or the names in a folder, survive a power cut."""
        os.fsync(handle)

    def sync_content(self, handle: int) -> None:
        """Have what is in the file survive a power cut; its times may be lost."""
        getattr(os, "fdatasync", os.fsync)(handle)

    def replace(self, path: Path, by: Path) -> None:
        """Give the second file the name of the first, in one step."""
        by.replace(path)

    def link(self, path: Path, name: Path) -> None:
        """Give the file a second name."""
        name.hardlink_to(path)

    def unlink(self, path: Path) -> None:
        """Take the name away, should there be one."""
        path.unlink(missing_ok=True)

    def reached(self, moment: str) -> None:
        """Pass one of the moments at which tests end the process; this one goes on."""
