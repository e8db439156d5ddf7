"""Parcels on their shelf: two documents each, and what is known of all of them without reading any.

Over 300 lines: each index of the shelf after each kind of change.
"""

import base64
import json
import zlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain.errors import StoreError
from bot.domain.parcel import Checkpoint, Mark, Parcel, ParcelKey, Seen
from bot.domain.status import Status
from bot.stores.parcels import LATELY, ParcelShelf
from bot.stores.tables import LINES, Rows
from tests.contract.stores.examples import NOW, parcel

KEY = parcel(1).key
NAME = ("T-ONE", KEY)
LINE = [Checkpoint(carrier="ups", local_time=None, text=f"line {number}") for number in range(3)]
HOUR = timedelta(hours=1)


def read(**changes: Any) -> Parcel:  # noqa: ANN401 - any field of a parcel
    """Return a parcel that was read."""
    return replace(parcel(1), **{"fingerprint": 7, "updated_at": NOW, **changes})


def keep(shelf: ParcelShelf, rows: Rows, number: int, record: Parcel) -> list[str]:
    """Write the parcel as a store does; return the tables that were written to."""
    documents = shelf.rows(number, record, {})
    for table, at, text in documents:
        if text is None:
            del rows[table][at]
        else:
            rows[table][at] = text
    shelf.put(number, shelf.name(record), record)
    return [table for table, _, _ in documents]


def forget(shelf: ParcelShelf, rows: Rows, number: int, record: Parcel) -> None:
    for table, at, _ in shelf.rows(number, None, {}):
        del rows[table][at]
    shelf.put(number, shelf.name(record), None)


def shelved(*records: Parcel) -> tuple[ParcelShelf, Rows]:
    rows: Rows = {}
    shelf = ParcelShelf(rows)
    for number, record in enumerate(records, 1):
        keep(shelf, rows, number, record)
    return shelf, rows


def reopened(rows: Rows) -> ParcelShelf:
    shelf = ParcelShelf(rows)
    shelf.load(rows)
    return shelf


def lined(*lines: Checkpoint) -> Parcel:
    return read(checkpoints=lines, seen=frozenset(line.id for line in lines))


# ── documents ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_newest_checkpoint_stands_in_the_parcels_document_and_the_older_ones_packed_in_another() -> None:
    record = lined(*LINE)
    shelf, rows = shelved(record)

    body, beside = json.loads(rows["parcels"][1]), json.loads(rows[LINES][1])

    assert [line["text"] for line in body["checkpoints"]] == ["line 0"]
    assert beside["name"] == 1
    older, ids = json.loads(zlib.decompress(base64.b64decode(beside["packed"])))
    assert (len(older), ids) == (2, sorted(line.id for line in LINE))
    assert (len(body["older"]), "seen" in body and bool(body["seen"])) == (16, False)
    assert (shelf.get(NAME), reopened(rows).get(NAME)) == (record, record)


def test_a_parcel_without_checkpoints_has_one_document() -> None:
    shelf, rows = shelved(read())

    assert json.loads(rows["parcels"][1])["older"] == ""
    assert (rows[LINES], reopened(rows).all()) == ({}, [read()])
    assert shelf.rows(1, None, {}) == [("parcels", 1, None)]


def test_older_lines_are_written_when_they_changed_and_go_with_the_last_of_them() -> None:
    shelf, rows = shelved(lined(*LINE))

    same = keep(shelf, rows, 1, replace(lined(*LINE), revision=5))
    more = keep(shelf, rows, 1, lined(LINE[2], *LINE[:2]))
    removed = [table for table, _, text in shelf.rows(1, None, {}) if text is None]
    none = keep(shelf, rows, 1, read())

    assert (same, more, removed, none) == (["parcels"], ["parcels", LINES], ["parcels", LINES], ["parcels", LINES])
    assert (rows[LINES], reopened(rows).get(NAME)) == ({}, read())


def test_what_is_written_together_is_compared_with_what_goes_before_it() -> None:
    shelf, rows = shelved(read())
    first = {(table, number): text for table, number, text in shelf.rows(1, lined(*LINE), {})}

    after = shelf.rows(1, lined(*LINE), first)

    assert [table for table, _, _ in after] == ["parcels"]
    assert rows[LINES] == {}


@pytest.mark.parametrize(
    ("table", "text", "why"),
    [
        ("parcels", b'{"workspace":5}', "xpected"),
        (LINES, None, "its older lines are not in table checkpoints"),
    ],
)
def test_a_document_that_cannot_be_read_is_named(table: str, text: bytes | None, why: str) -> None:
    _, rows = shelved(read(), replace(lined(*LINE), workspace="T-TWO"))
    if text is None:
        del rows[table][2]
    else:
        rows[table][2] = text

    with pytest.raises(ValueError, match=why) as refused:
        reopened(rows)

    assert refused.value.args[0] == 2


