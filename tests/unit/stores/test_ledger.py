"""The ledger by itself: when all is written anew, what stays of the generation before, and what is said of trouble.

Over 300 lines: a whole life of files, from the first start over a broken disk to a store of an older format.
"""

import errno
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.domain.errors import StoreError
from bot.stores.tables import Row
from bot.stores.tinydb.files import Files
from bot.stores.tinydb.journal import empty, read_records
from bot.stores.tinydb.ledger import ANEW_AFTER, FORMAT_1, Ledger
from bot.stores.tinydb.snapshot import unpack

MAIN, PREVIOUS = "waybill.json", "waybill.previous.json"
FIRST, SECOND, THIRD = (f"waybill.00000{generation}.journal" for generation in (1, 2, 3))
MEMO = b'{"n":1}'
MEGABYTE = b'"%b"' % (b"x" * ((1 << 20) - 2))


class Failing(Files):
    """Files of which one call fails while it is named in `fails`."""

    def __init__(self) -> None:
        self.fails = ""
        self.moments: list[str] = []

    def write(self, handle: int, content: bytes, at: int) -> None:
        self._fail("write")
        super().write(handle, content, at)

    def cut(self, handle: int, size: int) -> None:
        self._fail("cut")
        super().cut(handle, size)

    def sync(self, handle: int) -> None:
        self._fail("sync")
        super().sync(handle)

    def sync_content(self, handle: int) -> None:
        if self.fails == "sync_content":
            self.fails = ""
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync_content(handle)

    def replace(self, path: Path, by: Path) -> None:
        self._fail("replace")
        super().replace(path, by)

    def reached(self, moment: str) -> None:
        self.moments.append(moment)

    def _fail(self, call: str) -> None:
        if call == self.fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


class Reversing:
    """A sealer that anybody could open."""

    def seal(self, table: str, document: dict[str, Any]) -> dict[str, Any]:
        assert table == "memos"
        return {"sealed": msgspec.json.encode(document).decode()[::-1]}

    def unseal(self, table: str, document: dict[str, Any]) -> dict[str, Any]:
        assert table == "memos"
        opened: dict[str, Any] = msgspec.json.decode(document["sealed"][::-1])
        return opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def files() -> Failing:
    return Failing()


@pytest.fixture
def ledger(folder: Path, files: Failing) -> Iterator[Ledger]:
    ledger = Ledger(folder, files=files)
    yield ledger
    files.fails = ""
    ledger.close()


def change(ledger: Ledger, *rows: Row) -> None:
    """Have the rows last, and shown."""
    ledger.append(rows)
    ledger.apply(rows)


def kept(folder: Path, *rows: Row, anew: bool = False, **options: Any) -> None:  # noqa: ANN401 - a ledger's options
    """Keep the rows in a store that is closed then."""
    ledger = Ledger(folder, **options)
    change(ledger, *rows)
    if anew:
        ledger.anew()
    ledger.close()


def there(folder: Path) -> list[str]:
    """Return the names in a folder."""
    return sorted(file.name for file in folder.iterdir())


def refusal(folder: Path, **options: Any) -> str:  # noqa: ANN401 - a ledger's options
    """Return why a folder can't be opened; it is the same each time, since nobody holds the folder afterwards."""
    reasons = set()
    for _ in range(2):
        with pytest.raises(StoreError) as refused:
            Ledger(folder, **options)
        reasons.add(str(refused.value))
    (why,) = reasons
    return why


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, dict[str, object]]]:
    """Return what was logged: level, words, and what stands beside them."""
    names = ("journal", "why", "backup")
    return [
        (one.levelname, one.message, {name: vars(one)[name] for name in names if name in vars(one)})
        for one in caplog.records
    ]


@contextmanager
def opened(folder: Path, **options: Any) -> Iterator[Ledger]:  # noqa: ANN401 - a ledger's options
    """Open a store for as long as a block takes."""
    ledger = Ledger(folder, **options)
    try:
        yield ledger
    finally:
        ledger.close()


# ── changes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("R28")
def test_what_was_appended_is_there_after_the_next_start(folder: Path) -> None:
    with opened(folder) as ledger:
        unchanged = (ledger.changed, ledger.sealed, ledger.remark, ledger.path)
        change(ledger, ("memos", 1, MEMO), ("memos", 2, MEMO), ("inbox", 1, MEMO))
        change(ledger, ("memos", 1, None), ("outbox", 9, None))
        changed = ledger.changed
        assert ledger.tables == {"memos": {2: MEMO}, "inbox": {1: MEMO}}

    assert (unchanged, changed) == ((False, False, "", folder / MAIN), True)
    with opened(folder) as again:
        assert again.tables == {"memos": {2: MEMO}, "inbox": {1: MEMO}}
        assert again.changed
        again.anew()
    with opened(folder) as anew:
        assert (anew.tables, anew.changed) == ({"memos": {2: MEMO}, "inbox": {1: MEMO}}, False)


