"""What every store promises, whatever it is made of.

Over 300 lines: both stores keep one list of promises.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import RevisionMoved, StoreError
from bot.domain.parcel import ChannelSettings, Mark, Parcel, Place, Seen, Subscription
from bot.domain.records import InboxItem, Memo, Notification, Progress
from bot.domain.status import Preset, Status
from bot.ports import Record, Store
from bot.stores.memory import MemoryTables
from bot.stores.store import store_on
from bot.stores.tinydb import open_store
from tests.contract.stores.examples import HERE, NOW, TITLE, item, one_of_each, parcel, row, subscription

Open = Callable[[], Awaitable[Store]]
THERE = Place("T-TWO", "C-ORDERS")


def in_memory(_: Path) -> Open:
    tables = MemoryTables()
    return lambda: store_on(tables)


def in_tinydb(folder: Path) -> Open:
    return lambda: open_store(folder / "data")


class Keeper:
    """Has one store open, and opens it anew on whatever lasts of it."""

    def __init__(self, open_it: Open) -> None:
        self._open = open_it
        self.store: Store

    async def start(self) -> Store:
        self.store = await self._open()
        return self.store

    async def reopen(self) -> Store:
        await self.store.close()
        return await self.start()


@pytest.fixture(params=[in_memory, in_tinydb])
async def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Keeper]:
    keeper = Keeper(request.param(tmp_path))
    await keeper.start()
    yield keeper
    await keeper.store.close()


@pytest.fixture
def store(keeper: Keeper) -> Store:
    return keeper.store


async def everything(store: Store, *places: Place) -> set[Record]:
    """Return all that can be read of these places."""
    found: set[Record] = {*await store.open_items(), *await store.done_items(), *await store.waiting()}
    found |= {*await store.parcels()}
    for place in places or (HERE,):
        found |= {*await store.subscriptions(place), await store.settings(place)}
        if (value := await store.memo(place.workspace, "watermark")) is not None:
            found.add(Memo(workspace=place.workspace, name="watermark", value=value))
    return found


@pytest.mark.promise("R34")
async def test_what_is_saved_comes_back_equal(keeper: Keeper) -> None:
    records = one_of_each()

    await keeper.store.save(*records)

    assert await everything(keeper.store) == set(records)
    assert await everything(await keeper.reopen()) == set(records)


async def test_what_is_saved_again_replaces_what_was_there(keeper: Keeper) -> None:
    await keeper.store.save(subscription(1), subscription(2))

    await keeper.store.save(subscription(1, title=TITLE))

    store = await keeper.reopen()
    assert await store.subscriptions(HERE) == [subscription(1, title=TITLE), subscription(2)]


async def test_what_is_removed_is_gone_and_may_never_have_been_there(keeper: Keeper) -> None:
    await keeper.store.save(*one_of_each())

    await keeper.store.save(remove=[*one_of_each(), parcel(99)])

    nothing = {ChannelSettings(place=HERE)}
    assert await everything(keeper.store) == nothing
    assert await everything(await keeper.reopen()) == nothing


async def test_what_is_removed_and_saved_at_once_stays(store: Store) -> None:
    await store.save(row(1))

    await store.save(replace(row(1), attempts=1), remove=[row(1)])

    assert await store.waiting() == [replace(row(1), attempts=1)]


@pytest.mark.promise("R7", "R28")
async def test_a_save_is_made_all_or_not_at_all(keeper: Keeper) -> None:
    await keeper.store.save(subscription(1))
    unwritable = Memo(workspace="T-ONE", name="watermark", value="half a character: \ud83d")

    with pytest.raises(StoreError, match="Nothing was changed"):
        await keeper.store.save(parcel(1), unwritable, row(1), remove=[subscription(1)])

    only_the_first = {subscription(1), ChannelSettings(place=HERE)}
    assert await everything(keeper.store) == only_the_first
    assert await everything(await keeper.reopen()) == only_the_first


@pytest.mark.parametrize("value", [NOW, object(), {"a", "b"}, 2**70, None])
async def test_what_would_not_come_back_equal_is_refused(store: Store, value: object) -> None:
    memo = Memo(workspace="T-ONE", name="watermark", value=value)  # type: ignore[arg-type] # the mistake being tested

    with pytest.raises(StoreError, match="Memo can't be stored"):
        await store.save(memo)

    assert await store.memo("T-ONE", "watermark") is None


async def test_one_bad_save_spoils_none_of_those_that_wait_beside_it(keeper: Keeper) -> None:
    bad = Memo(workspace="T-ONE", name="watermark", value="\ud83d")
    saves = [keeper.store.save(bad if serial == 7 else parcel(serial)) for serial in range(20)]

    results = await asyncio.gather(*saves, return_exceptions=True)

    assert [serial for serial, result in enumerate(results) if result] == [7]
    store = await keeper.reopen()
    assert {one.serial for one in await store.parcels()} == set(range(20)) - {7}


async def test_a_save_gives_way_only_to_one_that_was_made(store: Store) -> None:
    await store.save(parcel(1))
    bad = Memo(workspace="T-ONE", name="watermark", value="\ud83d")
    first = store.save(parcel(1, revision=1), bad, onto=[parcel(1)])
    second = store.save(parcel(1, revision=1, status=Status.PICKUP), onto=[parcel(1)])

    results = await asyncio.gather(first, second, return_exceptions=True)

    assert [type(result) for result in results] == [StoreError, type(None)]
    assert await store.parcels() == [parcel(1, revision=1, status=Status.PICKUP)]


async def test_nothing_is_saved_onto_another_revision(store: Store) -> None:
    await store.save(parcel(1, revision=2))

    with pytest.raises(RevisionMoved, match="was changed in the meantime"):
        await store.save(parcel(1, revision=2, status=Status.PICKUP), row(1), onto=[parcel(1, revision=1)])

    assert await store.parcels() == [parcel(1, revision=2)]
    assert await store.waiting() == []


async def test_nothing_is_saved_onto_a_parcel_that_is_gone(store: Store) -> None:
    await store.save(parcel(1))
    await store.save(remove=[parcel(1)])

    with pytest.raises(RevisionMoved):
        await store.save(parcel(1, revision=1), onto=[parcel(1)])

    assert await store.parcels() == []


async def test_nothing_is_saved_onto_a_record_that_somebody_else_saved(store: Store) -> None:
    read = subscription(1)
    await store.save(read)
    await store.save(replace(read, archived_by="U0BEN"))

    with pytest.raises(RevisionMoved):
        await store.save(replace(read, card="1.1"), onto=[read])

    assert await store.subscription(read.place, read.key) == replace(read, archived_by="U0BEN")


async def test_settings_that_were_never_saved_can_be_saved_onto(store: Store) -> None:
    place = Place("T-ONE", "C-NEW")
    read = await store.settings(place)

    await store.save(replace(read, introduced=True), onto=[read])

    with pytest.raises(RevisionMoved):
        await store.save(replace(read, paused="is_archived"), onto=[read])
    assert (await store.settings(place)).introduced


@pytest.mark.promise("R8")
async def test_of_many_who_saw_the_same_change_one_saves_it(store: Store) -> None:
    await store.save(parcel(1))
    after = parcel(1, revision=1)
    saves = [store.save(after, replace(row(1), stamp=str(who)), onto=[parcel(1)]) for who in range(8)]

    results = await asyncio.gather(*saves, return_exceptions=True)

    assert Counter(map(type, results)) == {type(None): 1, RevisionMoved: 7}
    assert await store.parcels() == [after]
    assert len(await store.waiting()) == 1


async def test_saves_that_build_on_each_other_are_all_made(store: Store) -> None:
    await store.save(parcel(1))
    saves = [store.save(parcel(1, revision=n + 1), onto=[parcel(1, revision=n)]) for n in range(20)]

    await asyncio.gather(*saves)

    assert await store.parcels() == [parcel(1, revision=20)]


async def test_saves_that_begin_while_others_are_written_are_all_made(keeper: Keeper) -> None:
    saves = []
    for number in range(60):
        saves.append(asyncio.create_task(keeper.store.save(parcel(number), subscription(number))))
        for _ in range(number % 5):
            await asyncio.sleep(0)

    await asyncio.gather(*saves)

    for store in (keeper.store, await keeper.reopen()):
        assert len(await store.parcels()) == len(await store.subscriptions(HERE)) == 60


async def test_the_same_delivery_is_added_once(keeper: Keeper) -> None:
    first = await keeper.store.add(item("one"))
    await keeper.store.save(replace(item("one"), done_at=NOW))

    assert first
    assert not await keeper.store.add(item("one"))
    store = await keeper.reopen()
    assert not await store.add(item("one"))
    assert await store.add(item("one", workspace="T-TWO"))
    assert await store.done_items() == [replace(item("one"), done_at=NOW)]


@pytest.mark.promise("R2")
async def test_the_same_delivery_a_hundred_times_at_once_is_one_item(store: Store) -> None:
    added = await asyncio.gather(*(store.add(item("one")) for _ in range(100)))

    assert Counter(added) == {True: 1, False: 99}
    assert await store.open_items() == [item("one")]


async def test_fifty_adds_at_once_make_fifty_records(keeper: Keeper) -> None:
    async def follow(number: int) -> None:
        await keeper.store.add(item(f"delivery {number}"))
        await keeper.store.save(parcel(number), subscription(number))

    await asyncio.gather(*(follow(number) for number in range(50)))

    store = await keeper.reopen()
    assert len(await store.open_items()) == len(await store.parcels()) == len(await store.subscriptions(HERE)) == 50


async def test_a_number_is_given_once_in_a_workspace(keeper: Keeper) -> None:
    at_once = await asyncio.gather(*(keeper.store.next_serial("T-ONE") for _ in range(20)))
    store = await keeper.reopen()
    later = await store.next_serial("T-ONE")

    assert sorted([*at_once, later]) == list(range(1, 22))
    assert await store.next_serial("T-TWO") == 1


@pytest.mark.promise("S3")
async def test_parcels_are_found_by_workspace_and_by_key(store: Store) -> None:
    ours, other, theirs = parcel(1), parcel(2), parcel(1, workspace="T-TWO")

    await store.save(ours, other, theirs)

    assert await store.parcel("T-ONE", ours.key) == ours
    assert await store.parcel("T-THREE", ours.key) is None
    assert set(await store.parcels("T-ONE")) == {ours, other}
    assert set(await store.parcels_of(ours.key)) == {ours, theirs}
    assert set(await store.parcels()) == {ours, other, theirs}


async def test_subscriptions_come_oldest_first(keeper: Keeper) -> None:
    hours = random.sample(range(30), 30)
    await keeper.store.save(*(subscription(serial, hours=hour) for serial, hour in enumerate(hours)))

    await keeper.store.save(subscription(hours.index(3), hours=3, title="saved again"))

    for store in (keeper.store, await keeper.reopen()):
        assert [one.added_at.hour - NOW.hour for one in await store.subscriptions(HERE)][:10] == list(range(10))


async def test_followers_are_the_subscriptions_of_one_parcel_in_one_workspace(store: Store) -> None:
    here, beside = subscription(1), subscription(1, place=Place("T-ONE", "C-OTHER"))
    archived = replace(subscription(1, place=Place("T-ONE", "C-THIRD")), archived_at=NOW)

    await store.save(here, beside, archived, subscription(2), subscription(1, place=THERE))

    assert set(await store.followers("T-ONE", parcel(1).key)) == {here, beside, archived}
    assert await store.subscription(HERE, parcel(1).key) == here
    assert await store.subscription(Place("T-ONE", "C-FOURTH"), parcel(1).key) is None


async def test_a_place_without_settings_has_the_defaults(store: Store) -> None:
    await store.save(ChannelSettings(place=HERE, preset=Preset.QUIET))

    assert (await store.settings(HERE)).preset is Preset.QUIET
    assert await store.settings(THERE) == ChannelSettings(place=THERE)


async def test_rows_wait_oldest_first_until_told_or_set_aside(store: Store) -> None:
    rows = [row(serial, hours=5 - serial) for serial in range(5)]
    await store.save(*rows)

    await store.save(replace(rows[4], progress=Progress.SENDING), replace(rows[2], progress=Progress.SET_ASIDE))
    await store.save(remove=[rows[1]])

    assert await store.waiting() == [replace(rows[4], progress=Progress.SENDING), rows[3], rows[0]]


async def test_rows_are_found_by_place_and_those_set_aside_by_themselves(keeper: Keeper) -> None:
    here, later, there = row(1, hours=1), row(2, hours=2), row(1, place=THERE)
    aside = row(3, progress=Progress.SET_ASIDE)
    await keeper.store.save(later, there, aside, here)

    for store in (keeper.store, await keeper.reopen()):
        assert await store.waiting(HERE) == [here, later]
        assert await store.waiting(THERE) == [there]
        assert set(await store.waiting_places()) == {HERE, THERE}
        assert await store.set_aside() == [aside]
    await keeper.store.save(remove=[there])
    assert await keeper.store.waiting_places() == [HERE]


async def test_parcels_left_unread_are_found_until_they_are_read(keeper: Keeper) -> None:
    unread = replace(parcel(1), must_read=True)
    removed = replace(parcel(2), must_read=True, removed_at=NOW)
    await keeper.store.save(unread, removed, parcel(3))

    for store in (keeper.store, await keeper.reopen()):
        assert await store.unread() == [unread]
        assert await store.parcel_count() == 3
    await keeper.store.save(parcel(1))
    assert await keeper.store.unread() == []


async def test_the_silent_are_followed_parcels_that_a_look_could_move(keeper: Keeper) -> None:
    def transit(serial: int, **more: Any) -> Parcel:  # noqa: ANN401 - whatever a parcel has
        one = parcel(serial, status=Status.IN_TRANSIT)
        return replace(one, **({"updated_at": NOW - timedelta(hours=9)} | more))

    silent, fresh, never = transit(1, looked_at=NOW), transit(2, updated_at=NOW), transit(3, updated_at=None)
    out = transit(4, updated_at=NOW, status=Status.PICKUP, looked_at=NOW - timedelta(hours=3))
    others = [
        transit(5, removed_at=NOW),
        transit(6, status=Status.DELIVERED),
        transit(7, mark=Mark(status=Status.DELIVERED, by="U", at=NOW)),
        transit(8, missing=2),
        transit(9),
        transit(10),
    ]
    await keeper.store.save(silent, fresh, never, out, *others, *(subscription(serial) for serial in range(1, 9)))
    await keeper.store.save(replace(subscription(9), archived_at=NOW))

    for store in (keeper.store, await keeper.reopen()):
        assert await store.silent(NOW - timedelta(hours=8), 10) == [out, silent]
        assert await store.silent(NOW - timedelta(hours=8), 1) == [out]
    await keeper.store.unlike({silent.key: Seen(0, NOW)})
    assert await keeper.store.silent(NOW - timedelta(hours=8), 10) == [out]


async def test_unlike_are_the_keys_known_under_another_fingerprint(keeper: Keeper) -> None:
    known = [replace(parcel(serial), fingerprint=serial) for serial in range(1, 5)]
    elsewhere = [replace(parcel(serial, workspace="T-TWO"), fingerprint=7) for serial in (3,)]
    gone = replace(parcel(5), fingerprint=5, removed_at=NOW)
    await keeper.store.save(*known, *elsewhere, gone)
    seen = {parcel(serial).key: Seen(serial if serial != 2 else 9, NOW) for serial in range(1, 9)}

    for store in (keeper.store, await keeper.reopen()):
        assert await store.unlike(seen) == [parcel(2).key, parcel(3).key]
    await keeper.store.save(replace(known[1], fingerprint=9), remove=elsewhere)
    assert await keeper.store.unlike(seen) == []


async def test_a_refresh_heard_of_is_part_of_the_parcel_and_never_goes_back(store: Store) -> None:
    read = replace(parcel(1), fingerprint=1, updated_at=NOW)
    await store.save(read)
    for hours in (3, 1):
        await store.unlike({read.key: Seen(1, NOW + timedelta(hours=hours))})

    heard = replace(read, updated_at=NOW + timedelta(hours=3))
    assert await store.parcels() == [heard]
    await store.save(replace(read, revision=1), onto=[read])
    assert await store.parcels() == [replace(heard, revision=1)]


async def test_items_are_open_oldest_first_until_done(store: Store) -> None:
    items = [item(f"delivery {hour}", hours=hour) for hour in range(9)]
    await store.save(*reversed(items), item("known", done=True))

    await store.save(replace(items[4], done_at=NOW))

    assert await store.open_items() == items[:4] + items[5:]
    assert {one.delivery for one in await store.done_items()} == {"delivery 4", "known"}


async def test_a_memo_holds_its_last_value(store: Store) -> None:
    await store.save(Memo(workspace="T-ONE", name="looks", value="1"))
    await store.save(Memo(workspace="T-ONE", name="looks", value=TITLE))
    await store.save(Memo(workspace="T-TWO", name="looks", value="3"))

    assert await store.memo("T-ONE", "looks") == TITLE
    assert await store.memo("T-TWO", "looks") == "3"
    assert await store.memo("T-TWO", "watermark") is None


async def test_a_caller_who_goes_away_leaves_nothing_half_done(keeper: Keeper) -> None:
    going = asyncio.create_task(keeper.store.save(parcel(1), subscription(1)))
    staying = asyncio.create_task(keeper.store.save(parcel(2)))
    await asyncio.sleep(0)

    going.cancel()
    await staying

    in_memory_now = await everything(keeper.store)
    assert in_memory_now == await everything(await keeper.reopen())
    assert in_memory_now >= {parcel(1), parcel(2), subscription(1)}


async def test_a_closed_store_finished_what_it_took_and_takes_nothing_more(keeper: Keeper) -> None:
    saving = asyncio.create_task(keeper.store.save(parcel(1)))
    await asyncio.sleep(0)

    closed = keeper.store
    store = await keeper.reopen()

    assert await store.parcels() == [parcel(1)]
    await saving
    with pytest.raises(StoreError, match="closed"):
        await closed.save(parcel(2))


@pytest.mark.promise("S3")
@pytest.mark.parametrize("seed", range(3))
async def test_two_workspaces_never_mix(keeper: Keeper, seed: int) -> None:
    """Many random acts on equal names in two workspaces leave in each what plain dictionaries hold."""
    luck = random.Random(seed)
    held: dict[tuple[type[Record], str], Record] = {}
    serials: Counter[str] = Counter()
    store = keeper.store
    for step in range(150):
        place = luck.choice([HERE, Place("T-ONE", "C-OTHER"), THERE])
        canary = f"canary of {place.workspace}, {step}"
        serial = luck.randrange(4)
        made: list[Record] = [
            replace(parcel(serial, workspace=place.workspace), word=canary),
            subscription(serial, place=place, title=canary),
            replace(row(serial, place=place), note=canary, progress=luck.choice(list(Progress))),
            replace(item(str(serial), workspace=place.workspace, done=luck.random() < 0.5), words=canary),
            ChannelSettings(place=place, set_by=canary),
            Memo(workspace=place.workspace, name="watermark", value=canary),
        ]
        some = luck.sample(made, luck.randrange(1, 4))
        match luck.randrange(8):
            case 0 | 1:
                await store.save(remove=some)
                for record in some:
                    held.pop((type(record), record.id), None)
            case 2:
                new = item(str(serial), workspace=place.workspace)
                assert await store.add(new) is ((InboxItem, new.id) not in held)
                held.setdefault((InboxItem, new.id), new)
            case 3:
                serials[place.workspace] += 1
                assert await store.next_serial(place.workspace) == serials[place.workspace]
            case 4 if luck.random() < 0.3:
                store = await keeper.reopen()
            case _:
                await store.save(*some)
                held |= {(type(record), record.id): record for record in some}

    for place in (HERE, THERE):
        of_workspace = [record for record in held.values() if record.id.startswith(f"{place.workspace}/")]
        assert set(await store.parcels(place.workspace)) == {one for one in of_workspace if isinstance(one, Parcel)}
        for serial in range(4):
            followers = set(await store.followers(place.workspace, parcel(serial).key))
            assert followers == {
                one for one in of_workspace if isinstance(one, Subscription) and one.key == parcel(serial).key
            }
        memo = held.get((Memo, f"{place.workspace}/watermark"))
        assert await store.memo(place.workspace, "watermark") == (memo.value if isinstance(memo, Memo) else None)
        assert set(await store.subscriptions(place)) == {
            one for one in of_workspace if isinstance(one, Subscription) and one.place == place
        }
    rows = {one for one in held.values() if isinstance(one, Notification) and one.progress is not Progress.SET_ASIDE}
    assert set(await store.waiting()) == rows
    assert {*await store.open_items(), *await store.done_items()} == {
        one for one in held.values() if isinstance(one, InboxItem)
    }