@pytest.mark.parametrize(
    "text",
    [
        b'{"name":1,"packed":"AAAA"}',
        b'{"name":1,"packed":"?"}',
        b'{"packed":""}',
        b'{"name":1,"packed":"%b"}' % base64.b64encode(zlib.compress(b"[5]")),
    ],
)
def test_older_lines_that_cannot_be_unpacked_are_named(text: bytes) -> None:
    _, rows = shelved(lined(*LINE))
    rows[LINES][1] = text

    with pytest.raises(StoreError) as refused:
        reopened(rows).get(NAME)

    assert str(refused.value).startswith("The older lines of parcel 1 (table checkpoints) can't be read: ")
    assert str(refused.value).endswith(
        "Nothing was changed. Mend them in waybill.json, or put a backup back with `waybill store restore`."
    )


def test_a_checkpoint_that_no_document_can_hold_is_refused() -> None:
    odd = Checkpoint(carrier="ups", local_time=None, text="\ud800")
    shelf, _ = shelved()

    with pytest.raises(StoreError, match=r"^A Parcel can't be stored: .*\. Nothing was changed\.$"):
        shelf.rows(1, read(checkpoints=(LINE[0], odd)), {})


# ── found by ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_parcels_are_found_by_workspace_and_by_key() -> None:
    first, second, elsewhere = read(), parcel(2), replace(read(), workspace="T-TWO")
    shelf, rows = shelved(first, second, elsewhere)

    for one in (shelf, reopened(rows)):
        assert one.names() == [NAME, ("T-ONE", second.key), ("T-TWO", KEY)]
        assert (one.names("T-TWO"), one.names("T-SIX")) == ([("T-TWO", KEY)], [])
        assert (one.workspaces(KEY), one.workspaces(second.key)) == (("T-ONE", "T-TWO"), ("T-ONE",))
        assert one.workspaces(ParcelKey("x", "1")) == ()
        assert (one.count(), one.all()) == (3, [first, second, elsewhere])
        assert (one.number(("T-TWO", KEY)), one.number(("T-TWO", second.key))) == (3, None)
        assert one.get(("T-TWO", second.key)) is None


def test_a_parcel_that_is_forgotten_is_found_by_nothing() -> None:
    first, elsewhere = read(must_read=True), replace(read(), workspace="T-TWO")
    shelf, rows = shelved(first, elsewhere)

    forget(shelf, rows, 1, first)
    left = shelf.workspaces(KEY), shelf.count(), shelf.get(NAME), shelf.unread(), shelf.names("T-ONE")
    forget(shelf, rows, 2, elsewhere)

    assert left == (("T-TWO",), 1, None, [], [])
    assert (shelf.workspaces(KEY), shelf.count(), shelf.all()) == ((), 0, [])
    assert shelf.unlike({KEY: Seen(1, NOW)}) == []
    forget(shelf, {"parcels": {9: b""}}, 9, parcel(9))


def test_more_parcels_than_are_kept_decoded_are_all_read() -> None:
    _, rows = shelved(*(parcel(serial) for serial in range(LATELY + 50)))
    shelf = reopened(rows)

    for _ in range(2):
        assert [one.serial for one in shelf.all()] == list(range(LATELY + 50))


def test_of_many_parcels_that_are_saved_only_the_first_is_not_kept_decoded() -> None:
    records = [parcel(serial) for serial in range(LATELY + 1)]

    shelf, _ = shelved(*records)
    second, last, first = (shelf.get(shelf.name(records[at])) for at in (1, -1, 0))

    assert first == records[0]
    assert first is not records[0]
    assert second is records[1]
    assert last is records[-1]


def test_a_parcel_that_is_saved_again_drives_out_no_other() -> None:
    records = [parcel(serial) for serial in range(LATELY)]
    shelf, rows = shelved(*records)

    keep(shelf, rows, LATELY, replace(records[-1], revision=9))

    assert shelf.get(shelf.name(records[0])) is records[0]


@pytest.mark.parametrize(
    ("changes", "unread"),
    [({}, False), ({"must_read": True}, True), ({"must_read": True, "removed_at": NOW}, False)],
)
def test_the_unread_are_those_that_an_act_left_to_be_read(changes: dict[str, Any], *, unread: bool) -> None:
    shelf, rows = shelved(read(**changes))

    assert shelf.unread() == reopened(rows).unread() == ([NAME] if unread else [])
    keep(shelf, rows, 1, read())
    assert shelf.unread() == []


