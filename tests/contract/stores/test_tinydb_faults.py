"""What the file survives: kills, failing disks, full disks."""

# ruff: noqa: ASYNC240, ASYNC251 - nothing else runs in the loop of these tests

import errno
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import StoreError
from bot.domain.records import Memo
from bot.stores.tables import to_document
from bot.stores.tinydb import open_store
from tests.contract.stores.examples import HERE, parcel, row, subscription
from tests.contract.stores.files import count_calls, fail_at, keep, no_file_above, plain, saver, serials


async def test_a_kill_costs_nothing_that_was_acknowledged(folder: Path) -> None:
    luck = random.Random(17)
    acknowledged: set[int] = set()
    for kill in range(1, 11):
        with saver(folder) as process:
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

    await keep(folder, parcel(2))

    assert not caplog.records
    assert sorted(file.name for file in folder.iterdir()) == ["waybill.json", "waybill.lock", "waybill.previous.json"]


async def test_a_save_is_on_the_disk_before_it_is_acknowledged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await open_store(folder)
    calls = count_calls(monkeypatch, "fsync", "replace")

    await store.save(parcel(1))

    assert calls == ["fsync", "replace", "fsync"]  # the content, then its name
    await store.close()


@pytest.mark.parametrize("why", [errno.EIO, errno.ENOSPC])
async def test_wherever_a_write_fails_nothing_was_changed(
    folder: Path, main: Path, monkeypatch: pytest.MonkeyPatch, why: int
) -> None:
    store = await open_store(folder)
    await store.save(parcel(1), row(1))
    before = main.read_bytes()
    failures = 0
    while True:
        with monkeypatch.context() as patch:
            fail_at(patch, failures, why)
            try:
                await store.save(replace(parcel(1), revision=1), parcel(2), remove=[row(1)])
            except StoreError as error:
                assert "Nothing was changed" in str(error)  # noqa: PT017 - the last round raises nothing
            else:
                break
        failures += 1
        assert main.read_bytes() == before
        assert await store.parcels() == [parcel(1)]
        assert await store.waiting() == [row(1)]

    assert failures >= 4  # create, fsync, rename, fsync of the folder
    assert {one.revision for one in await store.parcels()} == {0, 1}
    await store.close()
    store = await open_store(folder)
    assert set(await store.parcels()) == {parcel(1, revision=1), parcel(2)}
    await store.close()


async def test_a_full_disk_refuses_one_save_and_later_ones_work(folder: Path, main: Path) -> None:
    store = await open_store(folder)
    await store.save(parcel(1))
    before = main.read_bytes()
    big = Memo(workspace="T-ONE", name="big", value="x" * 100_000)

    with no_file_above(50_000), pytest.raises(StoreError, match="no room"):
        await store.save(big, parcel(2))

    assert main.read_bytes() == before
    assert sorted(file.name for file in folder.iterdir()) == ["waybill.json", "waybill.lock"]
    assert await store.memo("T-ONE", "big") is None
    assert await store.parcels() == [parcel(1)]
    await store.save(big)
    assert plain(main)["memos"] == [to_document(big)]
    await store.close()


async def test_a_disk_too_full_to_keep_a_generation_still_lets_the_store_open(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await keep(folder, Memo(workspace="T-ONE", name="big", value="x" * 100_000))

    with no_file_above(50_000):
        store = await open_store(folder)

    assert await store.memo("T-ONE", "big")
    assert "this generation of the store is not kept" in caplog.text
    await store.close()
