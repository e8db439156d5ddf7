"""What the store takes: one durable change, the start, the memory of a parcel; each beside its floor."""

import asyncio
import gc
import os
import random
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from bot.domain.parcel import Checkpoint, Parcel, ParcelKey, Place, Subscription
from bot.domain.records import Notification
from bot.domain.status import Event, Status
from bot.stores.store import RecordStore
from bot.stores.tables import pack
from bot.stores.tinydb import open_store
from tests.benchmarks.pages import NOON
from tests.benchmarks.table import Figures

HERE = Place("T0SANDBOX", "C0ELSEWHERE")
SIZES = (100, 10_000, 100_000)
ROUNDS, AT_ONCE, BATCHES = 300, 64, 30


def parcel(serial: int) -> Parcel:
    """Return a parcel of 12 checkpoints."""
    lines = tuple(
        Checkpoint(
            carrier="ups",
            local_time=NOON.replace(tzinfo=None, hour=hour),
            text=f"Arrived at Facility {(serial * 31 + hour * 17) % 9973}",
            location=f"Salt Lake City {serial * hour % 89}, UT, US",
            status=Status.IN_TRANSIT,
            substatus="transit001",
        )
        for hour in range(12, 0, -1)
    )
    return Parcel(
        workspace=HERE.workspace,
        key=ParcelKey("ups", f"1ZX{serial:015d}"),
        serial=serial,
        added_at=NOON,
        status=Status.IN_TRANSIT,
        substatus="transit001",
        checkpoints=lines,
        seen=frozenset(line.id for line in lines),
        revision=6,
        observed_at=NOON,
        updated_at=NOON,
        moved_at=NOON,
        fingerprint=2**60 + serial,
    )


def row(one: Parcel) -> Notification:
    """Return what is to be told of a parcel."""
    return Notification(
        place=HERE,
        key=one.key,
        revision=one.revision,
        event=Event.OUT,
        created_at=NOON,
        until=NOON,
        status=one.status,
        checkpoints=one.checkpoints[:1],
    )


async def fill(folder: Path, size: int) -> None:
    """Have a channel follow so many parcels."""
    store = await open_store(folder)
    for begin in range(0, size, 2000):
        some = [parcel(serial) for serial in range(begin, min(size, begin + 2000))]
        follows = (Subscription(place=HERE, key=one.key, added_by="U0ADA", added_at=NOON, card="1.0") for one in some)
        await store.save(*some, *follows)
    await store.close()


class Sqlite:
    """The floor: the same rows in a database that is as durable."""

    def __init__(self, path: Path, size: int) -> None:
        self._base = sqlite3.connect(path, isolation_level=None)
        for line in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL"):
            self._base.execute(line)
        for table in ("parcels", "outbox"):
            self._base.execute(f"CREATE TABLE {table} (id TEXT PRIMARY KEY, document BLOB)")
        self._base.execute("BEGIN")
        some = (parcel(serial) for serial in range(size))
        self._base.executemany("INSERT INTO parcels VALUES (?, ?)", ((one.id, short(one)) for one in some))
        self._base.execute("COMMIT")

    def save(self, one: Parcel, told: Notification) -> None:
        """Save both in one transaction, packed as the store packs them."""
        self._base.execute("BEGIN")
        self._base.execute("INSERT OR REPLACE INTO parcels VALUES (?, ?)", (one.id, short(one)))
        self._base.execute("INSERT OR REPLACE INTO outbox VALUES (?, ?)", (told.id, pack(told)))
        self._base.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()


def short(one: Parcel) -> bytes:
    """Return the document that is written when no checkpoint is new."""
    return pack(replace(one, checkpoints=one.checkpoints[:1], seen=frozenset()))


async def changed(store: RecordStore, luck: random.Random, size: int) -> tuple[Parcel, Parcel]:
    """Return a parcel as it is stored, and after a change."""
    before = await store.parcel(HERE.workspace, parcel(luck.randrange(size)).key)
    assert before
    return before, replace(before, revision=before.revision + 1, status=Status.PICKUP)


