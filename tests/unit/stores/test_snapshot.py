"""The snapshot by itself: its text, and what is not taken for one."""

from zlib import crc32

import pytest

from bot.domain.errors import StoreError
from bot.stores.tables import Rows
from bot.stores.tinydb.journal import Damaged, empty, head, next_after
from bot.stores.tinydb.reading import MAIN, journal_name, journals_among, put_together
from bot.stores.tinydb.snapshot import FORMAT, Snapshot, pack, unpack

TABLES: Rows = {"parcels": {1: b'{"a":1}', 12: b'{"b":"\xc3\xa9"}'}, "memos": {}}


def framed(body: bytes) -> bytes:
    return b"%08x %08x %b\n" % (len(body), crc32(body), body)


def test_a_snapshot_is_a_document_a_line_and_ends_with_its_checksum() -> None:
    content = b"".join(pack(TABLES, 7))

    before = (
        '{\n"parcels":{\n"1":{"a":1},\n"12":{"b":"é"}},\n"memos":{},\n"_meta":{\n"1":{"version":2,"generation":7,'
    ).encode()
    assert content == before + b'"check":"%08x"}}\n}\n' % crc32(before)
    assert unpack(content, MAIN) == Snapshot(TABLES, 7, sealed=False)


def test_a_sealed_snapshot_says_so() -> None:
    content = b"".join(pack(TABLES, 7, sealed=True, seal=lambda table, _text: b'{"sealed":"%b"}' % table.encode()))

    assert b'"version":2,"generation":7,"sealed":true,"check"' in content
    sealed = b'{"sealed":"parcels"}'
    assert unpack(content, MAIN) == Snapshot({"parcels": {1: sealed, 12: sealed}, "memos": {}}, 7, sealed=True)


def test_a_long_snapshot_comes_in_pieces_and_none_is_missing() -> None:
    tables: Rows = {"parcels": dict.fromkeys(range(1000), b'{"text":"%b"}' % (b"x" * 1000))}

    pieces = list(pack(tables, 1))

    assert 5 < len(pieces) < 12
    assert max(map(len, pieces)) < 150_000
    assert unpack(b"".join(pieces), MAIN).tables == tables


@pytest.mark.promise("R30")
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "truncated"),
        (b"\xff", "utf-8"),
        (b"[]", "object"),
        (b'{"parcels":{}}', "no version in _meta"),
        (b'{"_meta":{"1":{"version":0}}}', "no version in _meta"),
        (b'{"_meta":{"1":{"version":"2"}}}', "no version in _meta"),
        (b'{"_meta":{"1":{"version":2,"generation":"x"}}}', "no version in _meta"),
        (b'{"_meta":{"1":{"version":2}},"parcels":{"x":{}}}', "'x' is no number of a document"),
        (b'{"_meta":{"1":{"version":2}},"parcels":{"1":[]}}', "a row of parcels is no document"),
    ],
)
def test_what_is_no_snapshot_is_said_to_be_damaged(content: bytes, why: str) -> None:
    with pytest.raises(Damaged, match=why):
        unpack(content, MAIN)


@pytest.mark.promise("R30")
def test_a_snapshot_that_was_changed_is_taken_only_without_its_checksum() -> None:
    content = b"".join(pack(TABLES, 7)).replace(b'{"a":1}', b'{"a":2}')
    without = content[: content.rindex(b',"check"')] + b"}}\n}\n"

    with pytest.raises(Damaged, match=r'^it is not what was written; whoever changed it on purpose takes "check" out'):
        unpack(content, MAIN)
    assert unpack(without, MAIN).tables["parcels"][1] == b'{"a":2}'


@pytest.mark.promise("R35")
def test_an_older_format_has_no_generation_and_a_newer_one_is_refused() -> None:
    assert unpack(b'{"_meta":{"1":{"version":1}}}', MAIN) == Snapshot({}, 0, sealed=False)
    newer = b'{"_meta":{"1":{"version":%d}}}' % (FORMAT + 1)

    with pytest.raises(StoreError) as refused:
        unpack(newer, MAIN)

    assert str(refused.value) == (
        "waybill.json was written by a newer Waybill (format 3, this one reads 2). Nothing was changed. "
        "Start that Waybill again."
    )


# ── together with its journals ────────────────────────────────────────────────────────────────────────────────────────


