"""The store by itself, on tables that a test holds up and breaks: what is written together, and what is said then.

Over 300 lines: changes, trouble and the end, all on one fake.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from bot.domain.errors import RevisionMoved, StoreError
from bot.domain.records import Memo
from bot.stores.memory import MemoryTables
from bot.stores.store import RecordStore, store_on
from bot.stores.tables import Row, pack
from tests.contract.stores.examples import item, parcel


class Held(MemoryTables):
    """Tables that note what is asked of them, wait before they write, and refuse what they are told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[object] = []
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.settled = asyncio.Event()
        self.settled.set()
        self.refuses = self.refuses_anew = ""
        self.breaks: Exception | None = None
        self.grown = self.changed = False

    async def write(self, rows: Sequence[Row]) -> None:
        self.asked.append([(table, number) for table, number, _ in rows])
        await self.goes_on.wait()
        if self.breaks:
            raise self.breaks
        if self.refuses:
            raise StoreError(self.refuses)
        await super().write(rows)

    async def compact(self, turn: AbstractAsyncContextManager[object], *, drop_previous: bool) -> None:
        self.asked.append("compact, and nothing older" if drop_previous else "compact")
        async with turn:
            await self.goes_on.wait()
        await self.settled.wait()
        if self.refuses_anew:
            raise StoreError(self.refuses_anew)
        self.changed = False

    async def close(self) -> None:
        self.asked.append("close")


@pytest.fixture
def tables() -> Held:
    return Held()


@pytest.fixture
def store(tables: Held) -> RecordStore:
    return RecordStore(tables)


async def turns(times: int = 5) -> None:
    """Let everybody else have so many turns."""
    for _ in range(times):
        await asyncio.sleep(0)


def memo(number: int) -> Memo:
    return Memo(workspace="T-ONE", name=f"memo {number}", value="x")


# ── opening ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_the_tables_remark_the_store_remarks(tables: Held) -> None:
    tables.remark = "Something was mended."

    store = await store_on(tables)

    assert (store.remark, store.trouble, tables.asked) == ("Something was mended.", "", [])


@pytest.mark.promise("R30")
async def test_a_document_that_cannot_be_read_is_named_and_the_tables_are_let_go_of(tables: Held) -> None:
    tables.rows["memos"] = {1: pack(memo(1)), 8: b'{"workspace":5}'}

    with pytest.raises(StoreError) as refused:
        await store_on(tables)

    assert str(refused.value) == (
        "Document 8 of table memos can't be read: Expected `str`, got `int` - at `$.workspace`. Nothing was changed. "
        "Mend it in waybill.json, or put a backup back with `waybill store restore`."
    )
    assert tables.asked == ["close"]


async def test_documents_are_numbered_from_one_and_on_from_the_last(tables: Held) -> None:
    tables.rows["memos"] = {3: pack(memo(3)), 7: pack(memo(7))}
    store = RecordStore(tables)

    await store.save(memo(1), memo(7), item())
    await store.save(memo(2), remove=[memo(1)])
    await store.save(memo(1))

    assert tables.asked == [[("memos", 8), ("memos", 7), ("inbox", 1)], [("memos", 8), ("memos", 9)], [("memos", 10)]]
    assert sorted(tables.rows["memos"]) == [3, 7, 9, 10]


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_saves_that_wait_are_written_together_and_each_is_told(tables: Held, store: RecordStore) -> None:
    tables.goes_on.clear()
    first = asyncio.create_task(store.save(memo(1)))
    await turns()
    others = [asyncio.create_task(store.save(memo(number))) for number in (2, 3, 4)]
    await turns()
    early = [task.done() for task in (first, *others)]

    tables.goes_on.set()
    await asyncio.gather(first, *others)

    assert early == [False] * 4
    assert tables.asked == [[("memos", 1)], [("memos", 2), ("memos", 3), ("memos", 4)]]


async def test_what_is_being_written_is_not_read_before_it_lasts(tables: Held, store: RecordStore) -> None:
    tables.goes_on.clear()
    saving = asyncio.create_task(store.save(memo(1)))
    await turns()
    before = await store.memo("T-ONE", "memo 1")

    tables.goes_on.set()
    await saving

    assert (before, await store.memo("T-ONE", "memo 1")) == (None, "x")


async def test_a_save_that_changes_nothing_writes_nothing(tables: Held, store: RecordStore) -> None:
    await store.add(item())
    tables.asked.clear()

    added = await store.add(item())

    assert (added, tables.asked) == (False, [])


async def test_of_saves_that_wait_those_refused_are_told_why_and_the_others_are_made(
    tables: Held, store: RecordStore
) -> None:
    await store.save(parcel(1, revision=2))
    tables.goes_on.clear()
    holding = asyncio.create_task(store.save(memo(1)))
    await turns()

    late = asyncio.create_task(store.save(parcel(1, revision=1), onto=[parcel(1)]))
    odd = asyncio.create_task(store.save(Memo(workspace="T", name="n", value="\ud800")))
    good = asyncio.create_task(store.save(memo(2)))
    await turns()
    tables.goes_on.set()
    told = await asyncio.gather(holding, late, odd, good, return_exceptions=True)

    assert (told[0], told[3]) == (None, None)
    assert isinstance(told[1], RevisionMoved)
    assert str(told[1]) == f"{parcel(1).id} was changed in the meantime. This change was not made."
    assert str(told[2]).startswith("A Memo can't be stored: ")
    assert await store.memo("T-ONE", "memo 2") == "x"
    assert await store.parcels() == [parcel(1, revision=2)]


