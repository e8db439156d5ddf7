"""The store's loader: folders with spoilt files, opened as at a start. Refused whole, or opened and good to use."""

import asyncio
import contextlib
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from zlib import crc32

from bot.domain.parcel import Place
from bot.stores.tinydb import journal, open_store
from tests.contract.stores import examples
from tests.fuzz import mutators

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it; on a disk this would take hours
LOCK = "waybill.lock"
HEAD = b"%08x %08x "
RECORD = re.compile(rb"^[0-9a-f]{8} [0-9a-f]{8} .+\n", re.MULTILINE)
"""A record of a journal: length, checksum, JSON."""
WISH = examples.item("9.9.fuzz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies in the folder when Waybill starts: name to content."""

    files: Mapping[str, bytes]


class Loader:
    """Opens what a bad disk, a half copied folder or a careless hand left."""

    def __init__(self) -> None:
        self._good = asyncio.run(_good_folders())

    def make(self, luck: Random) -> Found:
        """Return the files of a good store, spoilt."""
        files = dict(luck.choice(self._good))
        for name in luck.sample(sorted(files), k=min(len(files), luck.choice((1, 1, 1, 2)))):
            match luck.randrange(10):
                case 0:
                    del files[name]
                case 1:
                    files[name] = b""
                case 2:
                    files[name] = luck.choice(list(luck.choice(self._good).values()))
                case 3 | 4:
                    files[name] = mutators.lines(luck, files[name])
                case 5 | 6 | 7 | 8:
                    files[name] = _inside(luck, files[name])
                case _:
                    files[name] = mutators.octets(luck, files[name])
        return Found(files=files)

    async def run(self, given: Found) -> None:
        """Open it. What opens must take a change, and still have it when it is opened again."""
        with _folder() as name, _short_steps():
            folder = Path(name)
            for file, content in given.files.items():
                (folder / file).write_bytes(content)
            store = await open_store(folder)
            try:
                await store.add(WISH)
                await store.subscriptions(Place("T-ONE", "C-ORDERS"))
                await store.waiting()
                await store.parcels()
            finally:
                await store.close()
            again = await open_store(folder)
            kept = [*await again.open_items(), *await again.done_items()]
            await again.close()
            assert any(one.id == WISH.id for one in kept), "what was saved is gone"


def _inside(luck: Random, content: bytes) -> bytes:
    """Return a file in which only what the checksums vouch for is spoilt: a record of a journal, or a document."""
    records = RECORD.findall(content)
    if not records:
        return mutators.inside(luck, content)
    record = luck.choice(records)
    body = mutators.inside(luck, record[len(HEAD % (0, 0)) : -1])
    return content.replace(record, HEAD % (len(body), crc32(body)) + body + b"\n", 1)


async def _good_folders() -> list[Mapping[str, bytes]]:
    """Return the files of small stores at some moments of their lives."""
    with _folder() as name:
        folder = Path(name)
        good = []
        for serial in (1, 2, 3):
            store = await open_store(folder)
            await store.save(*examples.one_of_each(), examples.parcel(serial), examples.subscription(serial))
            await store.save(examples.row(serial), remove=[examples.parcel(serial - 1)])
            await store.next_serial("T-ONE")
            await store.add(examples.item(str(serial)))
            good.append(_files(folder))
            await store.close()
            good.append(_files(folder))
        return good


def _files(folder: Path) -> Mapping[str, bytes]:
    """Return what is in the folder, without the empty room that a journal keeps at its end."""
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != LOCK}
    return {name: content.rstrip(b"\0") for name, content in files.items()}


@contextlib.contextmanager
def _short_steps() -> Iterator[None]:
    """Let journals grow in small steps: a megabyte of zeros for each input would be half of the work."""
    step, journal.STEP = journal.STEP, 1 << 12
    try:
        yield
    finally:
        journal.STEP = step


def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="waybill-fuzz-", dir=MEMORY if MEMORY.is_dir() else None)