def test_it_is_time_to_write_all_anew_once_the_journals_hold_four_megabytes(folder: Path) -> None:
    with opened(folder) as ledger:
        for number in range(3):
            change(ledger, ("memos", number, MEGABYTE))
            ledger.freeze()  # the journals of before are still needed
        before = ledger.grown
        change(ledger, ("memos", 3, MEGABYTE))
        grown = ledger.grown
    with opened(folder) as again:
        still = again.grown
        again.anew()
        after = again.grown

    assert ANEW_AFTER == 4 << 20
    assert (before, grown, still, after) == (False, True, True, False)


def test_reading_a_store_counts_no_journal_twice(folder: Path) -> None:
    kept(folder, *(("memos", number, MEGABYTE) for number in range(3)))

    with opened(folder) as ledger:
        assert not ledger.grown


def test_a_large_store_is_written_anew_when_its_journal_is_half_as_large(folder: Path) -> None:
    with opened(folder) as ledger:
        change(ledger, *(("memos", number, MEGABYTE) for number in range(12)))
        ledger.anew()
    with opened(folder) as again:
        change(again, *(("memos", number, MEGABYTE) for number in range(5)))
        before = again.grown
        change(again, ("memos", 1, MEGABYTE))
        grown = again.grown
        again.anew()
        change(again, *(("memos", number, MEGABYTE) for number in range(5)))
        after = again.grown

    assert (before, grown, after) == (False, True, False)


@pytest.mark.promise("R32")
def test_after_a_failure_to_write_all_anew_it_is_tried_again_four_megabytes_later(
    ledger: Ledger, files: Failing
) -> None:
    change(ledger, *(("memos", number, MEGABYTE) for number in range(4)))
    assert ledger.grown
    files.fails = "replace"

    with pytest.raises(StoreError, match="Nothing was changed"):
        ledger.anew()

    files.fails = ""
    soon = ledger.grown
    change(ledger, *(("memos", number, MEGABYTE) for number in range(4)))
    assert (soon, ledger.grown) == (False, True)


@pytest.mark.promise("R29", "R32")
def test_when_the_disk_fails_under_a_journal_the_store_goes_on_in_a_new_generation(
    folder: Path, ledger: Ledger, files: Failing, caplog: pytest.LogCaptureFixture
) -> None:
    change(ledger, ("memos", 1, MEMO))
    files.fails = "sync_content"

    change(ledger, ("memos", 2, MEMO))

    assert said(caplog) == [("ERROR", "the disk failed: the store goes on in a new generation", {})]
    assert there(folder) == [SECOND, MAIN, "waybill.lock"]  # nothing from before may be believed any more
    assert unpack((folder / MAIN).read_bytes(), MAIN).tables == {"memos": {1: MEMO}}
    assert read_records((folder / SECOND).read_bytes())[0][1:] == [b'[["memos",2,{"n":1}]]']
    ledger.anew()
    assert there(folder) == [SECOND, THIRD, MAIN, "waybill.lock", PREVIOUS]


@pytest.mark.promise("R32")
def test_a_change_without_room_is_refused_by_the_name_of_the_journal(ledger: Ledger, files: Failing) -> None:
    change(ledger, ("memos", 1, MEMO))
    ledger.anew()
    files.fails = "write"

    with pytest.raises(StoreError, match=re.escape(f"{SECOND} refuses: Input/output error. Nothing was changed.")):
        ledger.append([("memos", 2, MEMO)])

    assert (ledger.changed, ledger.tables) == (False, {"memos": {1: MEMO}})


# ── all anew ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("R30")
def test_the_generation_before_stays_with_its_journals_and_what_is_older_goes(
    folder: Path, ledger: Ledger, files: Failing
) -> None:
    change(ledger, ("memos", 1, MEMO))
    ledger.anew()
    first = there(folder)
    change(ledger, ("memos", 2, MEMO))
    files.moments.clear()

    ledger.anew()

    assert first == [FIRST, SECOND, MAIN, "waybill.lock", PREVIOUS]
    assert there(folder) == [SECOND, THIRD, MAIN, "waybill.lock", PREVIOUS]
    assert unpack((folder / PREVIOUS).read_bytes(), PREVIOUS).tables == {"memos": {1: MEMO}}
    assert unpack((folder / MAIN).read_bytes(), MAIN).tables == {"memos": {1: MEMO, 2: MEMO}}
    assert files.moments == ["store.tmp_written", "store.renamed", "journal.compacted"]


