"""The end of a parcel: its deletion is told everywhere, and then nothing of it is left."""

import asyncio

import pytest

from bot.domain.parcel import NewParcel
from bot.domain.status import Event, Status
from tests.unit.domain.journeys import KEY
from tests.unit.services.core import OPS, ORDERS, Core, delivered, settle
from tests.unit.services.midway import BusyMessenger


async def test_a_deletion_is_told_everywhere_and_then_nothing_is_left(core: Core) -> None:
    await core.follows(ORDERS)
    await core.follows(OPS)

    await core.tracker.delete(ORDERS, KEY, by="UADA")
    await core.all_told()

    assert core.told(ORDERS) == core.told(OPS) == [[Event.DELETED]]
    assert (await core.store.parcels(), await core.store.subscriptions(ORDERS)) == ([], [])
    assert (await core.store.subscriptions(OPS), await core.store.waiting()) == ([], [])


async def test_what_is_added_again_before_its_deletion_is_told_stays(core: Core) -> None:
    await core.follows()
    await core.tracker.delete(ORDERS, KEY, by="UADA")

    await core.tracker.follow(NewParcel(key=KEY), ORDERS, by="UBEN")
    await core.all_told()

    assert core.told() == [[Event.DELETED]]
    assert (await core.parcel()).removed_at is None
    assert [one.active for one in await core.store.subscriptions(ORDERS)] == [True]


async def test_what_is_added_again_after_its_deletion_was_told_has_a_card_of_its_own(core: Core) -> None:
    await core.follows()
    await core.tracker.delete(ORDERS, KEY, by="UADA")
    await core.all_told()

    await core.follows()

    first, second = core.messenger.cards()
    assert first.parcel.removed_at
    assert second.parcel.removed_at is None


async def test_what_is_forgotten_in_the_moment_its_card_is_posted_has_its_line_told_there(core: Core) -> None:
    messenger = BusyMessenger(core.clock)
    core = Core(clock=core.clock, messenger=messenger)
    await core.tracker.follow(NewParcel(key=KEY), ORDERS, by="UADA")
    await core.tracker.mark(ORDERS, KEY, Status.EXCEPTION, by="UBEN")

    async def forget() -> None:
        await core.store.save(remove=await core.store.subscriptions(ORDERS))

    messenger.midway = forget
    await core.outbox.tell_due()

    (card,), (line,) = core.messenger.cards(), core.messenger.lines()
    assert line.thread == card.ts
    assert await core.store.waiting() == []


async def test_where_it_was_deleted_it_stays_archived_when_another_channel_adds_it_again(core: Core) -> None:
    await core.follows(ORDERS)
    await core.tracker.delete(ORDERS, KEY, by="UADA")

    await core.tracker.follow(NewParcel(key=KEY), OPS, by="UBEN")
    await core.all_told()

    assert core.told() == [[Event.DELETED]]
    assert [one.active for one in await core.store.subscriptions(ORDERS)] == [False]
    assert [one.active for one in await core.store.subscriptions(OPS)] == [True]


async def test_a_deletion_told_in_a_channel_that_was_forgotten_meanwhile_leaves_nothing_either(core: Core) -> None:
    await core.follows()
    await core.tracker.delete(ORDERS, KEY, by="UADA")
    core.messenger.slow[ORDERS.channel] = asyncio.Event()
    await core.outbox.start_due()
    await settle()

    await core.store.save(remove=await core.store.subscriptions(ORDERS))
    core.messenger.slow[ORDERS.channel].set()
    await core.outbox.tell_due()

    assert core.told() == [[Event.DELETED]]
    assert await core.store.waiting() == []


@pytest.mark.parametrize("what", ["parcel", "subscription"])
async def test_rows_of_what_is_no_more_are_dropped(core: Core, what: str) -> None:
    await delivered(core)
    (subscription,) = await core.store.subscriptions(ORDERS)
    await core.store.save(remove=[await core.parcel() if what == "parcel" else subscription])

    await core.all_told()

    assert (core.told(), await core.store.waiting()) == ([], [])
