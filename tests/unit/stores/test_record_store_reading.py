"""What a store finds, and in which order; onto what a record may be saved; and that nobody waits for long."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import RevisionMoved
from bot.domain.parcel import ChannelSettings, ParcelKey, Place, Seen
from bot.domain.records import Memo, Progress
from bot.domain.status import Status
from bot.stores.memory import memory_store
from bot.stores.store import SLICE, RecordStore
from tests.contract.stores.examples import HERE, NOW, item, one_of_each, parcel, row, subscription

HOUR = timedelta(hours=1)


@pytest.fixture
def store() -> RecordStore:
    return memory_store()


def memo(number: int) -> Memo:
    return Memo(workspace="T-ONE", name=f"memo {number}", value="x")


async def test_what_is_equally_old_comes_in_the_order_of_its_name(store: RecordStore) -> None:
    subscriptions = [subscription(serial) for serial in (3, 1, 2)]
    aside = [replace(row(serial), progress=Progress.SET_ASIDE) for serial in (3, 1, 2)]
    items = [item(name) for name in ("c", "a", "b")]
    rows = [replace(row(4), revision=revision) for revision in (3, 1, 2)]
    await store.save(*subscriptions, *aside, *items, *rows, subscription(9, hours=-1), item("z", hours=-1))

    assert [one.key for one in await store.subscriptions(HERE)] == [parcel(serial).key for serial in (9, 1, 2, 3)]
    assert [one.key for one in await store.set_aside()] == [parcel(serial).key for serial in (1, 2, 3)]
    assert [one.delivery for one in await store.open_items()] == ["z", "a", "b", "c"]
    assert [one.revision for one in await store.waiting()] == [1, 2, 3]
    assert await store.waiting(Place("T-ONE", "C-ELSE")) == []
    assert (await store.waiting_places(), await store.waiting(HERE)) == ([HERE], await store.waiting())


async def test_what_is_asked_for_is_found_and_nothing_else(store: RecordStore) -> None:
    known, unread = replace(parcel(1), fingerprint=1), replace(parcel(2, workspace="T-TWO"), must_read=True)
    same = replace(unread, workspace="T-ONE")
    there = subscription(1, place=Place("T-ONE", "C-ELSE"))
    await store.save(known, unread, same, subscription(1), there, item("1"), item("2", done=True), memo(1))

    assert (await store.parcel("T-ONE", known.key), await store.parcel("T-TWO", known.key)) == (known, None)
    assert (await store.parcels("T-TWO"), await store.parcel_count()) == ([unread], 3)
    assert set(await store.parcels_of(unread.key)) == set(await store.unread()) == {unread, same}
    assert await store.unlike({known.key: Seen(2, None), ParcelKey("x", "1"): Seen(2, None)}) == [known.key]
    assert await store.subscription(HERE, known.key) == subscription(1)
    assert (await store.subscription(HERE, unread.key), await store.subscriptions(there.place)) == (None, [there])
    assert set(await store.followers("T-ONE", known.key)) == {subscription(1), there}
    assert (await store.done_items(), await store.open_items()) == ([item("2", done=True)], [item("1")])
    assert (await store.memo("T-ONE", "memo 1"), await store.memo("T-TWO", "memo 1")) == ("x", None)
    assert await store.settings(HERE) == ChannelSettings(place=HERE)


async def test_a_store_in_memory_may_be_told_to_forget_what_it_never_had(store: RecordStore) -> None:
    await store.save(remove=[memo(1), parcel(1), subscription(1)])
    await store.save(memo(2))
    await store.save(memo(3), remove=[memo(1)])

    assert (store.remark, await store.everything()) == ("", [memo(2), memo(3)])


async def test_everything_is_every_record_once(store: RecordStore) -> None:
    records = one_of_each()

    await store.save(*records)

    assert sorted(one.id for one in await store.everything()) == sorted(one.id for one in records)
    assert await store.parcel_count() == 1


async def test_the_silent_are_as_many_as_were_asked_for_and_somebody_follows_each(store: RecordStore) -> None:
    out = [replace(parcel(serial), status=Status.IN_TRANSIT, updated_at=NOW + serial * HOUR) for serial in range(1, 6)]
    archived = replace(subscription(1), archived_at=NOW)
    await store.save(*out, archived, *(subscription(serial) for serial in (2, 3, 4)))

    assert [one.serial for one in await store.silent(NOW + 9 * HOUR, 9)] == [2, 3, 4]
    assert [one.serial for one in await store.silent(NOW + 9 * HOUR, 2)] == [2, 3]
    assert await store.silent(NOW + 9 * HOUR, 0) == []


async def test_a_record_is_saved_onto_what_was_read_but_for_its_last_refresh(store: RecordStore) -> None:
    read = parcel(1)
    await store.save(replace(read, updated_at=NOW + HOUR), memo(1))
    place = ChannelSettings(place=HERE)

    await store.save(replace(read, revision=1), onto=[read])
    await store.save(replace(place, set_by="U-ANN"), onto=[place])
    await store.save(replace(memo(1), value="z"), onto=[memo(1)])

    for record, onto in (
        (replace(read, revision=2), replace(read, word="other")),
        (replace(read, revision=2), read),
        (memo(2), memo(2)),
        (memo(1), memo(1)),
        (replace(place, set_by="U-BEN"), place),
        (ChannelSettings(place=Place("T-ONE", "C-NEW")), ChannelSettings(place=Place("T-ONE", "C-NEW"), set_by="U")),
    ):
        with pytest.raises(RevisionMoved):
            await store.save(record, onto=[onto])
    assert await store.settings(HERE) == replace(place, set_by="U-ANN")


async def test_numbers_of_a_workspace_go_on_after_the_last_that_was_given(store: RecordStore) -> None:
    first = [await store.next_serial("T-ONE") for _ in range(3)]
    beside = await asyncio.gather(*(store.next_serial(name) for name in ("T-ONE", "T-TWO", "T-ONE")))

    assert (first, beside) == ([1, 2, 3], [4, 1, 5])
    assert await store.memo("T-ONE", "last serial") == "5"


async def test_others_get_their_turn_while_much_is_read_or_packed(store: RecordStore) -> None:
    counted = 0
    many = [replace(parcel(serial), updated_at=NOW) for serial in range(2 * SLICE + 50)]

    async def count() -> None:
        nonlocal counted
        while True:
            await asyncio.sleep(0)
            counted += 1

    counting = asyncio.create_task(count())
    await store.save(*many, *(subscription(serial) for serial in range(2 * SLICE + 50)))
    packed, counted = counted, 0
    await store.parcels()
    listed, counted = counted, 0
    await store.silent(NOW + HOUR, 1000)
    silent = counted
    counting.cancel()

    assert packed >= 4
    assert (listed, silent) == (2, 2)
