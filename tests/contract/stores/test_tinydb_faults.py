"""What the store survives: kills, failing disks, full disks."""

# ruff: noqa: ASYNC240, ASYNC251 - nothing else runs in the loop of these tests

import asyncio
import errno
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import StoreError
from bot.domain.records import Memo
from bot.ports import Record
from bot.stores.store import RecordStore
from bot.stores.tinydb import open_store
from tests.contract.stores.examples import HERE, parcel, row, subscription
from tests.contract.stores.files import CountedFiles, journals, keep, no_file_above, plain_journal, saver, serials

BIG = Memo(workspace="T-ONE", name="big", value="x" * 3_000_000)


@pytest.mark.promise("R28")
@pytest.mark.parametrize("compacting", [False, True])
async def test_a_kill_costs_nothing_that_was_acknowledged(folder: Path, *, compacting: bool) -> None:
    luck = random.Random(17)
    acknowledged: set[int] = set()
    for kill in range(1, 9):
        with saver(folder, compacting=compacting) as process:
            acknowledged |= set(serials(process, at_most=luck.randrange(1, 20)))
            time.sleep(luck.uniform(0, 0.005))  # somewhere within the next saves
            process.kill()
            assert process.stdout
            acknowledged |= {int(line) for line in process.stdout if line.endswith("\n")}

        store = await open_store(folder)
        found = {one.serial for one in await store.parcels()}
        assert found >= acknowledged
        assert len(found - acknowledged) <= kill  # one a life, saved but not yet said
        assert set(await store.subscriptions(HERE)) == {subscription(serial) for serial in found}
        assert set(await store.waiting()) == {row(serial) for serial in found}
        assert await store.memo("T-ONE", "newest") == str(max(found))
        assert await store.next_serial("T-ONE") > max(found)
        assert not store.remark
        await store.close()


