"""TinyDB over a ledger: what is written is what changed, and documents behave as in any TinyDB."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tinydb

from bot.domain.errors import StoreError
from bot.stores.tables import Row
from bot.stores.tinydb.database import Database, LedgerStorage
from bot.stores.tinydb.journal import read_records, unpack_rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    with Database(folder) as database:
        yield database


def written(folder: Path) -> list[list[Row]]:
    """Return the records of the newest journal."""
    journal = max(folder.glob("waybill.*.journal"))
    return [list(unpack_rows(body)) for body in read_records(journal.read_bytes())[0][1:]]


def test_only_documents_that_changed_are_written(folder: Path, database: Database) -> None:
    table = database.table("memos")
    table.insert_multiple([{"n": 1}, {"n": 2}, {"n": 3}])

    table.update({"n": 2})
    table.update({"seen": True}, tinydb.where("n") == 2)
    table.remove(doc_ids=[1])

    made, alike, marked, gone = written(folder)
    assert made == [("memos", 1, b'{"n":1}'), ("memos", 2, b'{"n":2}'), ("memos", 3, b'{"n":3}')]
    assert alike == [("memos", 1, b'{"n":2}'), ("memos", 3, b'{"n":2}')]
    assert [number for _, number, _ in marked] == [1, 2, 3]
    assert gone == [("memos", 1, None)]


def test_an_update_that_changes_nothing_writes_nothing(folder: Path, database: Database) -> None:
    table = database.table("memos")
    table.insert({"n": 1})

    table.update({"n": 1})
    table.remove(tinydb.where("n") == 7)

    assert len(written(folder)) == 1


def test_the_storage_writes_what_is_not_as_it_was_and_takes_away_what_is_not_given(folder: Path) -> None:
    storage = LedgerStorage(folder)
    storage.write({"memos": {"1": {"n": 1}, "2": {"n": 2}}, "inbox": {"1": {"n": 9}}})

    storage.write({"memos": {"1": {"n": 1}, "2": {"n": 5}, "3": {"n": 3}}})
    again: dict[str, dict[str, Any]] = {"memos": {"1": {"n": 1}, "2": {"n": 5}, "3": {"n": 3}}}
    storage.write(again)

    assert storage.read() == again | {"inbox": {}}
    assert written(folder)[1:] == [[("inbox", 1, None), ("memos", 2, b'{"n":5}'), ("memos", 3, b'{"n":3}')]]
    storage.close()


def test_documents_are_counted_and_one_cannot_be_taken_away_twice(folder: Path, database: Database) -> None:
    table = database.table("memos")
    table.insert_multiple([{"n": 1}, {"n": 2}])

    with pytest.raises(KeyError, match="2"):
        table.remove(doc_ids=[2, 2])

    assert (table.all(), len(table), len(written(folder))) == ([{"n": 1}, {"n": 2}], 2, 1)
    assert (table.contains(doc_id=1), table.contains(doc_id=9)) == (True, False)


def test_what_json_has_no_words_for_is_refused_and_nothing_is_written(folder: Path, database: Database) -> None:
    table = database.table("memos")
    table.insert({"n": 1})

    with pytest.raises(StoreError) as refused:
        table.update({"n": {1, object()}})

    assert str(refused.value).startswith("A document can't be written as JSON: ")
    assert str(refused.value).endswith(". Nothing was changed.")
    assert (len(written(folder)), table.all()) == (1, [{"n": 1}])


def test_what_was_changed_is_in_the_snapshot_alone_once_it_is_closed(folder: Path) -> None:
    with Database(folder) as database:
        database.table("memos").insert({"n": 1})
    before = (folder / "waybill.json").stat().st_mtime_ns

    with Database(folder) as database:
        assert database.table("memos").all() == [{"n": 1}]

    assert b'"1":{"n":1}' in (folder / "waybill.json").read_bytes()
    assert written(folder) == []
    assert (folder / "waybill.json").stat().st_mtime_ns == before  # nothing was changed, so nothing is written
