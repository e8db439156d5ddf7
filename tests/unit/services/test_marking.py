"""A status set by hand is set once, shown once it is taken, and never mistaken for the carrier's."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.errors import Missing, ProviderUnavailable
from bot.domain.parcel import Mark
from bot.domain.status import Event, Status
from bot.services.results import NothingToRestore
from tests.fakes import START, FakeClock
from tests.unit.domain.journeys import DELIVERED, DEPARTED, KEY, PICKED_UP
from tests.unit.services.core import ORDERS, Core
from tests.unit.services.midway import BusyProvider


def with_busy_provider() -> tuple[Core, BusyProvider]:
    """Return a core with a provider with which something may happen midway."""
    provider = BusyProvider(clock := FakeClock())
    provider.has(KEY, Status.IN_TRANSIT, PICKED_UP)
    return Core(provider=provider, clock=clock), provider


async def test_a_mark_is_set_at_the_provider_shown_and_told(moving: Core) -> None:
    acted = await moving.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UADA", note="at the back door")
    await moving.all_told()

    assert moving.provider.marks == [(KEY, Status.DELIVERED)]
    assert not acted.already
    assert (acted.parcel.shown_status, acted.parcel.status) == (Status.DELIVERED, Status.IN_TRANSIT)
    assert not acted.parcel.must_read  # it was read again at once
    (told,) = moving.messenger.lines()[0].rows
    assert (told.event, told.by, told.note) == (Event.MARKED, "UADA", "at the back door")


async def test_of_two_who_mark_at_once_the_second_hears_that_it_is_done(moving: Core) -> None:
    acts = await asyncio.gather(
        moving.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UADA"),
        moving.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UBEN"),
    )
    await moving.all_told()

    assert [act.already for act in acts] == [False, True]
    assert moving.provider.names().count("mark") == 1
    assert moving.told() == [[Event.MARKED]]


async def test_a_mark_that_the_provider_did_not_take_is_no_mark(moving: Core) -> None:
    moving.provider.faults["mark"] = ProviderUnavailable()

    with pytest.raises(ProviderUnavailable):
        await moving.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UADA")

    parcel = await moving.parcel()
    assert (parcel.mark, parcel.shown_status, parcel.must_read) == (None, Status.IN_TRANSIT, True)
    assert await moving.store.waiting() == []


async def test_the_mark_before_stands_when_the_provider_does_not_take_the_next(moving: Core) -> None:
    await moving.tracker.mark(ORDERS, KEY, Status.EXCEPTION, by="UADA")
    moving.provider.faults["mark"] = ProviderUnavailable()

    with pytest.raises(ProviderUnavailable):
        await moving.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UBEN")

    assert (await moving.parcel()).shown_status is Status.EXCEPTION


async def test_a_sweep_between_the_providers_mark_and_ours_is_not_fooled_by_its_echo() -> None:
    core, provider = with_busy_provider()
    await core.follows()

    async def swept() -> None:
        provider.refreshed[KEY] = core.clock.now()
        await core.sweep.run_once()

    provider.midway["mark"] = swept
    acted = await core.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UADA")
    await core.all_told()

    assert (acted.parcel.status, acted.parcel.shown_status) == (Status.IN_TRANSIT, Status.DELIVERED)
    assert core.told() == [[Event.MARKED]]


async def test_a_sweep_between_the_providers_undoing_and_ours_takes_nothing_for_news() -> None:
    core, provider = with_busy_provider()
    await core.follows()
    await core.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UADA")

    async def swept() -> None:
        provider.refreshed[KEY] = core.clock.now()
        await core.sweep.run_once()

    provider.midway["mark"] = swept
    acted = await core.tracker.restore(ORDERS, KEY, by="UBEN")
    await core.all_told()

    assert (acted.parcel.mark, acted.parcel.shown_status) == (None, Status.IN_TRANSIT)
    assert core.told() == [[Event.MARKED, Event.RESTORED]]


async def test_while_a_mark_stands_the_carriers_own_news_is_kept_for_its_undoing(moving: Core) -> None:
    await moving.tracker.mark(ORDERS, KEY, Status.EXCEPTION, by="UADA")
    await moving.reported(Status.DELIVERED, DELIVERED, PICKED_UP)

    acted = await moving.tracker.restore(ORDERS, KEY, by="UADA")

    assert (acted.parcel.shown_status, acted.parcel.must_read) == (Status.DELIVERED, False)


async def test_a_mark_shows_only_once_the_provider_has_taken_it() -> None:
    core, provider = with_busy_provider()
    await core.follows()
    shown = []

    async def looks() -> None:
        shown.append((await core.parcel()).shown_status)

    provider.midway["mark"] = looks
    await core.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UADA")
    await looks()

    assert shown == [Status.IN_TRANSIT, Status.DELIVERED]


async def test_a_mark_that_we_were_killed_at_is_set_when_its_request_is_done_again(moving: Core) -> None:
    begun = Mark(status=Status.DELIVERED, by="UADA", at=START, under_way=True)
    await moving.store.save(replace(await moving.parcel(), mark=begun))

    acted = await moving.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UADA")

    assert (acted.already, acted.parcel.shown_status) == (False, Status.DELIVERED)
    assert moving.provider.marks == [(KEY, Status.DELIVERED)]


async def test_without_a_mark_there_is_nothing_to_undo(moving: Core) -> None:
    with pytest.raises(NothingToRestore):
        await moving.tracker.restore(ORDERS, KEY, by="UADA")

    assert moving.provider.marks == []


async def test_a_mark_on_what_the_provider_lost_counts_as_missing(moving: Core) -> None:
    await moving.provider.delete(KEY)

    with pytest.raises(Missing):
        await moving.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UADA")

    parcel = await moving.parcel()
    assert (parcel.missing, parcel.mark) == (1, None)


async def test_an_act_that_could_not_be_read_back_is_read_later(moving: Core) -> None:
    moving.provider.faults["report"] = ProviderUnavailable()

    acted = await moving.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UADA")

    assert acted.parcel.must_read
    assert acted.parcel.shown_status is Status.DELIVERED


async def test_a_scan_that_comes_while_a_mark_stands_is_kept_and_the_mark_stays(moving: Core) -> None:
    await moving.tracker.mark(ORDERS, KEY, Status.EXCEPTION, by="UADA")
    await moving.all_told()

    await moving.reported(Status.IN_TRANSIT, DEPARTED, PICKED_UP)

    parcel = await moving.parcel()
    assert (parcel.status, parcel.shown_status) == (Status.IN_TRANSIT, Status.EXCEPTION)
    assert parcel.checkpoints == (DEPARTED, PICKED_UP)