# ── silent ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "silent"),
    [
        ({}, True),
        ({"updated_at": None}, False),
        ({"updated_at": NOW + HOUR}, False),
        ({"updated_at": NOW + HOUR - timedelta(microseconds=1)}, True),
        ({"updated_at": None, "status": Status.PICKUP}, True),
        ({"removed_at": NOW}, False),
        ({"missing": 1}, True),
        ({"missing": 2}, False),
        ({"status": Status.DELIVERED}, False),
        ({"mark": Mark(status=Status.DELIVERED, by="U-ANN", at=NOW, note="")}, False),
    ],
)
def test_the_silent_are_those_that_a_look_could_move(changes: dict[str, Any], *, silent: bool) -> None:
    shelf, rows = shelved(read(**changes))

    for one in (shelf, reopened(rows)):
        assert list(one.silent(NOW + HOUR)) == ([NAME] if silent else [])


def test_of_the_silent_the_longest_unlooked_comes_first() -> None:
    times: list[datetime | None] = [NOW, None, NOW - HOUR]
    records = [replace(parcel(at), updated_at=NOW, looked_at=time) for at, time in enumerate(times)]
    shelf, _ = shelved(*records)

    assert [key for _, key in shelf.silent(NOW + HOUR)] == [records[1].key, records[2].key, records[0].key]


# ── heard of ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_unlike_are_the_keys_we_know_under_another_fingerprint() -> None:
    shelf, rows = shelved(read(), replace(parcel(2), fingerprint=8), replace(parcel(3), fingerprint=9, removed_at=NOW))
    seen = {KEY: Seen(7, NOW), parcel(2).key: Seen(9, NOW), parcel(3).key: Seen(1, NOW), parcel(4).key: Seen(1, NOW)}

    assert shelf.unlike(seen) == reopened(rows).unlike(seen) == [parcel(2).key]


def test_a_parcel_that_two_workspaces_read_differently_is_unlike_every_entry_until_they_agree() -> None:
    elsewhere = replace(read(), workspace="T-TWO", fingerprint=8)
    shelf, rows = shelved(read(), elsewhere)

    apart = [shelf.unlike({KEY: Seen(one, NOW)}) for one in (7, 8)]
    keep(shelf, rows, 2, replace(elsewhere, fingerprint=7))
    together = shelf.unlike({KEY: Seen(7, NOW)})
    keep(shelf, rows, 1, replace(read(), fingerprint=5, removed_at=NOW))

    assert (apart, together) == ([[KEY], [KEY]], [])
    assert (shelf.unlike({KEY: Seen(7, NOW)}), shelf.unlike({KEY: Seen(5, NOW)})) == ([], [KEY])


def test_what_was_heard_of_a_refresh_is_part_of_the_parcel_and_never_goes_back() -> None:
    shelf, rows = shelved(read(), replace(read(), workspace="T-TWO", updated_at=None))

    for hours in (2, 3, 1):
        shelf.unlike({KEY: Seen(7, NOW + hours * HOUR)})
    shelf.unlike({KEY: Seen(7, None)})

    assert [one.updated_at for one in shelf.all()] == [NOW + 3 * HOUR] * 2
    assert list(shelf.silent(NOW + 3 * HOUR)) == []
    assert [workspace for workspace, _ in shelf.silent(NOW + 4 * HOUR)] == ["T-ONE", "T-TWO"]
    assert reopened(rows).all()[0].updated_at == NOW  # it is not written yet


def test_what_was_heard_is_written_when_all_is_written_anew() -> None:
    shelf, rows = shelved(read(), replace(read(), workspace="T-TWO", updated_at=None), parcel(2))
    shelf.unlike({KEY: Seen(7, NOW + HOUR)})

    assert list(shelf.remember()) == []

    assert [one.updated_at for one in reopened(rows).all()] == [NOW + HOUR, None, NOW + HOUR]
    assert [one.updated_at for one in shelf.all()] == [NOW + HOUR, None, NOW + HOUR]
    assert len(list(shelf.silent(NOW + 2 * HOUR))) == 2
    before = dict(rows["parcels"])
    assert list(shelf.remember()) == []
    assert rows["parcels"] == before


def test_an_older_refresh_does_not_take_the_place_of_a_newer_one_in_the_documents() -> None:
    shelf, rows = shelved(read())
    shelf.unlike({KEY: Seen(7, NOW - HOUR)})

    list(shelf.remember())

    assert (shelf.all()[0].updated_at, reopened(rows).all()[0].updated_at) == (NOW, NOW)


def test_a_parcel_saved_with_an_older_time_keeps_the_newer_one_heard() -> None:
    shelf, rows = shelved(read())
    shelf.unlike({KEY: Seen(7, NOW + HOUR)})

    keep(shelf, rows, 1, read(revision=2))

    assert [one.updated_at for one in (*shelf.all(), *reopened(rows).all())] == [NOW + HOUR] * 2


def test_remembering_lets_others_have_their_turn() -> None:
    records = [replace(parcel(serial), fingerprint=7) for serial in range(1001)]
    shelf, _ = shelved(*records)
    shelf.unlike({one.key: Seen(7, NOW) for one in records})

    assert len(list(shelf.remember())) == 2
