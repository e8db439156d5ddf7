"""Somebody sets this machine's clock: nothing falls silent, nothing is told twice, nothing is forgotten early."""

from datetime import timedelta

import pytest

from bot.domain.errors import MessengerBusy, MessengerUnavailable
from bot.domain.records import InboxItem, Trouble
from bot.domain.status import Event, Status
from bot.services.inbox import KEEP_DONE_FOR, Inbox
from bot.services.setbacks import LADDER
from tests.unit.domain.journeys import DELIVERED
from tests.unit.services.core import Core, delivered, key_of, tell_after

STEPS = pytest.mark.parametrize("hours", [-24, -1, 1, 24])


async def nothing(_item: InboxItem) -> None:
    """Do nothing."""


@pytest.mark.promise("R36")
@STEPS
async def test_rounds_that_no_longer_come_are_overdue_by_the_time_that_has_passed(core: Core, hours: float) -> None:
    await core.swept()
    core.clock.step(hours=hours)
    at_once = await core.sweep.health()

    core.clock.move(minutes=11)
    later = await core.sweep.health()

    assert (at_once.overdue, later.overdue) == (False, True)
    assert later.last_round_at
    assert later.last_round_at <= core.clock.now()


@pytest.mark.promise("R36")
@STEPS
async def test_a_sweep_misses_nothing_and_tells_nothing_twice(core: Core, hours: float) -> None:
    core.provider.ahead = timedelta()
    for number in range(2):
        await core.follows(key=key_of(number))
    await core.reported(Status.DELIVERED, DELIVERED, key=key_of(0))

    core.clock.step(hours=hours)
    core.provider.ahead -= timedelta(hours=hours)  # the provider's own time goes on as ever
    await core.reported(Status.DELIVERED, DELIVERED, key=key_of(1))
    await core.swept()

    assert core.told() == [[Event.DELIVERED]] * 2


@pytest.mark.promise("R36")
@STEPS
async def test_the_admins_hear_of_each_trouble_once_in_the_day_that_passes(core: Core, hours: float) -> None:
    await core.watch.tell_admins(Trouble.STORE)

    core.clock.step(hours=hours)
    await core.watch.tell_admins(Trouble.STORE)
    at_once = len(core.messenger.warnings)
    core.clock.move(hours=25)
    await core.watch.tell_admins(Trouble.STORE)

    assert (at_once, len(core.messenger.warnings)) == (2, 4)


@pytest.mark.promise("R36")
@pytest.mark.parametrize("days", [1, 30])
async def test_what_an_earlier_process_told_them_counts_for_a_day_at_most(core: Core, days: int) -> None:
    await core.watch.tell_admins(Trouble.STORE)
    core.clock.step(days=-days)

    after = core.restarted()
    await after.watch.tell_admins(Trouble.STORE)
    core.clock.move(hours=25)
    await after.watch.tell_admins(Trouble.STORE)

    assert len(core.messenger.warnings) == 4


@pytest.mark.promise("R36")
@STEPS
async def test_a_request_that_was_done_is_known_for_as_long_as_it_comes_again_and_then_forgotten(
    core: Core, hours: float
) -> None:
    inbox = Inbox(store=core.store, clock=core.clock, handle=nothing, give_up=nothing)
    item = InboxItem(workspace="T", delivery="1", channel="C", user="U", words="list", received_at=core.clock.now())
    await inbox.receive(item)
    await inbox.settled()

    core.clock.step(hours=hours)
    core.clock.move(minutes=1)
    again = await inbox.receive(item)
    await inbox.forget_old()
    core.clock.move(hours=KEEP_DONE_FOR / timedelta(hours=1) + 25)
    await inbox.forget_old()

    assert not again
    assert await core.store.done_items() == []


@pytest.mark.promise("R36", "R20")
@STEPS
async def test_a_line_that_was_put_off_is_told_when_its_wait_has_passed(core: Core, hours: float) -> None:
    await core.follows(key=key_of(0))
    core.messenger.faults["tell"] = [MessengerUnavailable("away"), MessengerBusy(timedelta(minutes=30))]
    await core.reported(Status.DELIVERED, DELIVERED, key=key_of(0))

    core.clock.step(hours=hours)
    for process in (core, core.restarted()):
        core.clock.move(hours=1, minutes=1)
        await process.outbox.tell_due()

    assert core.told() == [[Event.DELIVERED]]


@pytest.mark.promise("R36", "R21")
@pytest.mark.parametrize("seconds", [20, 1800])
async def test_what_was_put_off_for_seconds_does_not_wait_for_the_time_that_the_clock_was_set_back_by(
    core: Core, seconds: float
) -> None:
    await delivered(core)
    core.messenger.faults["tell"] = [MessengerUnavailable("away")]
    await core.outbox.tell_due()

    core.clock.step(seconds=-seconds)
    await tell_after(core, 1.3 * LADDER[0])

    assert core.told() == [[Event.DELIVERED]]


@pytest.mark.promise("R36", "R20")
async def test_a_channels_pace_is_kept_by_the_time_that_passes(core: Core) -> None:
    for number in range(2):
        await core.follows(key=key_of(number))
    await core.reported(Status.DELIVERED, DELIVERED, key=key_of(0))

    core.clock.step(hours=-1)
    core.provider.ahead += timedelta(hours=1)
    await core.reported(Status.DELIVERED, DELIVERED, key=key_of(1))

    assert len(core.told()) == 2


@pytest.mark.promise("R36", "R16")
@STEPS
async def test_what_is_in_doubt_is_settled_once_its_wait_has_passed(core: Core, hours: float) -> None:
    await core.follows(key=key_of(0))
    core.messenger.loses_answers = 1
    await core.reported(Status.DELIVERED, DELIVERED, key=key_of(0))

    core.clock.step(hours=hours)
    for _ in range(4):
        core.clock.move(minutes=17)
        await core.outbox.tell_due()

    assert core.told() == [[Event.DELIVERED]]
    assert await core.store.waiting() == []
