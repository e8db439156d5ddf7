"""What is in the file, and who can read it."""

# ruff: noqa: ASYNC221, ASYNC240 - nothing else runs in the loop of these tests

import asyncio
import base64
import json
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import tinydb
from tinydb.operations import increment
from tinydb.table import Document

from bot.domain.errors import StoreError
from bot.domain.parcel import Parcel, Seen
from bot.stores.sealing import Sealer, new_key
from bot.stores.tables import TABLES, pack, table_of
from bot.stores.tinydb import keeping, open_store
from bot.stores.tinydb.database import Database, LedgerStorage
from tests.contract.stores.examples import HERE, NOW, TITLE, one_of_each, parcel, row, subscription
from tests.contract.stores.files import ROOT, CountedFiles, keep, plain, plain_journal


@pytest.mark.promise("R29")
async def test_any_tinydb_program_reads_the_same_documents(folder: Path, main: Path) -> None:
    records = one_of_each()

    await keep(folder, *records)

    found = plain(main)
    (meta,) = found.pop("_meta")
    assert (meta["version"], meta["generation"]) == (2, 2)
    (packed,) = found.pop("checkpoints")
    lines, seen = json.loads(zlib.decompress(base64.b64decode(packed["packed"])))
    (parcel,) = found["parcels"]
    parcel |= {"checkpoints": parcel["checkpoints"] + lines, "seen": seen}
    del parcel["older"]
    assert found == {table_of(record): [json.loads(pack(record))] for record in records}


async def test_the_file_is_utf_8_with_a_document_a_line(folder: Path, main: Path) -> None:
    await keep(folder, subscription(1, title="Пакет 包裹 📦"), subscription(2, title="two\nlines"))

    lines = main.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "Пакет 包裹 📦" in line]
    assert len([line for line in lines if "1ZX" in line]) == 2


def test_equal_records_make_equal_documents() -> None:
    ids = [f"{number:016x}" for number in range(50)]
    there, back = (replace(parcel(1), seen=frozenset(some)) for some in (ids, ids[::-1]))

    assert pack(there) == pack(back)
    assert json.loads(pack(there))["seen"] == ids


async def test_what_tinydb_writes_can_be_opened(folder: Path, main: Path) -> None:
    await keep(folder, *one_of_each())
    with tinydb.TinyDB(main, encoding="utf-8", indent=2) as database:
        database.table("subscriptions").update({"title": TITLE * 2})

    store = await open_store(folder)

    assert [one.title for one in await store.subscriptions(HERE)] == [TITLE * 2]
    await store.close()


async def test_fields_and_tables_of_later_releases_do_no_harm(folder: Path, main: Path) -> None:
    await keep(folder, *one_of_each())
    content = json.loads(main.read_bytes())
    for name in TABLES:
        for document in content[name].values():
            document["later"] = 1
    main.write_text(json.dumps({**content, "later": {"1": {"n": 1}}}))

    await keep(folder, parcel(1))

    assert plain(main)["later"] == [{"n": 1}]
    assert {one["serial"] for one in plain(main)["parcels"]} == {1, 142}


@pytest.mark.parametrize("opened", [Database, partial(tinydb.TinyDB, storage=LedgerStorage)], ids=["ours", "plain"])
def test_tinydb_does_in_our_folder_all_that_it_does_in_a_file(
    folder: Path, opened: Callable[..., tinydb.TinyDB]
) -> None:
    number = tinydb.where("number")
    with opened(folder) as database:
        assert database.insert_multiple({"number": one} for one in range(5)) == [1, 2, 3, 4, 5]
        database.update({"number": 7}, number == 1)
        database.update(increment("number"), doc_ids=[1])
        database.remove(doc_ids=[5])
        database.remove(number == 3)
        database.upsert({"number": 7, "also": True}, number == 7)
        assert database.insert({"number": 9}) == 6
        database.table("others").insert(Document({"n": 1}, doc_id=17))
        database.table("gone").insert({"n": 1})
        database.drop_table("gone")

    with opened(folder) as database:
        assert {one.doc_id: dict(one) for one in database} == {
            1: {"number": 1},
            2: {"number": 7, "also": True},
            3: {"number": 2},
            6: {"number": 9},
        }
        assert database.get(number == 7) == {"number": 7, "also": True}
        assert database.get(doc_id=3) == {"number": 2}
        assert database.table("others").all() == [{"n": 1}]
        assert database.tables() >= {"_default", "others"}
        assert database.count(number >= 2) == 3
        database.truncate()
        assert len(database) == 0
        database.drop_tables()

    with opened(folder) as database:
        assert not database.all()


def test_what_tinydb_changes_is_written_and_nothing_else(folder: Path) -> None:
    with Database(folder) as database:
        database.insert_multiple({"number": number, "text": "x" * 100} for number in range(1000))
        (journal,) = folder.glob("waybill.*.journal")
        before = len(journal.read_bytes().rstrip(b"\0"))

        database.update({"number": 7}, doc_ids=[500])

        assert len(journal.read_bytes().rstrip(b"\0")) - before < 200


