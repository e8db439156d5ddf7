"""A store kept by hand: what a look at it finds, what a backup holds, and what a restore leaves aside.

Over 300 lines: three commands, each with all that may be wrong with the files it is given.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path, PosixPath
from typing import Any, ClassVar

import msgspec
import pytest

from bot.domain.errors import StoreError
from bot.stores.store import LAST_SERIAL
from bot.stores.tables import Row
from bot.stores.tinydb.files import Files
from bot.stores.tinydb.journal import empty
from bot.stores.tinydb.keeping import SERIALS_LEFT_OUT, Verdict, back_up, restore, verify
from bot.stores.tinydb.ledger import Ledger
from bot.stores.tinydb.snapshot import pack, unpack
from tests.unit.stores.clocks import in_tokyo

MEMO = b'{"workspace":"T-ONE","name":"n","value":"7"}'
COUNTER = msgspec.json.encode({"workspace": "T-ONE", "name": LAST_SERIAL, "value": "17"})
SEALED = b'{"sealed":"what only the key can say more of"}'
TORN = "The last record of the journal is torn: it was not acknowledged, and the next start cuts it away."


class Reversing:
    """A sealer that anybody could open."""

    def seal(self, _table: str, document: dict[str, object]) -> dict[str, object]:
        return {"sealed": msgspec.json.encode(document).decode()[::-1]}

    def unseal(self, _table: str, document: dict[str, object]) -> dict[str, object]:
        opened: dict[str, object] = msgspec.json.decode(str(document["sealed"])[::-1])
        return opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "backup.json"


def kept(folder: Path, *rows: Row, sealer: Reversing | None = None) -> Path:
    """Return the snapshot of a store in which these rows were written to the journal one by one."""
    ledger = Ledger(folder, sealer=sealer)
    for row in rows:
        ledger.append([row])
        ledger.apply([row])
    ledger.close()
    return folder / "waybill.json"


def found(folder: Path) -> dict[str, bytes]:
    """Return what is in the folder, the lock aside."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "waybill.lock"}


def snapshot(*rows: tuple[str, int, bytes], generation: int = 1) -> bytes:
    """Return a snapshot of these rows."""
    tables: dict[str, dict[int, bytes]] = {}
    for table, number, text in rows:
        tables.setdefault(table, {})[number] = text
    return b"".join(pack(tables, generation))


# ── verify ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_look_at_a_whole_store_counts_what_is_in_it(folder: Path) -> None:
    kept(folder, ("memos", 1, MEMO), ("memos", 2, MEMO), ("inbox", 1, SEALED))

    verdict = verify(folder)

    assert verdict == Verdict(documents={"memos": 2, "inbox": 1}, changes=3, trouble="", remark="")


def test_a_torn_record_is_remarked_on_and_is_no_trouble(folder: Path) -> None:
    kept(folder, ("memos", 1, MEMO))
    (journal,) = folder.glob("*.journal")
    journal.write_bytes(journal.read_bytes().rstrip(b"\0")[:-5])

    verdict = verify(folder)

    assert verdict == Verdict(documents={}, changes=0, trouble="", remark=TORN)


def test_where_there_is_no_store_nothing_is_whole(folder: Path) -> None:
    assert verify(folder) == Verdict(
        documents={}, changes=0, trouble="waybill.json is not whole: it is gone.", remark=""
    )
    assert not folder.exists()


@pytest.mark.parametrize("table", ["memos", "inbox"])
def test_a_document_that_the_bot_could_not_read_is_named(folder: Path, table: str) -> None:
    kept(folder, (table, 4, b'{"workspace":7}'))

    trouble = verify(folder).trouble

    assert trouble == f"Document 4 of table {table} can't be read: Expected `str`, got `int` - at `$.workspace`."


def test_the_first_trouble_found_is_told_and_both_generations_are_looked_at(folder: Path) -> None:
    main = kept(folder, ("memos", 1, MEMO))
    previous = folder / "waybill.previous.json"
    previous.write_bytes(b"{}")

    alone = verify(folder).trouble
    main.write_bytes(b"{")
    both = verify(folder).trouble
    main.unlink()
    main.mkdir()
    refused = verify(folder).trouble

    assert alone == "waybill.previous.json is not whole: no version in _meta."
    assert both.startswith("waybill.json is not whole: ")
    assert "Is a directory" in refused