@pytest.mark.promise("S13")
def test_nothing_older_is_left_when_nobody_wants_it(folder: Path, ledger: Ledger) -> None:
    change(ledger, ("memos", 1, MEMO))
    ledger.anew()
    for name in ("waybill.corrupt-1.json", FORMAT_1, "waybill.replaced-1.waybill.json"):
        (folder / name).write_text("x")

    ledger.anew(drop_previous=True)

    assert there(folder) == [THIRD, MAIN, "waybill.lock"]


def test_what_is_changed_while_all_is_written_anew_is_in_the_next_journal(folder: Path) -> None:
    with opened(folder) as ledger:
        change(ledger, ("memos", 1, MEMO))
        frozen = ledger.freeze()
        clean = ledger.changed
        change(ledger, ("memos", 2, MEMO), ("memos", 1, None))
        ledger.settle(frozen)
        changed = ledger.changed

    assert (clean, changed) == (False, True)
    assert (folder / PREVIOUS).exists()
    assert unpack((folder / MAIN).read_bytes(), MAIN).tables == {"memos": {1: MEMO}}
    with opened(folder) as again:
        assert (again.tables, again.changed) == ({"memos": {2: MEMO}}, True)


def test_a_journal_that_could_not_be_begun_is_not_left_behind(folder: Path, ledger: Ledger, files: Failing) -> None:
    change(ledger, ("memos", 1, MEMO))
    for call in ("write", "sync"):
        files.fails = call

        with pytest.raises(StoreError, match="Input/output error"):
            ledger.anew()

        assert there(folder) == [FIRST, MAIN, "waybill.lock"]
    files.fails = ""
    change(ledger, ("memos", 2, MEMO))
    assert len(read_records((folder / FIRST).read_bytes())[0]) == 3


# ── opening ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_store_is_a_snapshot_of_nothing_and_a_journal(folder: Path) -> None:
    kept(folder)

    assert there(folder) == [FIRST, MAIN, "waybill.lock"]
    snapshot = unpack((folder / MAIN).read_bytes(), MAIN)
    assert (snapshot.tables, snapshot.generation, snapshot.sealed) == ({}, 1, False)


@pytest.mark.parametrize("begun", [b"", empty(1)[:9], empty(1), empty(1) + bytes(100)])
def test_a_first_start_that_got_no_further_than_its_journal_begins_again(folder: Path, begun: bytes) -> None:
    folder.mkdir(mode=0o700)
    (folder / FIRST).write_bytes(begun)
    if begun == empty(1)[:9]:
        assert "is gone, but here are" in refusal(folder)
        return

    kept(folder, ("memos", 1, MEMO))

    with opened(folder) as again:
        assert again.tables == {"memos": {1: MEMO}}


@pytest.mark.promise("R30")
def test_a_vanished_snapshot_is_not_taken_for_a_new_store(folder: Path) -> None:
    kept(folder, ("memos", 1, MEMO), anew=True)
    (folder / MAIN).unlink()

    assert refusal(folder) == (
        f"{folder / MAIN} is gone, but here are {FIRST}, {SECOND}, {PREVIOUS}. Nothing was changed. Rename the one to "
        f"go on from to {MAIN}, or move them all away to begin anew."
    )


