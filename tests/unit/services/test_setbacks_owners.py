"""Whom it concerns hears of news that could not be told: once, and not who has nothing to do with it."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.errors import MessengerError, MessengerUnavailable, PlaceGone
from bot.domain.records import Trouble
from bot.services.setbacks import LADDER
from tests.unit.domain.journeys import KEY
from tests.unit.services.core import ORDERS, Core, delivered, delivers, key_of, settle


@pytest.mark.promise("R21", "R23")
@pytest.mark.parametrize(
    ("error", "trouble"),
    [(PlaceGone("is_archived"), Trouble.PLACE_GONE), (MessengerUnavailable("no connection"), Trouble.UNDELIVERABLE)],
)
async def test_who_added_the_parcel_hears_of_it_and_why_and_not_who_came_to_the_channel_first(
    core: Core, error: MessengerError, trouble: Trouble
) -> None:
    await core.follows(by="UANN")
    await core.follows(key=key_of(2), by="UBEN")
    await delivers(core, key_of(2))
    (row,) = await core.store.waiting()
    await core.store.save(replace(row, attempts=len(LADDER)))
    core.messenger.closed[ORDERS.channel] = error

    await core.outbox.tell_due()

    ((owner, notice),) = core.messenger.warnings
    assert (owner, notice.trouble, notice.place, notice.detail) == ("UBEN", trouble, ORDERS, str(error))


async def test_where_nobody_follows_the_parcel_any_more_who_set_the_channel_up_hears_of_it(core: Core) -> None:
    await delivered(core)
    await core.store.save(replace(await core.store.settings(ORDERS), set_by="UBOSS"))
    core.messenger.slow[ORDERS.channel] = asyncio.Event()
    await core.outbox.start_due()
    await settle()

    await core.store.save(remove=await core.store.subscriptions(ORDERS))
    core.messenger.closed[ORDERS.channel] = PlaceGone("is_archived")
    core.messenger.slow[ORDERS.channel].set()
    await core.outbox.tell_due()

    assert [owner for owner, _ in core.messenger.warnings] == ["UBOSS"]


@pytest.mark.promise("R23")
async def test_of_a_channel_that_comes_and_goes_its_owner_hears_once_a_day(core: Core) -> None:
    await delivered(core)
    core.messenger.closed[ORDERS.channel] = PlaceGone("not_in_channel")
    heard = []

    for hours in (0, 1, 22, 2):
        core.clock.move(hours=hours)
        await core.store.save(replace(await core.store.settings(ORDERS), paused=""))
        core.outbox.wake(ORDERS)
        await core.outbox.tell_due()
        heard.append(len(core.messenger.warnings))

    assert heard == [1, 1, 1, 2]
    assert [row.key for row in await core.store.waiting()] == [KEY]