async def test_what_a_kill_left_unfinished_is_in_nobodys_way(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    await keep(folder, parcel(1))
    (folder / "waybill.new").write_text("{")
    (folder / "waybill.link").write_text("{")

    await keep(folder, parcel(2))

    assert not caplog.records
    names = ["waybill.json", "waybill.lock", "waybill.previous.json", *journals(folder)]
    assert sorted(file.name for file in folder.iterdir()) == sorted(names)


async def test_a_first_start_that_got_no_further_than_the_journal_is_made_again(folder: Path) -> None:
    await keep(folder)
    (folder / "waybill.json").unlink()
    assert journals(folder) == ["waybill.000001.journal"]

    await keep(folder, parcel(1))

    assert (folder / "waybill.json").exists()


@pytest.mark.promise("R28")
async def test_a_save_is_on_the_disk_before_it_is_acknowledged(folder: Path) -> None:
    files = CountedFiles()
    store = await open_store(folder, files=files)
    files.calls.clear()

    await store.save(parcel(1))

    assert files.calls[-2:] == ["write", "sync_content"]
    await store.close()


@pytest.mark.promise("R28", "R32")
@pytest.mark.parametrize("why", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("ever_after", [False, True])
async def test_whichever_operation_fails_a_save_is_made_or_nothing_was_changed(
    folder: Path, why: int, *, ever_after: bool
) -> None:
    files = CountedFiles()
    stored: set[Record] = {parcel(1), row(1)}
    store = await open_store(folder, files=files)
    await store.save(*stored)
    for operation in range(100):
        new = parcel(100 + operation)
        files.fail(operation, why, ever_after=ever_after)
        before = len(files.calls)
        try:
            await store.save(new, row(100 + operation))
        except StoreError as error:
            assert "Nothing was changed" in str(error)  # noqa: PT017 - a round may raise nothing
            assert store.trouble == str(error)  # noqa: PT017 - the same
        else:
            stored |= {new, row(100 + operation)}
            assert not store.trouble
        met = len(files.calls) - before > operation
        files.mend()
        assert set(await store.everything()) == stored

        store = await reopened(folder, store, files)
        found = set(await store.everything())
        if ever_after:  # a disk that takes nothing any more may keep what it was told to take back
            stored |= found & {new, row(100 + operation)} if new in found else set()
        assert found == stored
        if not met:
            break
    else:
        pytest.fail("the save has no end")
    await store.save(parcel(2))
    await store.close()


async def reopened(folder: Path, store: RecordStore, files: CountedFiles) -> RecordStore:
    """Let the process die: nothing is written any more, and another one opens what is there."""
    files.fail(0, errno.EROFS, ever_after=True)
    await store.close()
    files.mend()
    return await open_store(folder, files=files)


@pytest.mark.promise("R28", "R32")
@pytest.mark.parametrize("ever_after", [False, True])
async def test_whichever_operation_of_compaction_fails_nothing_is_lost(folder: Path, *, ever_after: bool) -> None:
    files = CountedFiles()
    store = await open_store(folder, files=files)
    stored: set[Record] = set()
    for operation in range(100):
        stored.add(parcel(operation))
        await store.save(parcel(operation))
        files.fail(operation, errno.EIO, ever_after=ever_after)
        before = len(files.calls)
        try:
            await store.compact()
        except StoreError as error:
            assert "Nothing was changed" in str(error)  # noqa: PT017 - a round may raise nothing
        met = len(files.calls) - before > operation
        files.mend()
        stored.add(row(operation))
        await store.save(row(operation))
        store = await reopened(folder, store, files)
        assert set(await store.everything()) == stored
        assert not store.remark
        if not met:
            break
    else:
        pytest.fail("compaction has no end")
    await store.close()


@pytest.mark.promise("R32")
async def test_a_file_whose_fsync_failed_is_never_synced_again(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = CountedFiles()
    store = await open_store(folder, files=files)
    await store.save(parcel(1))
    files.fail(1, errno.EIO)

    await store.save(parcel(2))

    (refused,) = files.refused
    after = files.synced[files.synced_at_refusal :]
    assert refused.endswith("waybill.000001.journal")
    assert refused not in after
    assert str(folder / "waybill.new") in after
    assert "goes on in a new generation" in caplog.text
    assert not Path(refused).exists()
    await store.save(parcel(3))
    store = await reopened(folder, store, files)
    assert {one.serial for one in await store.parcels()} == {1, 2, 3}
    await store.close()


@pytest.mark.promise("R32")
async def test_a_full_disk_refuses_changes_until_there_is_room_again(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = await open_store(folder)
    await store.save(parcel(1))
    before = plain_journal(folder)

    with no_file_above(1_200_000):
        for _ in range(3):
            with pytest.raises(StoreError, match="no room"):
                await store.save(BIG, parcel(2))

    assert "no room" in store.trouble
    assert plain_journal(folder) == before
    assert await store.memo("T-ONE", "big") is None
    assert await store.parcels() == [parcel(1)]
    await store.save(BIG)
    assert not store.trouble
    assert [record.message for record in caplog.records] == ["the store takes no changes"]
    await store.close()
    store = await open_store(folder)
    assert set(await store.everything()) == {parcel(1), BIG}
    await store.close()


async def test_a_disk_too_full_to_write_all_anew_loses_nothing(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = await open_store(folder)
    await store.save(BIG)

    with no_file_above(50_000):
        await store.close()

    assert "could not be written anew" in caplog.text
    store = await open_store(folder)
    assert await store.memo("T-ONE", "big")
    await store.close()


async def test_a_journal_that_has_grown_is_written_anew_beside_the_changes(folder: Path) -> None:
    store = await open_store(folder)
    saved = 0

    while len(list(folder.glob("waybill.*.journal"))) < 2:
        await asyncio.gather(*(store.save(replace(BIG, name=str(saved % 3)), parcel(saved + at)) for at in range(3)))
        saved += 3
        assert saved < 100

    await store.save(parcel(1000))
    store = await reopened(folder, store, CountedFiles())
    assert len(await store.parcels()) == saved + 1
    await store.close()


@pytest.mark.promise("R28")
async def test_what_is_saved_while_all_is_written_anew_is_there_afterwards(folder: Path) -> None:
    store = await open_store(folder)
    await store.save(*(parcel(serial) for serial in range(2000)))
    compacting = asyncio.create_task(store.compact())
    saved = 0

    while not compacting.done():
        saved += 1
        await store.save(parcel(saved, revision=1), row(saved))

    await compacting
    files = CountedFiles()
    store = await reopened(folder, store, files)
    assert {one.serial for one in await store.parcels() if one.revision} == set(range(1, saved + 1))
    assert len(await store.waiting()) == saved > 0
    await store.close()
