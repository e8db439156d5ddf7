"""What people ask for is done once, whoever else acts or sweeps in between."""

from dataclasses import replace

import pytest

from bot.domain.errors import NotFollowed, ProviderUnavailable
from bot.domain.status import Aloud, Event, Preset, Status
from bot.services.results import ArchivedHere
from tests.unit.domain.journeys import DELIVERED, KEY, PICKED_UP
from tests.unit.services.core import OPS, ORDERS, Core, key_of

# ── archiving, deleting ────────────────────────────────────────────────────────────────────────────────────────


async def test_only_the_last_place_archives_at_the_provider(moving: Core) -> None:
    await moving.follows(OPS)

    await moving.tracker.archive(ORDERS, KEY, by="UADA")
    after_the_first = dict(moving.provider.archived)
    await moving.tracker.archive(OPS, KEY, by="UBEN")

    assert after_the_first == {}
    assert moving.provider.archived == {KEY: True}


async def test_archiving_is_told_where_it_was_done(moving: Core) -> None:
    await moving.follows(OPS)

    acted = await moving.tracker.archive(ORDERS, KEY, by="UBEN")
    again = await moving.tracker.archive(ORDERS, KEY, by="UADA")
    await moving.all_told()

    assert (acted.already, acted.subscription.archived_by) == (False, "UBEN")
    assert (again.already, again.subscription.archived_by) == (True, "UBEN")
    assert (moving.told(ORDERS), moving.told(OPS)) == ([[Event.ARCHIVED]], [])


async def test_an_archive_that_the_provider_refused_changes_nothing(moving: Core) -> None:
    moving.provider.faults["archive"] = ProviderUnavailable()

    with pytest.raises(ProviderUnavailable):
        await moving.tracker.archive(ORDERS, KEY, by="UADA")

    assert [one.subscription.active for one in await moving.tracker.here(ORDERS)] == [True]
    assert await moving.store.waiting() == []


async def test_what_is_in_the_archive_takes_no_act(moving: Core) -> None:
    await moving.tracker.archive(ORDERS, KEY, by="UADA")

    for act in (
        moving.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UADA"),
        moving.tracker.restore(ORDERS, KEY, by="UADA"),
        moving.tracker.refresh(ORDERS, KEY),
    ):
        with pytest.raises(ArchivedHere):
            await act

    assert {"mark", "look_now"} & {*moving.provider.names()} == set()


async def test_out_of_the_archive_it_shows_what_happened_meanwhile(moving: Core) -> None:
    await moving.tracker.archive(ORDERS, KEY, by="UADA")
    moving.provider.has(KEY, Status.DELIVERED, DELIVERED, PICKED_UP)

    acted = await moving.tracker.unarchive(ORDERS, KEY, by="UBEN")
    again = await moving.tracker.unarchive(ORDERS, KEY, by="UADA")

    assert (acted.already, again.already) == (False, True)
    assert (acted.subscription.active, acted.subscription.archived_by) == (True, "")
    assert moving.provider.archived == {KEY: False}
    assert (await moving.parcel()).status is Status.DELIVERED


async def test_what_could_not_be_read_on_the_way_out_of_the_archive_is_read_later(moving: Core) -> None:
    await moving.tracker.archive(ORDERS, KEY, by="UADA")
    moving.provider.faults["report"] = ProviderUnavailable()

    acted = await moving.tracker.unarchive(ORDERS, KEY, by="UADA")

    assert acted.subscription.active
    assert (await moving.parcel()).must_read


async def test_who_changes_their_mind_is_told_of_each_act(moving: Core) -> None:
    await moving.tracker.archive(ORDERS, KEY, by="UADA")
    await moving.tracker.unarchive(ORDERS, KEY, by="UADA")
    await moving.tracker.archive(ORDERS, KEY, by="UADA")
    await moving.all_told()

    assert moving.told() == [[Event.ARCHIVED, Event.UNARCHIVED, Event.ARCHIVED]]


async def test_while_another_place_follows_it_unarchiving_asks_nobody(moving: Core) -> None:
    await moving.follows(OPS)
    await moving.tracker.archive(ORDERS, KEY, by="UADA")

    await moving.tracker.unarchive(ORDERS, KEY, by="UADA")

    assert moving.provider.archived == {}


