"""Tables in a folder, as the store uses them: one thread writes, in order, and whoever asked is told."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from bot.domain.errors import StoreError
from bot.stores.sealing import Sealer, new_key
from bot.stores.tinydb import TinyTables, open_store
from bot.stores.tinydb.files import Files
from bot.stores.tinydb.ledger import Ledger
from bot.stores.tinydb.tables import PROVEN, QUICK, SMALL
from tests.contract.stores.examples import item

MEMO = b'{"n":1}'


class Watched(Files):
    """Files that note which thread synced a journal, and hold it up until they are told to go on."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.fails = False

    def sync_content(self, handle: int) -> None:
        self.goes_on.wait(5)
        self.threads.append(threading.current_thread())
        if self.fails:
            raise OSError(28, "No space left on device")
        super().sync_content(handle)


@pytest.fixture
def files() -> Watched:
    return Watched()


@pytest.fixture
async def tables(tmp_path: Path, files: Watched) -> AsyncIterator[TinyTables]:
    tables = TinyTables(Ledger(tmp_path / "data", files=files))
    files.threads.clear()
    yield tables
    files.goes_on.set()
    await tables.close()


async def test_changes_are_written_in_order_by_one_thread_that_is_not_the_loops(
    tables: TinyTables, files: Watched
) -> None:
    for number in (1, 2, 3):
        await tables.write([("memos", number, MEMO)])

    (writer,) = set(files.threads)
    assert len(files.threads) == 3
    assert writer is not threading.main_thread()
    assert (writer.name, writer.daemon) == ("store", True)  # a disk that hangs does not keep the process from ending
    assert tables.rows == {"memos": {1: MEMO, 2: MEMO, 3: MEMO}}


async def test_a_change_shows_once_it_lasts(tables: TinyTables, files: Watched) -> None:
    files.goes_on.clear()
    writing = asyncio.create_task(tables.write([("memos", 1, MEMO)]))
    await asyncio.sleep(0.01)
    before = dict(tables.rows)

    files.goes_on.set()
    await writing

    assert (before, tables.rows, tables.changed, tables.grown) == ({}, {"memos": {1: MEMO}}, True, False)


async def test_whoever_asked_and_went_away_does_not_stop_the_thread(tables: TinyTables, files: Watched) -> None:
    files.goes_on.clear()
    gone = asyncio.create_task(tables.write([("memos", 1, MEMO)]))
    await asyncio.sleep(0.01)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone

    files.goes_on.set()
    await tables.write([("memos", 2, MEMO)])

    assert tables.rows["memos"][2] == MEMO


async def test_whoever_asked_is_told_what_the_disk_said_and_the_next_is_served(
    tables: TinyTables, files: Watched
) -> None:
    files.fails = True
    with pytest.raises(StoreError, match="There is no room"):
        await tables.write([("memos", 1, MEMO)])
    files.fails = False

    await tables.write([("memos", 2, MEMO)])

    assert tables.rows == {"memos": {2: MEMO}}


async def test_all_is_written_anew_and_then_nothing_is_changed(tables: TinyTables, tmp_path: Path) -> None:
    await tables.write([("memos", 1, MEMO)])

    await tables.compact(nullcontext(), drop_previous=True)

    assert not tables.changed
    assert MEMO in (tmp_path / "data" / "waybill.json").read_bytes()
    assert sorted(file.name for file in (tmp_path / "data").iterdir()) == [
        "waybill.000002.journal",
        "waybill.json",
        "waybill.lock",
    ]


async def test_once_closed_the_folder_is_free_and_the_thread_has_ended(tmp_path: Path) -> None:
    files = Watched()
    tables = TinyTables(Ledger(tmp_path, files=files))
    await tables.write([("memos", 1, MEMO)])

    await tables.close()

    assert not files.threads[-1].is_alive()
    Ledger(tmp_path).close()


async def test_closing_waits_for_the_change_that_is_being_made(tmp_path: Path) -> None:
    files = Watched()
    tables = TinyTables(Ledger(tmp_path, files=files))
    files.goes_on.clear()
    gone = asyncio.create_task(tables.write([("memos", 1, MEMO)]))
    await asyncio.sleep(0.01)
    gone.cancel()
    threading.Timer(0.05, files.goes_on.set).start()

    await tables.close()

    again = Ledger(tmp_path)
    assert (files.threads[-1].is_alive(), again.tables) == (False, {"memos": {1: MEMO}})
    again.close()


@pytest.mark.promise("R32")
async def test_a_disk_that_fails_under_the_thread_leaves_the_change_made_in_a_new_generation(tmp_path: Path) -> None:
    disk = Disk()
    tables = TinyTables(Ledger(tmp_path, files=disk))
    disk.breaks = True

    await tables.write([("memos", 1, MEMO)])

    assert tables.rows == {"memos": {1: MEMO}}
    assert (tmp_path / "waybill.000002.journal").exists()
    await tables.close()


