"""A key that is refused ends the asking until another comes, or the old one works for somebody."""

import logging

import pytest

from bot.domain.errors import KeyRefused, Missing
from bot.domain.status import Event, Status
from tests.fakes import FakeProvider
from tests.unit.domain.journeys import DELIVERED, KEY
from tests.unit.services.core import ORDERS, Core

REFUSED = KeyRefused("The tracking service refuses our key.", code=4002)


async def refused(core: Core) -> None:
    """Follow a parcel, and have the key refused; the parcel is delivered meanwhile."""
    await core.follows()
    await core.swept()
    core.provider.fault = REFUSED
    await core.swept()
    core.provider.fault = None
    core.provider.has(KEY, Status.DELIVERED, DELIVERED)
    core.provider.calls.clear()


@pytest.mark.promise("R27")
async def test_with_a_refused_key_nobody_is_asked_any_more_whatever_process_it_is(core: Core) -> None:
    await refused(core)

    for process in (core, core.restarted()):
        for _ in range(3):
            await process.swept()
            await process.sweep.look_once()

    assert core.provider.calls == []
    assert core.told() == []


@pytest.mark.promise("R27")
async def test_health_says_since_when_and_why_even_after_a_restart(core: Core) -> None:
    await refused(core)
    since = (await core.sweep.health()).failing_since

    after = core.restarted()
    await after.swept()

    health = await after.sweep.health()
    assert since
    assert health.failing_since
    assert abs((health.failing_since - since).total_seconds()) < 1
    assert health.trouble == str(REFUSED)


@pytest.mark.promise("R27", "R12")
async def test_another_key_goes_on_where_the_one_before_it_stopped(core: Core) -> None:
    await refused(core)
    core.clock.move(days=9)  # longer than a first window
    other = FakeProvider(core.clock, account="another key", reports=core.provider.reports)
    other.refreshed = core.provider.refreshed

    after = Core(store=core.store, clock=core.clock, provider=other, messenger=core.messenger)
    await after.swept()

    assert core.told() == [[Event.DELIVERED]]


@pytest.mark.promise("R27")
async def test_a_command_that_the_key_opens_lets_the_rounds_go_on(core: Core, caplog: pytest.LogCaptureFixture) -> None:
    await refused(core)

    with caplog.at_level(logging.INFO, logger="bot.services.sweep"):
        await core.tracker.quota()
        await core.swept()

    assert core.told() == [[Event.DELIVERED]]
    assert [record.msg for record in caplog.records] == ["rounds fail", "rounds go well again"]


@pytest.mark.promise("R27")
async def test_so_does_a_no_that_is_about_something_else(core: Core) -> None:
    await refused(core)
    core.provider.faults["look_now"] = Missing("The tracking service has no such parcel.", code=4031)

    with pytest.raises(Missing):
        await core.tracker.refresh(ORDERS, KEY)
    await core.swept()

    assert "updated_since" in core.provider.names()


@pytest.mark.promise("R27")
async def test_the_admins_are_told_again_each_day_while_it_lasts(core: Core) -> None:
    await refused(core)

    for _ in range(3):
        core.clock.move(hours=25)
        await core.swept()

    assert len(core.messenger.warnings) == 4 * 2
