"""A look that somebody asks for: what it costs, what it brings, and whom it spares one."""

import asyncio
from datetime import timedelta

import pytest

from bot.domain.errors import Missing
from bot.domain.parcel import NewParcel
from bot.domain.status import Event, Status
from tests.unit.domain.journeys import DELIVERED, KEY, PICKED_UP
from tests.unit.services.core import ORDERS, Core


async def test_a_refresh_asks_the_carrier_and_tells_what_is_new(moving: Core) -> None:
    moving.provider.has(KEY, Status.DELIVERED, DELIVERED, PICKED_UP)

    refreshed = await moving.tracker.refresh(ORDERS, KEY)
    await moving.all_told()

    assert (refreshed.changed, refreshed.parcel.status) == (True, Status.DELIVERED)
    assert moving.told() == [[Event.DELIVERED]]


async def test_after_a_refresh_without_news_the_card_says_as_of_when_it_is_so(moving: Core) -> None:
    moving.clock.move(hours=3)

    refreshed = await moving.tracker.refresh(ORDERS, KEY)
    await moving.all_told()

    (card,) = moving.messenger.cards(ORDERS.channel)
    assert (refreshed.changed, moving.told()) == (False, [])
    assert card.parcel.observed_at == refreshed.parcel.observed_at
    assert card.parcel.observed_at
    assert moving.clock.now() - card.parcel.observed_at < timedelta(minutes=1)


async def test_a_refresh_while_the_first_card_is_in_doubt_does_not_have_it_posted_again(core: Core) -> None:
    core.provider.has(KEY, Status.IN_TRANSIT, PICKED_UP)
    core.messenger.loses_answers = 1
    await core.tracker.follow(NewParcel(key=KEY), ORDERS, by="UADA")
    await core.outbox.tell_due()

    await core.tracker.refresh(ORDERS, KEY)
    core.clock.move(minutes=1)
    await core.all_told()
    await core.all_told()

    assert len(core.messenger.cards(ORDERS.channel)) == 1
    assert await core.store.waiting() == []


async def test_within_two_hours_nobody_is_asked_again(moving: Core) -> None:
    await moving.tracker.refresh(ORDERS, KEY)
    moving.clock.move(hours=1)
    early = await moving.tracker.refresh(ORDERS, KEY)
    moving.clock.move(hours=1)
    late = await moving.tracker.refresh(ORDERS, KEY)

    assert early.looked_ago is not None
    assert timedelta() <= early.looked_ago - timedelta(hours=1) < timedelta(seconds=1)
    assert late.looked_ago is None
    assert moving.provider.names().count("look_now") == 2


async def test_the_two_hours_are_the_providers(core: Core) -> None:
    core.provider.ahead = timedelta(days=3)
    core.provider.has(KEY, Status.IN_TRANSIT, PICKED_UP)
    await core.follows()

    await core.tracker.refresh(ORDERS, KEY)
    core.provider.ahead = timedelta(days=3, hours=1)
    early = await core.tracker.refresh(ORDERS, KEY)
    core.provider.ahead = timedelta(days=3, hours=2)
    late = await core.tracker.refresh(ORDERS, KEY)

    assert early.looked_ago is not None
    assert timedelta() <= early.looked_ago - timedelta(hours=1) < timedelta(minutes=1)
    assert late.looked_ago is None
    assert core.provider.names().count("look_now") == 2


async def test_two_who_refresh_at_once_ask_once(moving: Core) -> None:
    answers = await asyncio.gather(*(moving.tracker.refresh(ORDERS, KEY) for _ in range(2)))

    assert [one.looked_ago is not None for one in answers] == [False, True]
    assert moving.provider.names().count("look_now") == 1


async def test_what_is_missing_twice_is_gone_and_that_is_told_once(moving: Core) -> None:
    await moving.provider.delete(KEY)

    for _ in range(4):
        with pytest.raises(Missing):
            await moving.tracker.refresh(ORDERS, KEY)
        await moving.all_told()

    assert moving.told() == [[Event.GONE]]


async def test_missing_once_and_found_again_is_not_gone(moving: Core) -> None:
    report = moving.provider.reports.pop(KEY)
    with pytest.raises(Missing):
        await moving.tracker.refresh(ORDERS, KEY)
    moving.provider.reports[KEY] = report
    await moving.tracker.refresh(ORDERS, KEY)
    moving.clock.move(hours=2)
    moving.provider.reports.clear()

    with pytest.raises(Missing):
        await moving.tracker.refresh(ORDERS, KEY)
    await moving.all_told()

    assert moving.told() == []