@pytest.mark.promise("R29")
def test_a_torn_record_is_cut_away_and_remarked_on(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept(folder, ("memos", 1, MEMO))
    whole = (folder / FIRST).read_bytes().rstrip(b"\0")
    (folder / FIRST).write_bytes(whole + b"00000012 torn")

    with opened(folder) as ledger:
        assert ledger.remark == (
            f"The last change before the stop was torn and was cut from {FIRST}. "
            f"It had not been acknowledged: nothing that was is missing."
        )

    assert said(caplog) == [("WARNING", "a torn record was cut from the end of the journal", {"journal": FIRST})]
    assert (folder / FIRST).read_bytes() == whole


@pytest.mark.promise("R29")
def test_a_torn_record_that_cannot_be_cut_away_stops_the_start(folder: Path, files: Failing) -> None:
    kept(folder, ("memos", 1, MEMO))
    (folder / FIRST).write_bytes((folder / FIRST).read_bytes().rstrip(b"\0") + b"00000012 torn")
    files.fails = "cut"

    assert refusal(folder, files=files) == (
        f"{FIRST} ends in a torn record that can't be cut away. Free the disk, then start."
    )


@pytest.mark.promise("R30")
def test_a_spoiled_snapshot_is_put_together_again_and_kept_aside(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept(folder, ("memos", 1, MEMO), anew=True)
    kept(folder, ("memos", 2, MEMO))
    (folder / MAIN).write_bytes(b"{")

    with opened(folder) as ledger:
        aside = next(name for name in there(folder) if "corrupt" in name)
        assert (ledger.tables, ledger.changed) == ({"memos": {1: MEMO, 2: MEMO}}, False)
        assert ledger.remark == (
            f"The store was corrupt and is kept as {aside}. "
            f"Waybill put it together again from the generation before and its journals; nothing is missing. "
        )

    ((level, words, beside),) = said(caplog)
    assert (level, words) == ("ERROR", "the store was corrupt: put together from the generation before")
    assert "truncated" in str(beside["why"])
    assert (folder / aside).read_bytes() == b"{"
    assert unpack((folder / MAIN).read_bytes(), MAIN).tables == {"memos": {1: MEMO, 2: MEMO}}
    assert unpack((folder / PREVIOUS).read_bytes(), PREVIOUS).tables == {}  # with its journals it is all there is


@pytest.mark.promise("R30")
def test_two_spoiled_generations_stop_the_start_and_are_kept(folder: Path) -> None:
    kept(folder, ("memos", 1, MEMO), anew=True)
    for name in (MAIN, PREVIOUS):
        (folder / name).write_bytes(b"{}")

    with pytest.raises(StoreError) as refused:
        Ledger(folder)

    aside = next(name for name in there(folder) if "corrupt" in name)
    assert str(refused.value) == (
        f"{folder / MAIN} is corrupt (no version in _meta), and there is no whole {PREVIOUS} to go on from (no version "
        f"in _meta). It was kept as {aside}. Mend it and rename it to {MAIN}, put a backup back with "
        f"`waybill store restore`, or move all these files away to begin anew."
    )
    assert [(folder / name).read_bytes() for name in (aside, PREVIOUS)] == [b"{}", b"{}"]
    assert not (folder / MAIN).exists()


@pytest.mark.promise("R30")
def test_a_journal_that_vanished_is_missed_when_the_snapshot_is_spoiled_as_well(folder: Path) -> None:
    kept(folder, ("memos", 1, MEMO), anew=True)
    kept(folder, ("memos", 2, MEMO))
    (folder / MAIN).write_bytes(b"{")
    (folder / SECOND).unlink()

    with pytest.raises(StoreError, match=re.escape(f"({SECOND} can't be read: it is gone.")):
        Ledger(folder)


@pytest.mark.promise("R35")
def test_a_store_of_the_first_format_is_kept_as_a_backup_and_as_the_generation_before(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.mkdir(mode=0o700)
    old = b'{"_meta":{"1":{"version":1}},"memos":{"4":{"n":1}}}'
    (folder / MAIN).write_bytes(old)

    with caplog.at_level(logging.INFO), opened(folder) as ledger:
        tables = ledger.tables

    assert tables == {"memos": {4: MEMO}}
    assert said(caplog) == [("INFO", "the store is now of format 2", {"backup": FORMAT_1})]
    assert there(folder) == [FIRST, FORMAT_1, MAIN, "waybill.lock", PREVIOUS]
    assert [(folder / name).read_bytes() for name in (FORMAT_1, PREVIOUS)] == [old, old]
    snapshot = unpack((folder / MAIN).read_bytes(), MAIN)
    assert (snapshot.tables, snapshot.generation) == ({"memos": {4: MEMO}}, 1)


# ── sealed ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("S9")
def test_what_a_sealer_seals_is_on_the_disk_and_opened_in_memory(folder: Path) -> None:
    kept(folder, ("memos", 1, MEMO), anew=True, sealer=Reversing())
    kept(folder, ("memos", 2, MEMO), ("memos", 1, None), sealer=Reversing())

    with opened(folder, sealer=Reversing()) as ledger:
        assert (ledger.tables, ledger.sealed) == ({"memos": {2: MEMO}}, True)
    assert MEMO not in b"".join((folder / name).read_bytes() for name in there(folder))
    assert refusal(folder) == (
        f"{folder / MAIN} is sealed with a key, and none was given. Nothing was changed. Set WAYBILL_KEY to that key."
    )
    with opened(folder, as_stored=True) as stored:
        assert stored.tables == {"memos": {2: b'{"sealed":"}1:\\"n\\"{"}'}}
        assert stored.sealed
        stored.anew()
    with opened(folder, sealer=Reversing()) as ledger:
        assert ledger.tables == {"memos": {2: MEMO}}


@pytest.mark.promise("S9", "S13")
@pytest.mark.parametrize("first_format", [False, True])
def test_what_was_there_in_clear_is_sealed_at_once_and_nothing_in_clear_stays(
    folder: Path, *, first_format: bool
) -> None:
    if first_format:
        folder.mkdir(mode=0o700)
        (folder / MAIN).write_bytes(b'{"_meta":{"1":{"version":1}},"memos":{"1":{"n":1}}}')
    else:
        kept(folder, ("memos", 1, MEMO), anew=True)

    with opened(folder, sealer=Reversing()) as ledger:
        assert ledger.tables == {"memos": {1: MEMO}}
        assert MEMO not in b"".join((folder / name).read_bytes() for name in there(folder))
    assert there(folder) == [*([FIRST, FORMAT_1] if first_format else [THIRD]), MAIN, "waybill.lock"]
