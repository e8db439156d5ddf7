"""The end of a parcel: its deletion is told everywhere, and then nothing of it is left."""

import pytest

from bot.domain.parcel import NewParcel
from bot.domain.status import Event
from tests.unit.domain.journeys import KEY
from tests.unit.services.core import OPS, ORDERS, Core, delivered


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


@pytest.mark.parametrize("what", ["parcel", "subscription"])
async def test_rows_of_what_is_no_more_are_dropped(core: Core, what: str) -> None:
    await delivered(core)
    (subscription,) = await core.store.subscriptions(ORDERS)
    await core.store.save(remove=[await core.parcel() if what == "parcel" else subscription])

    await core.all_told()

    assert (core.told(), await core.store.waiting()) == ([], [])