async def test_what_was_mended_on_opening_is_remarked_on(tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    journal = tmp_path / "waybill.000001.journal"
    journal.write_bytes(journal.read_bytes().rstrip(b"\0") + b"00000012 torn")

    tables = TinyTables(Ledger(tmp_path))

    assert tables.remark.startswith("The last change before the stop was torn and was cut from waybill.000001.journal.")
    await tables.close()


@pytest.mark.promise("S9")
async def test_a_store_is_opened_in_its_folder_and_with_its_sealer(tmp_path: Path) -> None:
    key = new_key()
    store = await open_store(tmp_path / "data", Sealer(key))
    await store.save(item())
    await store.close()

    with pytest.raises(StoreError, match="is sealed with a key"):
        await open_store(tmp_path / "data")
    again = await open_store(tmp_path / "data", Sealer(key))
    assert await again.everything() == [item()]
    await again.close()


# ── on the event loop ─────────────────────────────────────────────────────────────────────────────────────────────────


class Disk(Files):
    """A disk of which a test says how long each change takes, and that notes who waited for it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.takes = 0.0
        self.breaks = self.full = False
        self.on_the_loop: list[bool] = []

    def sync_content(self, handle: int) -> None:
        self.now += self.takes
        self.on_the_loop.append(threading.current_thread() is threading.main_thread())
        if self.breaks:
            self.breaks = False
            raise OSError(5, "Input/output error")
        super().sync_content(handle)

    def write(self, handle: int, content: bytes, at: int) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        super().write(handle, content, at)


@pytest.fixture
async def disk() -> Disk:
    return Disk()


@pytest.fixture
async def proven(tmp_path: Path, disk: Disk) -> AsyncIterator[TinyTables]:
    """Tables on a disk that was quick for a while."""
    tables = TinyTables(Ledger(tmp_path / "data", files=disk), clock=lambda: disk.now)
    disk.on_the_loop.clear()
    for number in range(PROVEN):
        await tables.write([("memos", number, MEMO)])
    assert disk.on_the_loop == [False] * PROVEN
    disk.on_the_loop.clear()
    yield tables
    disk.full = False
    await tables.close()


async def test_a_disk_that_is_quick_all_the_time_is_waited_for_on_the_loop(proven: TinyTables, disk: Disk) -> None:
    disk.takes = QUICK * 0.99

    for number in (1001, 1002):
        await proven.write([("memos", number, MEMO), ("memos", 1, None)])

    assert disk.on_the_loop == [True, True]
    assert (proven.rows["memos"][1002], 1 in proven.rows["memos"]) == (MEMO, False)


async def test_one_slow_change_and_the_thread_makes_them_until_the_disk_is_proven_again(
    proven: TinyTables, disk: Disk
) -> None:
    disk.takes = QUICK
    await proven.write([("memos", 1001, MEMO)])
    disk.takes = 0

    for number in range(PROVEN + 1):
        await proven.write([("memos", number, MEMO)])

    assert disk.on_the_loop == [True, *[False] * PROVEN, True]


async def test_changes_of_many_bytes_are_made_by_the_thread(proven: TinyTables, disk: Disk) -> None:
    half = b'"%b"' % (b"x" * (SMALL // 2 - 2))

    await proven.write([("memos", 1, half), ("memos", 2, half[1:-2] + b'"'), ("memos", 3, None)])
    await proven.write([("memos", 1, half), ("memos", 2, half)])

    assert disk.on_the_loop == [True, False]
    assert proven.rows["memos"][2] == half


@pytest.mark.promise("R32")
async def test_a_disk_that_breaks_is_left_to_the_thread_and_the_change_is_made(
    proven: TinyTables, disk: Disk, tmp_path: Path
) -> None:
    disk.breaks = True

    await proven.write([("memos", 1001, MEMO)])

    assert disk.on_the_loop[0]
    assert not any(disk.on_the_loop[1:])
    assert proven.rows["memos"][1001] == MEMO
    assert (tmp_path / "data" / "waybill.000002.journal").exists()


@pytest.mark.promise("R32")
async def test_a_disk_that_is_full_refuses_on_the_loop_as_well(proven: TinyTables, disk: Disk) -> None:
    disk.full = True
    with pytest.raises(StoreError, match="There is no room"):
        await proven.write([("memos", 1001, b'"%b"' % (b"x" * 50_000))])
    disk.full = False

    await proven.write([("memos", 1002, MEMO)])

    assert (1001 in proven.rows["memos"], proven.rows["memos"][1002]) == (False, MEMO)
    assert disk.on_the_loop == [True]