async def test_a_deletion_is_told_on_each_card_and_then_nothing_is_left(moving: Core) -> None:
    await moving.follows(OPS)

    await moving.tracker.delete(ORDERS, KEY, by="UADA")
    known_until_told = await moving.store.parcel("T", KEY)
    await moving.all_told()

    assert known_until_told is not None
    assert KEY not in moving.provider.reports
    assert (moving.told(ORDERS), moving.told(OPS)) == ([[Event.DELETED]], [[Event.DELETED]])
    assert {one.parcel.removed_at is not None for one in moving.messenger.cards()} == {True}
    assert await moving.store.parcels() == []
    assert [*await moving.store.subscriptions(ORDERS), *await moving.store.subscriptions(OPS)] == []
    assert await moving.store.waiting() == []


async def test_what_a_place_archived_long_ago_goes_with_the_deletion(moving: Core) -> None:
    await moving.follows(OPS)
    await moving.tracker.archive(OPS, KEY, by="UBEN")
    await moving.all_told()

    await moving.tracker.delete(ORDERS, KEY, by="UADA")
    await moving.all_told()

    assert await moving.store.parcels() == []
    assert await moving.store.subscriptions(OPS) == []


async def test_once_deleted_it_is_not_here_even_before_that_is_told(moving: Core) -> None:
    await moving.tracker.delete(ORDERS, KEY, by="UADA")

    with pytest.raises(NotFollowed):
        await moving.tracker.delete(ORDERS, KEY, by="UBEN")

    assert await moving.tracker.here(ORDERS) == []
    assert moving.provider.names().count("delete") == 1


async def test_nobody_acts_on_what_the_place_does_not_follow(moving: Core) -> None:
    for act in (
        moving.tracker.mark(OPS, KEY, Status.DELIVERED, by="UADA"),
        moving.tracker.refresh(OPS, KEY),
        moving.tracker.archive(OPS, KEY, by="UADA"),
        moving.tracker.unarchive(OPS, KEY, by="UADA"),
        moving.tracker.delete(OPS, KEY, by="UADA"),
    ):
        with pytest.raises(NotFollowed):
            await act

    assert (await moving.parcel()).removed_at is None


# ── finding, settings ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_place_finds_its_own_and_the_active_before_the_archived(moving: Core) -> None:
    await moving.follows(key=key_of(2))
    await moving.follows(OPS, key=key_of(3))
    await moving.tracker.archive(ORDERS, KEY, by="UADA")

    assert [one.parcel.key for one in await moving.tracker.find(ORDERS, "1ZX000000000000002")] == [key_of(2)]
    assert [one.parcel.key for one in await moving.tracker.find(ORDERS, "P-1")] == [KEY]
    with pytest.raises(NotFollowed):
        await moving.tracker.find(ORDERS, "P-3")


async def test_what_fits_in_the_archive_is_found_only_when_nothing_active_does(core: Core) -> None:
    await core.follows(key=key_of(10002))
    await core.follows(key=key_of(20002))
    await core.tracker.archive(ORDERS, key_of(10002), by="UADA")
    with_one = await core.tracker.find(ORDERS, "0002")
    await core.tracker.archive(ORDERS, key_of(20002), by="UADA")
    with_none = await core.tracker.find(ORDERS, "0002")

    assert [one.parcel.key for one in with_one] == [key_of(20002)]
    assert [one.parcel.key for one in with_none] == [key_of(10002), key_of(20002)]


async def test_subscribing_sets_what_is_named_and_leaves_the_rest(core: Core) -> None:
    await core.tracker.subscribe(ORDERS, by="UADA", preset=Preset.EVERYTHING)
    await core.tracker.subscribe(ORDERS, by="UBEN", aloud=Aloud.NONE)
    settings = await core.tracker.subscribe(ORDERS, by="UCLEO")

    assert (settings.preset, settings.aloud, settings.set_by) == (Preset.EVERYTHING, Aloud.NONE, "UBEN")
    assert settings == await core.store.settings(ORDERS)


async def test_how_often_something_was_bought_is_known_once_it_is(core: Core) -> None:
    during = []

    async def report(*_: object, **__: object) -> object:
        during.append(core.tracker.spent)
        return replace(core.provider.reports[KEY], asked_at=core.clock.now())

    core.provider.report = report  # type: ignore[method-assign,assignment]  # looks on while somebody buys
    before = core.tracker.spent
    await core.follows()
    await core.tracker.detect(KEY.number)

    assert (before, during, core.tracker.spent) == (0, [1], 2)
