"""What people do to a store by hand: verify, compact, back up, restore; and what is erased leaves no trace."""

# ruff: noqa: ASYNC240 - nothing else runs in the loop of these tests

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from bot import cli
from bot.domain.records import Memo
from bot.ports import Record
from bot.stores.store import LAST_SERIAL
from bot.stores.tinydb import keeping, open_store
from tests.contract.stores.examples import HERE, NOW, item, one_of_each, parcel, row, subscription
from tests.contract.stores.files import journals, keep, saver, serials


@pytest.fixture
def say(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Say":
    monkeypatch.setenv("WAYBILL_DATA", str(folder))
    return Say(capsys)


class Say:
    """Runs `waybill store` and returns its exit code and what it said."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: object) -> tuple[object, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(["store", *map(str, words)])
        printed = self._capsys.readouterr()
        return ended.value.code, printed.out + printed.err


async def test_verify_reads_a_store_at_work_and_counts_what_is_in_it(folder: Path, say: Say) -> None:
    store = await open_store(folder)
    await store.save(parcel(1), parcel(2), row(1))

    code, said = say("verify")

    assert code == 0
    assert "is whole: 2 parcels, 1 outbox; 1 changes since the snapshot" in said
    await store.close()


@pytest.mark.promise("R29")
async def test_verify_says_what_is_broken_and_changes_nothing(folder: Path, main: Path, say: Say) -> None:
    await keep(folder, parcel(1))
    broken = main.read_bytes().replace(b'"serial":1', b'"serial":2')
    main.write_bytes(broken)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}

    code, said = say("verify")

    assert code == 1
    assert "waybill.json is not whole" in said
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


@pytest.mark.promise("R31")
async def test_what_changes_a_store_says_who_holds_it(folder: Path, tmp_path: Path, say: Say) -> None:
    with saver(folder) as holder:
        list(serials(holder, at_most=1))
        answers = [say("compact"), say("backup", tmp_path / "b"), say("restore", folder / "waybill.json", "--replace")]
        code, verified = say("verify")
        holder.kill()

    assert {answer[0] for answer in answers} == {3}
    assert all(f"process {holder.pid})" in said for _, said in answers)
    assert code == 0, verified


async def test_a_backup_restored_elsewhere_is_the_same_store(
    folder: Path, tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(folder, *one_of_each(), Memo(workspace="T-ONE", name=LAST_SERIAL, value="17"))
    backup = tmp_path / "backup.json"

    assert say("backup", backup)[0] == 0

    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert "there already" in say("backup", backup)[1]
    code, said = say("restore", backup)
    assert code == 3
    assert "--replace" in said
    monkeypatch.setenv("WAYBILL_DATA", str(tmp_path / "other"))
    assert say("restore", backup)[0] == 0
    store = await open_store(tmp_path / "other")
    assert set(await store.everything()) >= set(one_of_each())
    assert await store.next_serial("T-ONE") == 18 + keeping.SERIALS_LEFT_OUT
    await store.close()


async def test_a_restore_keeps_aside_what_it_replaces(folder: Path, tmp_path: Path, say: Say) -> None:
    await keep(folder, parcel(1))
    say("backup", tmp_path / "backup.json")
    await keep(folder, parcel(2))
    before = (folder / "waybill.json").read_bytes()

    assert say("restore", tmp_path / "backup.json", "--replace")[0] == 0

    store = await open_store(folder)
    assert [one.serial for one in await store.parcels()] == [1]
    await store.close()
    (aside,) = folder.glob("waybill.replaced-*.waybill.json")
    assert aside.read_bytes() == before


async def test_a_broken_backup_is_not_restored(folder: Path, tmp_path: Path, say: Say) -> None:
    await keep(folder, parcel(1))
    say("backup", tmp_path / "backup.json")
    (tmp_path / "broken.json").write_bytes(
        (tmp_path / "backup.json").read_bytes().replace(b'"serial":1', b'"serial":9')
    )

    for file in ("broken.json", "missing.json"):
        code, said = say("restore", tmp_path / file, "--replace")

        assert code == 3
        assert "Nothing was changed" in said
    store = await open_store(folder)
    assert [one.serial for one in await store.parcels()] == [1]
    await store.close()


def test_without_a_store_nothing_is_made(folder: Path, say: Say) -> None:
    assert say("compact")[0] == 3
    assert say("verify")[0] == 1
    assert not folder.exists()


@pytest.mark.promise("S13")
@pytest.mark.parametrize("by_hand", [False, True])
async def test_what_was_removed_is_in_no_file_once_nothing_older_is_kept(
    folder: Path, say: Say, *, by_hand: bool
) -> None:
    canary = "canary-of-somebody"
    full = one_of_each()[0]
    records: list[Record] = [
        replace(subscription(1, title=canary), person=canary),
        replace(row(1), note=canary),
        replace(item("one"), words=f"add {canary}"),
        Memo(workspace="T-ONE", name="watermark", value=canary),
    ]
    await keep(folder, *records, full)
    await keep(folder, replace(subscription(1, title=canary), archived_at=NOW))
    (folder / "waybill.corrupt-1.json").write_text(canary)
    (folder / "waybill.format-1.json").write_text(canary)
    store = await open_store(folder)
    await store.save(row(2), remove=[*records, full])
    assert found(folder, canary)

    if by_hand:
        await store.close()
        assert say("compact", "--drop-previous")[0] == 0
        store = await open_store(folder)
    else:
        await store.compact(drop_previous=True)

    assert not found(folder, canary)
    assert len(journals(folder)) == 1
    assert b'"packed"' not in b"".join(file.read_bytes() for file in folder.iterdir())
    assert set(await store.everything()) == {row(2)}
    assert await store.subscriptions(HERE) == []
    await store.close()


def found(folder: Path, canary: str) -> list[str]:
    """Return the names of the files that hold a text."""
    return [file.name for file in folder.iterdir() if canary.encode() in file.read_bytes()]
