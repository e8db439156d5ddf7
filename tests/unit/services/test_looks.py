"""The closer look: at what should have moved, seldom, never at the price of quota."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import ProviderUnavailable
from bot.domain.status import Event, Status
from tests.unit.domain.journeys import DELIVERED, KEY, OUT, PICKED_UP
from tests.unit.services.core import ORDERS, Core, key_of, looked_for, looks, out_for_delivery

# ── which parcels ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_parcel_out_for_delivery_is_looked_at_and_its_news_told(core: Core) -> None:
    await out_for_delivery(core)
    core.provider.has(key_of(0), Status.DELIVERED, DELIVERED, OUT)

    await core.sweep.look_once()
    await core.all_told()

    assert looks(core) == [key_of(0)]
    assert core.told() == [[Event.DELIVERED]]


async def test_a_parcel_the_provider_left_alone_for_more_than_eight_hours_is_looked_at(core: Core) -> None:
    core.provider.has(KEY, Status.IN_TRANSIT, PICKED_UP)
    await core.follows()

    core.clock.move(hours=7, minutes=59)
    await core.sweep.look_once()
    assert looks(core) == []

    core.clock.move(minutes=2)
    await core.sweep.look_once()
    assert looks(core) == [KEY]


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.EXCEPTION])
async def test_neither_does_a_word_that_nobody_planned_for_nor_a_problem_end_the_looks(
    core: Core, status: Status
) -> None:
    core.provider.has(KEY, status, PICKED_UP)
    await core.follows()

    core.clock.move(hours=8, minutes=1)
    await core.sweep.look_once()

    assert looks(core) == [KEY]


@pytest.mark.parametrize("status", [Status.DELIVERED, Status.EXPIRED])
async def test_a_parcel_that_has_ended_is_not_looked_at(core: Core, status: Status) -> None:
    core.provider.has(KEY, status, DELIVERED)
    await core.follows()

    core.clock.move(days=2)
    await core.sweep.look_once()

    assert looks(core) == []


async def test_neither_is_one_that_a_person_marked_as_delivered(core: Core) -> None:
    await out_for_delivery(core)
    await core.tracker.mark(ORDERS, key_of(0), Status.DELIVERED, by="UADA")

    await looked_for(core, 24)

    assert looks(core) == []


async def test_neither_is_one_that_the_carrier_delivered_and_a_person_disputes(core: Core) -> None:
    core.provider.has(KEY, Status.DELIVERED, DELIVERED)
    await core.follows()
    await core.tracker.mark(ORDERS, KEY, Status.EXCEPTION, by="UADA")

    await looked_for(core, 24)

    assert looks(core) == []


async def test_neither_is_one_that_waits_to_be_collected_or_that_nobody_follows(core: Core) -> None:
    core.provider.has(KEY, Status.PICKUP, OUT, substatus="pickup002")
    await core.follows()
    await out_for_delivery(core)
    await core.tracker.archive(ORDERS, key_of(0), by="UADA")

    await core.sweep.look_once()

    assert looks(core) == []


async def test_neither_is_one_of_which_the_provider_does_not_say_when_it_was_refreshed(core: Core) -> None:
    core.provider.has(KEY, Status.IN_TRANSIT, PICKED_UP)
    core.provider.reports[KEY] = replace(core.provider.reports[KEY], updated_at=None)
    await core.follows()

    core.clock.move(days=1)
    await core.sweep.look_once()

    assert looks(core) == []


# ── how often ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_one_parcel_is_looked_at_once_in_two_hours_even_after_a_restart(core: Core) -> None:
    await out_for_delivery(core)

    assert await looked_for(core, 6) == 3
    assert await looked_for(core.restarted(), 2) == 1


async def test_a_look_of_a_persons_own_counts_for_the_two_hours(core: Core) -> None:
    await out_for_delivery(core)
    await core.tracker.refresh(ORDERS, key_of(0))

    assert await looked_for(core, 1.9) == 0


async def test_two_hours_are_counted_in_the_providers_time(core: Core) -> None:
    core.provider.ahead = timedelta(days=300)
    await out_for_delivery(core)

    assert await looked_for(core, 6) == 3


async def test_there_are_at_most_so_many_looks_a_day_of_the_providers_days(core: Core) -> None:
    core = Core(looks_a_day=5)
    await out_for_delivery(core, 8)
    core.clock.move(hours=1)

    assert await looked_for(core, 8) == 5
    core.clock.move(days=1)
    assert await looked_for(core, 1) == 5


async def test_the_days_looks_are_remembered_over_a_restart() -> None:
    core = Core(looks_a_day=5)
    await out_for_delivery(core, 8)
    await core.sweep.look_once()

    again = Core(store=core.store, clock=core.clock, provider=core.provider, looks_a_day=5)
    core.clock.move(hours=3)

    assert await looked_for(again, 1) == 0


async def test_no_looks_are_made_where_they_are_switched_off() -> None:
    core = Core(looks_a_day=0)
    await out_for_delivery(core)

    assert await looked_for(core, 24) == 0
    assert "quota" not in core.provider.names()


async def test_the_longest_unlooked_goes_first(core: Core) -> None:
    core = Core(looks_a_day=12)
    await out_for_delivery(core, 14)

    await core.sweep.look_once()
    first = looks(core)
    core.clock.move(days=1)
    await core.sweep.look_once()

    assert len(first) == 10
    assert set(looks(core)[10:14]) == {key_of(n) for n in range(14)} - set(first)


# ── what an act left unread ───────────────────────────────────────────────────────────────────────────────────────────


async def test_what_an_act_left_unread_is_read_when_the_provider_answers_again(core: Core) -> None:
    await core.follows()
    core.provider.faults["report"] = ProviderUnavailable("timeout")
    await core.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UADA")
    assert (await core.parcel()).must_read
    core.provider.faults.clear()
    core.provider.reports[KEY] = replace(core.provider.reports[KEY], checkpoints=(OUT,))

    await core.sweep.look_once()

    parcel = await core.parcel()
    assert (parcel.must_read, parcel.newest, looks(core)) == (False, OUT, [])
