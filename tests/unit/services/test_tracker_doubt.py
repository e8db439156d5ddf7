"""A mark whose answer was lost: it is settled by reading, and told as the person's, never as the carrier's."""

from dataclasses import replace

import pytest

from bot.domain.errors import InDoubt, ProviderUnavailable
from bot.domain.parcel import Mark, ParcelKey
from bot.domain.status import Event, Status
from tests.fakes import FakeClock, FakeProvider
from tests.unit.domain.journeys import KEY, PICKED_UP
from tests.unit.services.core import ORDERS, Core

LOST = ProviderUnavailable("reset")


class Deaf(FakeProvider):
    """A provider that takes a mark, and whose answer is lost."""

    deaf = True

    async def mark(self, key: ParcelKey, status: Status | None) -> None:
        await super().mark(key, status)
        if self.deaf:
            raise LOST


@pytest.fixture
async def core() -> Core:
    provider = Deaf(FakeClock())
    core = Core(clock=provider.clock, provider=provider)
    provider.has(KEY, Status.IN_TRANSIT, PICKED_UP)
    await core.follows()
    return core


async def mark(core: Core) -> None:
    await core.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UADA", note="at the door")


async def swept_and_read(core: Core) -> None:
    """Let the provider refresh the parcel, and a sweep and a look see it."""
    core.provider.refreshed[KEY] = core.clock.now()
    await core.swept()
    await core.sweep.look_once()
    await core.all_told()


@pytest.mark.promise("R24")
async def test_it_is_read_at_once_and_stands(core: Core) -> None:
    await mark(core)
    await core.all_told()

    parcel = await core.parcel()
    assert (parcel.shown_status, parcel.status) == (Status.DELIVERED, Status.IN_TRANSIT)
    assert core.told() == [[Event.MARKED]]


@pytest.mark.promise("R24")
async def test_when_it_cannot_be_read_a_round_settles_it_and_it_is_told_as_the_persons(core: Core) -> None:
    core.provider.faults["report"] = LOST
    with pytest.raises(InDoubt, match="I keep looking"):
        await mark(core)
    core.provider.faults.clear()

    await swept_and_read(core)
    await swept_and_read(core)

    parcel = await core.parcel()
    assert (parcel.shown_status, parcel.status, parcel.must_read) == (Status.DELIVERED, Status.IN_TRANSIT, False)
    assert core.told() == [[Event.MARKED]]
    (row,) = core.messenger.lines()[0].rows
    assert (row.by, row.note) == ("UADA", "at the door")


@pytest.mark.promise("R24")
async def test_a_mark_that_never_arrived_is_none_and_the_one_before_it_stands_on(core: Core) -> None:
    core.provider.deaf = False  # type: ignore[attr-defined]  # it is the one above
    await core.tracker.mark(ORDERS, KEY, Status.EXCEPTION, by="UBEN")
    core.provider.faults |= {"mark": LOST, "report": LOST}
    with pytest.raises(InDoubt):
        await mark(core)
    core.provider.faults.clear()

    await swept_and_read(core)

    parcel = await core.parcel()
    assert parcel.mark
    assert (parcel.mark.status, parcel.mark.by, parcel.mark.under_way) == (Status.EXCEPTION, "UBEN", False)
    assert core.told() == [[Event.MARKED]]


@pytest.mark.promise("R24")
async def test_a_mark_that_we_died_of_is_settled_though_nobody_asks_again(core: Core) -> None:
    core.provider.marks.append((KEY, Status.DELIVERED))
    begun = Mark(status=Status.DELIVERED, by="UADA", at=core.clock.now(), under_way=True)
    await core.store.save(replace(await core.parcel(), mark=begun, must_read=True))

    after = core.restarted()
    await swept_and_read(after)

    assert (await after.parcel()).shown_status is Status.DELIVERED
    assert after.told() == [[Event.MARKED]]


@pytest.mark.promise("R24")
async def test_a_mark_that_is_just_being_set_is_left_to_whoever_sets_it(core: Core) -> None:
    begun = Mark(status=Status.DELIVERED, by="UADA", at=core.clock.now(), under_way=True)
    await core.store.save(replace(await core.parcel(), mark=begun, must_read=True))
    core.provider.calls.clear()

    await core.sweep.look_once()

    assert "report" not in core.provider.names()
    assert (await core.parcel()).mark == begun