def test_journals_are_told_by_their_names() -> None:
    names = ["waybill.000010.journal", "waybill.000002.journal", "waybill.1000000.journal", MAIN]
    others = ["waybill.3.journal", "waybill.000003.journal.torn", "xwaybill.000003.journal", "waybillx000003.journal"]

    assert journals_among(names + others) == [2, 10, 1_000_000]
    assert journal_name(10) == "waybill.000010.journal"


def files(**journals: bytes) -> dict[str, bytes]:
    snapshot = b"".join(pack({"memos": {1: b'{"v":1}', 2: b'{"v":2}'}}, 3))
    return {MAIN: snapshot} | {f"waybill.{name.lstrip('g').zfill(6)}.journal": text for name, text in journals.items()}


CHANGES = b'[["memos",1,null],["memos",3,{"v":3}],["parcels",1,{"p":1}],["inbox",9,null]]'


@pytest.mark.promise("R29")
def test_what_the_journals_say_was_changed_is_changed() -> None:
    followed = empty(3) + framed(CHANGES) + framed(next_after(3))
    there = files(g3=followed, g4=empty(4) + framed(b'[["memos",2,{"v":4}]]') + bytes(50))

    whole = put_together(there.get, there)

    assert whole.tables == {"memos": {2: b'{"v":4}', 3: b'{"v":3}'}, "parcels": {1: b'{"p":1}'}}
    assert (whole.generation, whole.newest, whole.sealed, whole.torn) == (3, 4, False, False)
    assert (whole.end, whole.changes) == (len(there["waybill.000004.journal"]) - 50, 2)
    assert whole.journalled == len(followed) + whole.end


def test_a_torn_record_at_the_very_end_is_named_and_not_read() -> None:
    there = files(g3=empty(3) + framed(CHANGES)[:30])

    whole = put_together(there.get, there)

    assert (whole.torn, whole.end, whole.changes) == (True, len(empty(3)), 0)
    assert whole.tables == {"memos": {1: b'{"v":1}', 2: b'{"v":2}'}}


def test_a_journal_that_was_just_begun_is_a_journal_without_changes() -> None:
    there = files(g3=empty(3) + framed(CHANGES), g4=empty(4)[:10])

    whole = put_together(there.get, there)

    assert (whole.newest, whole.end, whole.changes, whole.torn) == (4, 0, 1, False)


@pytest.mark.promise("R29", "R30")
@pytest.mark.parametrize(
    ("journals", "why"),
    [
        ({}, "waybill.000003.journal can't be read: it is gone."),
        ({"g4": empty(4)}, "waybill.000003.journal can't be read: it is gone."),
        ({"g3": empty(3), "g5": empty(5)}, "waybill.000004.journal can't be read: it is gone."),
        ({"g3": empty(3) + framed(next_after(3))}, "waybill.000004.journal can't be read: it is gone."),
        ({"g3": b""}, "waybill.000003.journal can't be read: it does not begin with its generation."),
        ({"g3": empty(4)}, "waybill.000003.journal can't be read: it does not begin with its generation."),
        ({"g3": empty(3) + framed(b"[[1]]")}, "waybill.000003.journal can't be read: Expected `str`, got `int`"),
        (
            {"g3": empty(3)[:-2] + b"x\n"},
            "waybill.000003.journal can't be read: the last record, at byte 0, is damaged",
        ),
        (
            {"g3": empty(3) + framed(CHANGES)[:30], "g4": empty(4)},
            "waybill.000003.journal can't be read: the record at byte 35 is torn, and a later journal follows.",
        ),
    ],
)
def test_a_journal_that_is_not_whole_is_named(journals: dict[str, bytes], why: str) -> None:
    there = files(**journals)

    with pytest.raises(StoreError) as refused:
        put_together(there.get, there)

    assert str(refused.value).startswith(why)
    assert str(refused.value).endswith(
        " Nothing was changed. Mend it, or put a backup back with `waybill store restore`; "
        "`waybill store verify` says what is whole."
    )


def test_the_start_of_the_next_journal_may_be_torn_in_the_one_before() -> None:
    there = files(g3=empty(3) + framed(next_after(3))[:12], g4=empty(4) + framed(CHANGES))

    assert put_together(there.get, there).changes == 1


def test_without_a_snapshot_there_is_nothing_to_put_together() -> None:
    with pytest.raises(Damaged, match="it is gone"):
        put_together(lambda _: None, [])


def test_a_head_names_its_generation() -> None:
    assert head(3) == b'{"generation":3}'