async def test_saves_of_one_new_record_that_wait_together_make_one_document(tables: Held, store: RecordStore) -> None:
    tables.goes_on.clear()
    holding = asyncio.create_task(store.save(memo(9)))
    await turns()
    saving = [asyncio.create_task(store.save(replace(memo(1), value=value))) for value in ("a", "b")]
    adding = [asyncio.create_task(store.add(item())) for _ in range(2)]
    await turns()

    tables.goes_on.set()
    await asyncio.gather(holding, *saving)
    added = await asyncio.gather(*adding)

    assert (added, tables.asked[1]) == ([True, False], [("memos", 2), ("inbox", 1)])
    assert tables.rows["memos"][2] == pack(replace(memo(1), value="b"))


async def test_whatever_goes_wrong_everybody_who_waits_is_told(tables: Held, store: RecordStore) -> None:
    tables.breaks = ValueError("odd")

    told = await asyncio.wait_for(
        asyncio.gather(store.save(memo(1)), store.save(memo(2)), return_exceptions=True), timeout=1
    )
    tables.breaks = None
    await store.save(memo(3))

    assert [repr(one) for one in told] == ["ValueError('odd')"] * 2
    assert await store.everything() == [memo(3)]


@pytest.mark.promise("R32")
async def test_trouble_is_told_to_everybody_said_once_and_over_once_a_change_is_taken(
    tables: Held, store: RecordStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tables.refuses = "There is no room."

    told = await asyncio.gather(store.save(memo(1)), store.save(memo(2)), return_exceptions=True)
    with pytest.raises(StoreError, match=r"^There is no room\.$"):
        await store.save(memo(3))
    trouble, kept = store.trouble, await store.everything()
    tables.refuses = ""
    await store.save(memo(4))
    await store.save(memo(5))

    assert [str(one) for one in told] == ["There is no room."] * 2
    assert (trouble, kept, store.trouble) == ("There is no room.", [], "")
    assert [(one.levelname, one.message, vars(one).get("why")) for one in caplog.records] == [
        ("WARNING", "the store takes no changes", "There is no room."),
        ("INFO", "the store takes changes again", None),
    ]
    assert tables.rows["memos"] == {4: pack(memo(4)), 5: pack(memo(5))}


# ── writing all anew, and closing ─────────────────────────────────────────────────────────────────────────────────────


async def test_what_has_grown_is_written_anew_beside_the_changes_and_one_at_a_time(
    tables: Held, store: RecordStore
) -> None:
    await store.save(memo(1))
    await turns()
    small = list(tables.asked)
    tables.grown = True
    tables.settled.clear()

    for number in (2, 3, 4):
        await store.save(memo(number))
        await turns()
    grown = tables.asked.count("compact")
    tables.settled.set()
    await turns()
    await store.save(memo(5))
    await turns()

    assert small == [[("memos", 1)]]
    assert (grown, tables.asked.count("compact")) == (1, 2)
    assert len(tables.rows["memos"]) == 5


async def test_what_could_not_be_written_anew_is_said_and_stops_nobody(
    tables: Held, store: RecordStore, caplog: pytest.LogCaptureFixture
) -> None:
    tables.grown = True
    tables.refuses_anew = "There is no room."

    await store.save(memo(1))
    await turns()
    tables.grown = False
    await store.save(memo(2))

    assert [(one.levelname, one.message, vars(one).get("why")) for one in caplog.records] == [
        ("WARNING", "the store could not be written anew; its journal goes on", "There is no room.")
    ]
    with pytest.raises(StoreError, match="room"):
        await store.compact()


async def test_nothing_is_written_in_the_turn_in_which_all_is_frozen(tables: Held, store: RecordStore) -> None:
    tables.goes_on.clear()
    anew = asyncio.create_task(store.compact(drop_previous=True))
    await turns()
    saving = asyncio.create_task(store.save(memo(1)))
    await turns()
    before = list(tables.asked)

    tables.goes_on.set()
    await asyncio.gather(anew, saving)

    assert before == ["compact, and nothing older"]
    assert tables.asked == ["compact, and nothing older", [("memos", 1)]]


@pytest.mark.parametrize("changed", [False, True])
async def test_closing_finishes_what_was_taken_and_writes_all_anew_where_something_changed(
    tables: Held, store: RecordStore, *, changed: bool
) -> None:
    tables.goes_on.clear()
    tables.changed = changed
    saving = asyncio.create_task(store.save(memo(1)))
    await turns()

    closing = asyncio.create_task(store.close())
    await turns()
    early = closing.done()
    tables.goes_on.set()
    await closing

    assert (early, saving.done()) == (False, True)
    assert tables.asked == [[("memos", 1)], *(["compact"] if changed else []), "close"]
    with pytest.raises(StoreError, match=r"^The store is closed\. Nothing was changed\.$"):
        await store.save(memo(2))
    assert tables.asked[-1] == "close"


async def test_closing_waits_for_all_to_be_written_anew(tables: Held, store: RecordStore) -> None:
    tables.grown = True
    tables.settled.clear()
    await store.save(memo(1))
    await turns()

    closing = asyncio.create_task(store.close())
    await turns()
    early = list(tables.asked)
    tables.settled.set()
    await closing

    assert early == [[("memos", 1)], "compact"]
    assert tables.asked == [*early, "close"]