def test_what_json_has_no_words_for_leaves_the_store_as_it_was(folder: Path) -> None:
    with Database(folder) as database:
        database.insert({"number": 1})

        for bad in (datetime.now(UTC), {1}, float("nan"), datetime.now(UTC).tzinfo, object(), "\ud83d"):
            with pytest.raises(StoreError, match="can't be written as JSON"):
                database.insert({"number": bad})

        assert database.all() == [{"number": 1}]
    with Database(folder) as database:
        assert database.all() == [{"number": 1}]


async def test_titles_do_not_depend_on_the_code_page_of_the_system(folder: Path) -> None:
    code = f"""if True:
        import asyncio, pathlib
        from tests.contract.stores.examples import subscription
        from tests.contract.stores.files import keep
        asyncio.run(keep(pathlib.Path({str(folder)!r}), subscription(1, title={TITLE!a})))
    """
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}

    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **ascii_only}, check=True)

    store = await open_store(folder)
    assert await store.subscriptions(HERE) == [subscription(1, title=TITLE)]
    await store.close()


async def test_however_many_saves_wait_they_are_one_record(folder: Path) -> None:
    files = CountedFiles()
    store = await open_store(folder, files=files)
    files.synced.clear()

    await store.save(*(parcel(serial) for serial in range(300)), *(row(serial) for serial in range(300)))
    assert len(files.synced) == 1

    await asyncio.gather(*(store.save(parcel(serial, revision=1)) for serial in range(50)))
    assert len(files.synced) <= 3
    await store.close()


async def test_a_change_without_new_checkpoints_writes_the_older_ones_not_again(folder: Path, main: Path) -> None:
    (full, *_) = one_of_each()
    assert isinstance(full, Parcel)
    store = await open_store(folder)
    await store.save(full)
    before = len(plain_journal(folder))

    await store.save(replace(full, revision=8), onto=[full])

    written = plain_journal(folder)[before:]
    assert b'"parcels"' in written
    assert b'"checkpoints",' not in written
    assert await store.parcels() == [replace(full, revision=8)]
    await store.save(replace(full, checkpoints=full.checkpoints[:1], seen=frozenset()))
    assert (await store.parcels())[0].seen == frozenset()
    await store.close()
    assert plain(main)["checkpoints"] == []


@pytest.mark.promise("R35")
async def test_a_store_of_the_first_format_goes_on_and_is_kept_as_a_backup(folder: Path, main: Path) -> None:
    folder.mkdir(mode=0o700)
    records = one_of_each()
    full = records[0]
    assert isinstance(full, Parcel)
    old = {"_meta": {"1": {"version": 1}}} | {table_of(one): {"7": json.loads(pack(one))} for one in records}
    main.write_text(json.dumps(old))

    store = await open_store(folder)

    assert set(await store.everything()) == set(records)
    await store.save(parcel(1), replace(full, revision=8), onto=[full])
    await store.close()
    assert json.loads((folder / "waybill.format-1.json").read_text()) == old
    store = await open_store(folder)
    assert set(await store.everything()) == {parcel(1), replace(full, revision=8), *records[1:]}
    await store.close()
    assert plain(main)["_meta"][0]["version"] == 2


@pytest.mark.promise("R35", "S9")
async def test_of_a_store_of_the_first_format_that_is_sealed_the_backup_is_sealed_too(
    folder: Path, main: Path, tmp_path: Path
) -> None:
    folder.mkdir(mode=0o700)
    wish = replace(subscription(1), title="canary-title")
    main.write_text(json.dumps({"_meta": {"1": {"version": 1}}, table_of(wish): {"7": json.loads(pack(wish))}}))

    sealer = Sealer(new_key())
    await (await open_store(folder, sealer)).close()

    assert [one.name for one in folder.iterdir() if b"canary" in one.read_bytes()] == []
    assert keeping.restore(tmp_path / "again", folder / "waybill.format-1.json", replace=False) == 1
    store = await open_store(tmp_path / "again", sealer)
    assert await store.everything() == [wish]
    await store.close()


async def test_what_the_provider_was_heard_to_refresh_is_written_with_the_rest(folder: Path) -> None:
    later = NOW + timedelta(hours=5)
    store = await open_store(folder)
    await store.save(replace(parcel(1), fingerprint=5, updated_at=NOW), subscription(1))

    assert await store.unlike({parcel(1).key: Seen(5, later)}) == []
    await store.compact()
    await store.close()

    store = await open_store(folder)
    assert await store.parcels() == [replace(parcel(1), fingerprint=5, updated_at=later)]
    await store.close()


@pytest.mark.promise("R40")
async def test_ten_thousand_parcels_and_a_thousand_rows_are_there_within_two_seconds(folder: Path) -> None:
    await keep(
        folder,
        *(parcel(serial) for serial in range(10_000)),
        *(subscription(serial) for serial in range(10_000)),
        *(row(serial) for serial in range(1000)),
    )
    began = time.monotonic()

    store = await open_store(folder)

    assert len(await store.waiting()) == 1000
    assert time.monotonic() - began < 2
    await store.close()
