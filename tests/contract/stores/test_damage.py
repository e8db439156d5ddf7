"""What becomes of a store that lacks a byte, or in which a bit is turned: all is read, or it is said what is not."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.domain.errors import StoreError
from bot.domain.records import Memo
from bot.stores.tables import Row, Rows, pack
from bot.stores.tinydb import open_store
from bot.stores.tinydb.journal import Damaged
from bot.stores.tinydb.ledger import Ledger
from bot.stores.tinydb.reading import MAIN, PREVIOUS, Whole, journal_name, put_together
from tests.contract.stores.examples import parcel, row
from tests.contract.stores.files import journals, keep, plain_journal, refusal

OLDER, NEWEST = journal_name(1), journal_name(2)


@pytest.fixture
def files(folder: Path) -> dict[str, bytes]:
    """Return what is in a small store's files: two generations, and three changes since the second."""
    ledger = Ledger(folder)
    for number in range(1, 7):
        change(ledger, ("memos", number, pack(Memo(workspace="T", name=str(number), value="1" * number))))
        if number == 3:
            ledger.anew()
    change(ledger, ("memos", 2, None), ("memos", 5, b"{}"))
    ledger.close()
    contents = {name: (folder / name).read_bytes() for name in (MAIN, PREVIOUS, OLDER, NEWEST)}
    return {name: content.rstrip(b"\0") + bytes(8 if "journal" in name else 0) for name, content in contents.items()}


def change(ledger: Ledger, *rows: Row) -> None:
    ledger.append(rows)
    ledger.apply(rows)


def opened(files: Mapping[str, bytes]) -> Whole:
    """Return the store in these files, put together from the generation before if need be."""
    try:
        return put_together(files.get, files)
    except Damaged:
        return put_together(files.get, files, PREVIOUS)


def with_a_bit_turned(content: bytes) -> Iterator[bytes]:
    for at, byte in enumerate(content):
        for bit in range(8):
            yield content[:at] + bytes([byte ^ (1 << bit)]) + content[at + 1 :]


@pytest.mark.promise("R28", "R29")
@pytest.mark.parametrize("name", [MAIN, PREVIOUS, OLDER, NEWEST])
def test_whichever_bit_is_turned_all_is_read_or_the_store_says_why_not(files: dict[str, bytes], name: str) -> None:
    if name in {PREVIOUS, OLDER}:
        files[MAIN] = b""  # they are looked into when the snapshot is spoiled
    whole = opened(files)
    before = opened(files | {NEWEST: files[NEWEST][: files[NEWEST].rindex(b"\n", 0, -10) + 1]}).tables
    read, refused, cut = 0, 0, 0
    for content in with_a_bit_turned(files[name]):
        try:
            found = opened(files | {name: content})
        except StoreError as error:
            assert "Nothing was changed" in str(error)  # noqa: PT017 - most rounds raise nothing
            refused += 1
        except Damaged:
            assert name == PREVIOUS  # then neither snapshot is whole
            refused += 1
        else:
            cut += found.torn and found.tables != whole.tables
            assert found.tables in ((whole.tables, before) if found.torn else (whole.tables,))
            read += 1

    assert bool(refused) is (name != MAIN)
    assert read
    assert cut <= 30  # an end that a turned bit makes look like one that was never finished


@pytest.mark.promise("R29")
def test_wherever_the_journal_is_cut_off_all_whole_records_are_read(files: dict[str, bytes]) -> None:
    content = files[NEWEST].rstrip(b"\0")
    ends = [at + 1 for at, byte in enumerate(content) if byte == 10]
    states: list[Rows] = [opened(files | {NEWEST: content[:end]}).tables for end in ends]
    for size in range(ends[0], len(content) + 1):
        for zeros in (0, 100):
            found = opened(files | {NEWEST: content[:size] + bytes(zeros)})

            kept = sum(end <= size for end in ends)
            assert found.torn is (size not in ends)
            assert found.tables == states[kept - 1]


@pytest.mark.promise("R29")
def test_a_record_that_lost_a_sector_is_torn_at_the_end_and_damage_in_the_middle(files: dict[str, bytes]) -> None:
    content = files[NEWEST].rstrip(b"\0")
    last = content.rindex(b"\n", 0, -1) + 1
    for begin in range(last, len(content)):
        found = opened(files | {NEWEST: content[:begin] + bytes(8) + content[begin + 8 :]})
        assert found.torn
        assert found.end == last

    with pytest.raises(StoreError, match="whole ones follow it"):
        opened(files | {NEWEST: content[: last - 10] + bytes(8) + content[last - 2 :]})


@pytest.mark.promise("R29", "R30")
@pytest.mark.parametrize("content", [None, b"", b"{}"])
def test_without_one_of_its_files_a_store_says_which(files: dict[str, bytes], content: bytes | None) -> None:
    for name in (OLDER, NEWEST):
        for main in (files[MAIN], b""):
            broken = files | {MAIN: main, name: content}
            if (name, main) == (OLDER, files[MAIN]):
                continue  # it is for the generation before only
            with pytest.raises(StoreError, match=name):
                opened({name: one for name, one in broken.items() if one is not None})


@pytest.mark.promise("R29")
async def test_a_torn_record_is_cut_away_and_said_to_be(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    await keep(folder, parcel(1))
    ledger = Ledger(folder)
    rows: list[Row] = [("parcels", 1, pack(parcel(1, revision=1)))]
    change(ledger, *rows)
    kept = plain_journal(folder)
    change(ledger, *rows)
    newest = folder / journals(folder)[-1]
    newest.write_bytes(newest.read_bytes().rstrip(b"\0")[:-20])
    ledger.close()

    store = await open_store(folder)

    assert "torn" in store.remark
    assert "nothing that was is missing" in store.remark
    assert "a torn record was cut" in caplog.text
    assert plain_journal(folder) == kept
    assert await store.parcels() == [parcel(1, revision=1)]
    await store.save(row(1))
    await store.close()
    store = await open_store(folder)
    assert not store.remark
    assert await store.waiting() == [row(1)]
    await store.close()


@pytest.mark.promise("R29")
async def test_a_damaged_record_stops_the_start_and_is_left_as_it_is(folder: Path) -> None:
    await keep(folder, parcel(1))
    ledger = Ledger(folder)
    for revision in range(3):
        change(ledger, ("parcels", 1, pack(parcel(1, revision=revision))))
    ledger.close()
    newest = folder / journals(folder)[-1]
    newest.write_bytes(newest.read_bytes().replace(b'"revision":1', b'"revision":7'))
    before = newest.read_bytes()

    why = await refusal(folder)

    assert "whole ones follow it" in why
    assert "waybill store restore" in why
    assert newest.read_bytes() == before


@pytest.mark.promise("R29")
async def test_a_snapshot_changed_without_its_checksum_being_taken_out_is_not_believed(folder: Path) -> None:
    await keep(folder, parcel(1))
    await keep(folder, parcel(2))
    main = folder / "waybill.json"
    main.write_bytes(main.read_bytes().replace(b'"serial":2', b'"serial":3'))

    store = await open_store(folder)

    assert "corrupt" in store.remark
    assert {one.serial for one in await store.parcels()} == {1, 2}
    await store.close()
