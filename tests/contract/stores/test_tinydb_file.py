"""What is in the file, and who can read it."""

# ruff: noqa: ASYNC221, ASYNC240 - nothing else runs in the loop of these tests

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import tinydb

from bot.domain.errors import StoreError
from bot.stores.tables import TABLES, slot_of, to_document, to_text
from bot.stores.tinydb import open_store
from bot.stores.tinydb.storage import FileStorage
from tests.contract.stores.examples import HERE, TITLE, one_of_each, parcel, row, subscription
from tests.contract.stores.files import ROOT, count_calls, keep, plain


async def test_any_tinydb_program_reads_the_same_documents(folder: Path, main: Path) -> None:
    records = one_of_each()

    await keep(folder, *records)

    found = plain(main)
    assert found.pop("_meta") == [{"version": 1}]
    assert found == {slot_of(record)[0]: [json.loads(to_text(to_document(record)))] for record in records}


async def test_the_file_is_utf_8_with_a_document_a_line(folder: Path, main: Path) -> None:
    await keep(folder, subscription(1, title="Пакет 包裹 📦"), subscription(2, title="two\nlines"))

    lines = main.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "Пакет 包裹 📦" in line]
    assert len([line for line in lines if "1ZX" in line]) == 2


def test_equal_records_make_equal_documents() -> None:
    ids = [f"{number:016x}" for number in range(50)]
    there, back = (replace(parcel(1), seen=frozenset(some)) for some in (ids, ids[::-1]))

    assert to_text(to_document(there)) == to_text(to_document(back))
    assert to_document(there)["seen"] == ids


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


async def test_tinydb_finds_and_changes_documents_through_our_storage(folder: Path) -> None:
    with tinydb.TinyDB(folder, storage=FileStorage) as database:
        database.insert_multiple({"number": number} for number in range(3))
        database.update({"number": 7}, tinydb.where("number") == 1)

    with tinydb.TinyDB(folder, storage=FileStorage) as database:
        assert [dict(document) for document in database] == [{"number": 0}, {"number": 7}, {"number": 2}]
        assert database.get(tinydb.where("number") == 7) == {"number": 7}


async def test_what_json_has_no_words_for_leaves_the_file_as_it_was(folder: Path, main: Path) -> None:
    with tinydb.TinyDB(folder, storage=FileStorage) as database:
        database.insert({"number": 1})
        before = main.read_bytes()

        with pytest.raises(StoreError, match="can't be written as JSON"):
            database.insert({"number": object()})

        assert main.read_bytes() == before
        assert len(database) == 1


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


async def test_however_many_saves_wait_the_file_is_written_at_most_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await open_store(folder)
    written = count_calls(monkeypatch, "replace")

    await store.save(*(parcel(serial) for serial in range(300)), *(row(serial) for serial in range(300)))
    assert len(written) == 1

    await asyncio.gather(*(store.save(parcel(serial, revision=1)) for serial in range(50)))
    assert len(written) <= 3
    await store.close()