def test_an_unreadable_journal_is_told_before_what_is_wrong_with_the_generation_before(folder: Path) -> None:
    kept(folder, ("memos", 1, MEMO))
    (journal,) = folder.glob("*.journal")
    journal.unlink()
    (folder / "waybill.previous.json").write_bytes(b"{}")

    trouble = verify(folder).trouble

    assert trouble.startswith("waybill.000001.journal can't be read: it is gone. Nothing was changed.")


def test_a_link_in_the_place_of_a_file_is_not_followed(folder: Path, tmp_path: Path) -> None:
    main = kept(folder, ("memos", 1, MEMO))
    main.rename(tmp_path / "elsewhere.json")
    main.symlink_to(tmp_path / "elsewhere.json")

    assert "symbolic link" in verify(folder).trouble


class Meanwhile(PosixPath):
    """A folder in which a running bot has written all anew when somebody looks for the third time."""

    looks: ClassVar[list[Path]]
    writes: ClassVar[bytes]

    def glob(self, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - each Python has its own
        self.looks.append(self)
        if len(self.looks) == 3:
            (self / "waybill.json").write_bytes(self.writes)
        return super().glob(*args, **more)


def test_what_a_running_bot_wrote_anew_meanwhile_is_looked_at_again(folder: Path) -> None:
    main = kept(folder, ("memos", 1, MEMO))
    Meanwhile.looks, Meanwhile.writes = [], main.read_bytes()
    main.write_bytes(b"half")

    verdict = verify(Meanwhile(folder))

    assert (verdict.trouble, verdict.documents) == ("", {"memos": 1})
    assert len(Meanwhile.looks) == 3


# ── back_up, restore ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_backup_is_a_snapshot_of_no_generation(folder: Path, backup: Path) -> None:
    kept(folder, ("memos", 1, MEMO), ("memos", 2, COUNTER), ("channels", 1, SEALED))

    count = back_up(folder, backup)

    content = unpack(backup.read_bytes(), "backup.json")
    assert count == 3
    assert content.tables == {"memos": {1: MEMO, 2: COUNTER}, "channels": {1: SEALED}}
    assert (content.generation, content.sealed, backup.stat().st_mode & 0o777) == (0, False, 0o600)


@pytest.mark.promise("S9")
def test_what_is_sealed_stays_sealed_in_a_backup_and_after_a_restore(
    folder: Path, tmp_path: Path, backup: Path
) -> None:
    kept(folder, ("memos", 1, MEMO), sealer=Reversing())
    other = tmp_path / "other"

    back_up(folder, backup)
    restore(other, backup, replace=False)

    assert MEMO not in backup.read_bytes() + b"".join(found(other).values())
    with pytest.raises(StoreError, match="is sealed with a key, and none was given"):
        Ledger(other)
    ledger = Ledger(other, sealer=Reversing())
    assert ledger.tables == {"memos": {1: MEMO}}
    ledger.close()


def test_a_backup_that_cannot_be_written_is_one_clear_sentence(folder: Path, tmp_path: Path, backup: Path) -> None:
    backup.write_text("mine")
    with pytest.raises(StoreError, match=r"^There is no store in ") as missing:
        back_up(folder, backup)
    kept(folder, ("memos", 1, MEMO))
    nowhere = tmp_path / "nowhere" / "backup.json"

    with pytest.raises(StoreError) as there:
        back_up(folder, backup)
    with pytest.raises(StoreError) as refused:
        back_up(folder, nowhere)

    assert str(missing.value) == (
        f"There is no store in {folder}. Nothing was changed. Name its folder in WAYBILL_DATA."
    )
    assert str(there.value) == f"{backup} is there already. Nothing was written. Name a file that is not."
    assert str(refused.value) == (
        f"Can't write {nowhere}: No such file or directory. There is no backup; the store is as it was."
    )
    assert backup.read_text() == "mine"


def test_a_restore_begins_anew_with_what_the_backup_holds(folder: Path, backup: Path) -> None:
    odd = b'{"workspace":"T-ONE","name":"last serial","value":"many"}'
    backup.write_bytes(snapshot(("memos", 1, MEMO), ("memos", 5, COUNTER), ("memos", 6, odd), ("outbox", 1, MEMO)))

    count = restore(folder, backup, replace=False)

    files = found(folder)
    restored = unpack(files["waybill.json"], "waybill.json")
    jumped = msgspec.json.decode(restored.tables["memos"].pop(5))
    assert count == 4
    assert jumped == msgspec.json.decode(COUNTER) | {"value": str(17 + SERIALS_LEFT_OUT)}
    assert (restored.tables, restored.generation) == ({"memos": {1: MEMO, 6: odd}, "outbox": {1: MEMO}}, 1)
    assert files.keys() == {"waybill.json", "waybill.000001.journal"}
    assert files["waybill.000001.journal"].rstrip(b"\0") == empty(1)
    Ledger(folder).close()  # and nobody holds it


def test_what_a_restore_replaces_is_kept_under_one_time_whatever_was_replaced_before(
    folder: Path, backup: Path
) -> None:
    kept(folder, ("memos", 1, MEMO))
    (folder / "waybill.replaced-20260302T090000000000Z.waybill.json").write_text("older")
    before = found(folder)
    backup.write_bytes(snapshot(("memos", 2, MEMO)))
    now = datetime.now(UTC)

    with in_tokyo():
        restore(folder, backup, replace=True)

    aside = {name: text for name, text in found(folder).items() if name.startswith("waybill.replaced-")}
    assert sorted(aside.values()) == sorted(before.values())
    assert aside.pop("waybill.replaced-20260302T090000000000Z.waybill.json") == b"older"
    (stamp,) = {name.split(".")[1] for name in aside}
    assert aside.keys() == {f"waybill.{stamp}.{name}" for name in ("waybill.json", "waybill.000001.journal")}
    at = datetime.strptime(stamp, "replaced-%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
    assert timedelta(0) <= at - now < timedelta(minutes=1)


def test_a_store_that_nobody_said_to_replace_stays(folder: Path, backup: Path) -> None:
    kept(folder, ("memos", 1, MEMO))
    before = found(folder)
    backup.write_bytes(snapshot(("memos", 2, MEMO)))

    with pytest.raises(StoreError) as refused:
        restore(folder, backup, replace=False)

    assert str(refused.value) == (
        f"{folder} holds a store: waybill.000001.journal, waybill.json. Nothing was changed. With `--replace` it is "
        f"kept aside, under names that begin with waybill.replaced-."
    )
    assert found(folder) == before


@pytest.mark.promise("R29")
@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_restore_that_stops_half_way_leaves_nothing_that_starts_half_replaced(
    folder: Path, backup: Path, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    kept(folder, ("memos", 1, MEMO))
    backup.write_bytes(snapshot(("memos", 2, MEMO)))
    monkeypatch.setattr(Files, "replace", stopping_after(done, Files.replace))

    with pytest.raises(StoreError, match="Nothing is lost"):
        restore(folder, backup, replace=True)

    monkeypatch.undo()
    assert (folder / "waybill.json").exists() is (done == 0)
    if done:
        with pytest.raises(StoreError, match="is gone, but here are"):
            Ledger(folder)
    else:
        Ledger(folder).close()


def stopping_after(times: int, real: Callable[..., None]) -> Callable[..., None]:
    """Return the call as it is for so many times; then the disk fails."""
    made: list[int] = []

    def act(*args: object, **more: object) -> None:
        made.append(1)
        if len(made) > times:
            raise OSError(5, "Input/output error")
        real(*args, **more)

    return act


def test_a_newer_backup_is_named_as_the_file_it_is(tmp_path: Path, folder: Path) -> None:
    newer = tmp_path / "newer.json"
    newer.write_bytes(b'{"_meta":{"1":{"version":99}}}')

    with pytest.raises(StoreError) as refused:
        restore(folder, newer, replace=False)

    assert str(refused.value).startswith(f"{newer} was written by a newer Waybill (format 99,")