async def one_change(folder: Path, size: int) -> tuple[float, float, float, float]:
    """Return seconds a change, alone and 64 at once, each with those of SQLite, measured in turns."""
    await fill(folder / "data", size)
    floor, luck = Sqlite(folder / "floor.sqlite", size), random.Random(size)
    store = await open_store(folder / "data")
    alone, alone_floor, together, together_floor = [], [], [], []
    for _ in range(ROUNDS):
        before, after = await changed(store, luck, size)
        told = row(after)
        began = time.perf_counter()
        await store.save(after, told, onto=[before])
        between = time.perf_counter()
        floor.save(after, told)
        alone_floor.append(time.perf_counter() - between)
        alone.append(between - began)
    for _ in range(BATCHES):
        found = {one.id: (one, after) for one, after in [await changed(store, luck, size) for _ in range(AT_ONCE)]}
        saves = [(after, row(after), before) for before, after in found.values()]
        began = time.perf_counter()
        await asyncio.gather(*(store.save(after, told, onto=[before]) for after, told, before in saves))
        between = time.perf_counter()
        for after, told, _ in saves:
            floor.save(after, told)
        together_floor.append((time.perf_counter() - between) / len(saves))
        together.append((between - began) / len(saves))
    floor.close()
    await store.close()
    return median(alone), median(alone_floor), median(together), median(together_floor)


async def test_one_durable_change(tmp_path: Path, figures: Figures) -> None:
    took = {}
    for size in SIZES:
        folder = tmp_path / str(size)
        folder.mkdir()
        took[size] = await one_change(folder, size)
    for size, (alone, floor, together, together_floor) in took.items():
        for what, mine, bare in (("alone", alone, floor), (f"{AT_ONCE} at once", together, together_floor)):
            figures.line(
                f"one durable change, {size:,} parcels, {what}",
                mine / bare,
                measured=f"{mine * 1e6:,.0f} µs",
                floor=f"SQLite (WAL, FULL), same rows: {bare * 1e6:,.0f} µs",
                must=1.0,
                reach=0.75,
                unit=" x",
            )
    for at, what in ((0, "alone"), (2, f"{AT_ONCE} at once")):
        growth = took[SIZES[-1]][at] / took[SIZES[0]][at]
        figures.line(
            f"growth of a change from {SIZES[0]} to {SIZES[-1]:,} parcels, {what}",
            growth,
            measured=f"{took[SIZES[0]][at] * 1e6:,.0f} to {took[SIZES[-1]][at] * 1e6:,.0f} µs",
            floor="-",
            must=1.2,
            unit=" x",
        )


@pytest.mark.parametrize("size", SIZES[1:])
async def test_start_and_memory(tmp_path: Path, figures: Figures, size: int) -> None:
    await fill(tmp_path / "data", size)
    gc.collect()
    command = [sys.executable, "-m", "tests.benchmarks.test_store_bench"]
    bare, mine = [], []
    for _ in range(3):
        bare.append(await asyncio.to_thread(started, command))
        mine.append(await asyncio.to_thread(started, [*command, str(tmp_path / "data")]))
    seconds, floor = median(one[0] for one in mine), median(one[0] for one in bare)
    memory = median(one[1] for one in mine) - median(one[1] for one in bare)
    figures.line(
        f"start to the first answer of the store, {size:,} parcels",
        seconds,
        measured=f"{seconds:,.2f} s",
        floor=f"bare import: {floor:,.2f} s",
        must=2.0 if size == SIZES[1] else None,
        reach=1.0 if size == SIZES[1] else None,
        unit=" s",
    )
    figures.line(
        f"memory a parcel of 12 checkpoints with its subscription, {size:,} parcels",
        memory / size,
        measured=f"{memory / 1e6:,.0f} MB resident",
        floor="-",
        must=4096 if size == SIZES[-1] else None,
        reach=2048 if size == SIZES[-1] else None,
        unit=" bytes",
    )


def started(command: list[str]) -> tuple[float, int]:
    """Return how long a process took to its first answer, and the bytes resident then."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        resident = int(process.stdout.readline())
        seconds = time.perf_counter() - began
    return seconds, resident


async def _answer(folder: Path) -> None:
    store = await open_store(folder)
    assert await store.parcel(HERE.workspace, parcel(1).key)
    _say_resident()  # while the store is held


def _say_resident() -> None:
    with open("/proc/self/statm") as statm:  # noqa: PTH123 - a file of the system
        print(int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"), flush=True)  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    import bot.app  # noqa: F401 - the floor is what all of the bot imports

    if len(sys.argv) > 1:
        asyncio.run(_answer(Path(sys.argv[1])))
    else:
        _say_resident()
