"""A closer look costs no quota, and what is wrong with one does not stop the others."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.domain.errors import (
    AnswerNotUnderstood,
    BotError,
    CarrierRefused,
    FeatureNotActive,
    KeyRefused,
    Missing,
    ProviderBusy,
    ProviderUnavailable,
)
from bot.domain.parcel import NewParcel, ParcelKey, Report
from bot.domain.records import Trouble
from bot.domain.status import Event
from bot.services.results import Followed
from tests.fakes import FakeClock, FakeProvider
from tests.unit.services.core import ORDERS, Core, key_of, looked_for, looks, out_for_delivery, settle


async def test_the_quota_is_asked_for_once_before_and_once_after_each_look(core: Core) -> None:
    await out_for_delivery(core, 3)
    core.provider.calls.clear()

    await core.sweep.look_once()

    assert [name for name in core.provider.names() if name in {"quota", "look_now"}] == [
        *("quota", "look_now", "quota"),
        *("look_now", "quota"),
        *("look_now", "quota"),
    ]


@pytest.mark.parametrize(("left", "made"), [(42, 1), (41, 0)])
async def test_no_look_is_made_below_a_tenth_of_the_quota(core: Core, left: int, made: int) -> None:
    core.provider.left = 421
    await out_for_delivery(core)
    assert await core.sweep.most_quota(420) == 420
    core.provider.left = left

    await core.sweep.look_once()

    assert len(looks(core)) == made


async def test_the_most_quota_ever_seen_is_remembered(core: Core) -> None:
    assert await core.sweep.most_quota(400) == 400
    assert await core.restarted().sweep.most_quota(50) == 400
    assert await core.sweep.most_quota(500) == 500


async def test_looks_that_cost_quota_are_stopped_and_the_admins_told_once(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    await out_for_delivery(core, 3)
    core.provider.look_costs = 1

    assert await looked_for(core, 24) == 1

    assert [notice.trouble for _, notice in core.messenger.warnings] == [Trouble.LOOKS_COST] * 2
    assert caplog.text.count("looks cost quota") == 1


class SlowShop(FakeProvider):
    """A provider that charges for a creation at once, and answers when let go."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.answers = asyncio.Event()
        self.during_a_look: Callable[[], Awaitable[object]] | None = None

    async def create(self, parcel: NewParcel) -> bool:
        created = await super().create(parcel)
        await self.answers.wait()
        return created

    async def look_now(self, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        if happening := self.during_a_look:
            self.during_a_look = None
            await happening()
        return await super().look_now(key, asked_by_person=asked_by_person)


@pytest.mark.parametrize("answered", [True, False])
async def test_what_a_person_buys_during_a_look_is_not_blamed_on_it(*, answered: bool) -> None:
    shop = SlowShop(FakeClock())
    core = Core(clock=shop.clock, provider=shop)
    shop.answers.set()
    await out_for_delivery(core)
    if not answered:
        shop.answers.clear()

    async def somebody_buys() -> None:
        buying.append(asyncio.create_task(core.tracker.follow(NewParcel(key=key_of(99)), ORDERS, by="UADA")))
        await settle()

    buying: list[asyncio.Task[Followed]] = []
    shop.during_a_look = somebody_buys
    await core.sweep.look_once()
    shop.answers.set()
    await asyncio.gather(*buying)

    assert shop.names().count("create") == 2
    assert core.messenger.warnings == []


async def test_neither_is_what_a_person_was_buying_already() -> None:
    shop = SlowShop(FakeClock())
    core = Core(clock=shop.clock, provider=shop)
    shop.answers.set()
    await out_for_delivery(core)
    shop.answers.clear()
    buying = asyncio.create_task(core.tracker.follow(NewParcel(key=key_of(99)), ORDERS, by="UADA"))
    await settle()

    async def charge() -> None:
        shop.left -= 1

    shop.during_a_look = charge
    await core.sweep.look_once()
    shop.answers.set()
    await buying

    assert core.messenger.warnings == []


# ── faults ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class PickyProvider(FakeProvider):
    """A provider that fails for one parcel."""

    error: BotError = ProviderUnavailable("timeout")

    async def look_now(self, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        if key == key_of(0):
            self.calls.append(("look_now", key))
            raise self.error
        return await super().look_now(key, asked_by_person=asked_by_person)


@pytest.mark.parametrize(
    "error",
    [
        ProviderUnavailable("timeout"),
        AnswerNotUnderstood("data", "odd"),
        CarrierRefused("The tracking service does not know this carrier.", code=4015),
    ],
)
async def test_a_parcel_that_cannot_be_looked_at_does_not_take_the_place_of_the_others(error: BotError) -> None:
    provider = PickyProvider(FakeClock())
    provider.error = error
    core = Core(clock=provider.clock, provider=provider)
    await out_for_delivery(core, 3)

    assert await looked_for(core, 1) == 3
    assert set(looks(core)) == {key_of(0), key_of(1), key_of(2)}


async def test_a_parcel_the_provider_no_longer_has_is_told_once_and_not_asked_for_again(core: Core) -> None:
    await out_for_delivery(core)
    gone = Missing("The tracking service has no such parcel.", code=4031)
    core.provider.faults |= {"look_now": gone, "report": gone}

    made = await looked_for(core, 24)
    await core.all_told()

    assert made == 1  # a reading then settles it
    assert core.told() == [[Event.GONE]]


async def test_looks_that_the_account_does_not_have_are_stopped(core: Core) -> None:
    await out_for_delivery(core, 2)
    core.provider.faults["look_now"] = FeatureNotActive("Not switched on.", code=4018)

    assert await looked_for(core, 24) == 1


async def test_looks_that_fail_are_logged_once_and_leave_the_rounds_health_alone(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    await out_for_delivery(core)
    core.provider.faults["look_now"] = ProviderBusy(timedelta(seconds=120))

    busy = core.provider.faults.copy()

    with caplog.at_level(logging.INFO, logger="bot.services.sweep"):
        for faults in (busy, busy, {}, busy):
            core.provider.faults = faults
            core.clock.move(hours=3)
            await core.swept()
            await core.sweep.look_once()

    assert [record.msg for record in caplog.records] == ["looks fail", "looks fail"]
    assert (await core.sweep.health()).failing_since is None


async def test_a_parcel_that_could_not_be_looked_at_gets_another_look_after_two_hours() -> None:
    provider = PickyProvider(FakeClock())
    core = Core(clock=provider.clock, provider=provider)
    await out_for_delivery(core)

    assert await looked_for(core, 1.9) == 1
    assert await looked_for(core, 0.2) == 1


async def test_a_key_that_is_refused_for_looks_only_is_told_to_the_admins_too(core: Core) -> None:
    await out_for_delivery(core)
    core.provider.faults["look_now"] = KeyRefused("The tracking service refuses our key.", code=4002)

    await core.sweep.look_once()

    assert {notice.trouble for _, notice in core.messenger.warnings} == {Trouble.KEY_REFUSED}


async def test_a_round_says_how_many_parcels_it_looked_at(core: Core) -> None:
    await out_for_delivery(core, 3)

    assert [await core.sweep.look_once() for _ in range(2)] == [3, 0]
