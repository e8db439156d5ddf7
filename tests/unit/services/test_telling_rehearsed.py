"""What was being told when we died is at first only written out: that finds the one that kills, and loses no other."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from bot.domain.parcel import ParcelKey
from bot.domain.records import News
from bot.services.setbacks import KILLS
from bot.services.telling import SETTLED_AFTER
from tests.fakes import FakeClock, FakeMessenger
from tests.unit.domain.journeys import KEY
from tests.unit.services.core import ORDERS, Core, delivered, delivers, dies_telling, key_of, logged, tell_after


@dataclass
class DeadlyMessenger(FakeMessenger):
    """A Slack of ours that never comes back from writing out the news of one parcel."""

    deadly: ParcelKey = KEY

    async def rehearse(self, news: News) -> None:
        await super().rehearse(news)
        if news.parcel.key == self.deadly:
            await asyncio.Event().wait()


@dataclass
class StumblingMessenger(DeadlyMessenger):
    """A Slack of ours that cannot write out the news of one parcel."""

    async def rehearse(self, news: News) -> None:
        if news.parcel.key == self.deadly:
            raise ZeroDivisionError("a fault of ours")
        await super().rehearse(news)


async def died_telling_five(messenger: Callable[..., FakeMessenger]) -> Core:
    """Return the process after one that died while it told of five parcels, the third of which is a bad one."""
    clock = FakeClock()
    core = Core(clock=clock, messenger=messenger(clock, deadly=key_of(2)))
    for number in range(5):
        await core.follows(key=key_of(number))
    await delivers(core, *map(key_of, range(5)))
    return await died_telling(core)


async def died_telling(core: Core) -> Core:
    """Let this process die before Slack has answered; return the next one."""
    core.messenger.slow[ORDERS.channel] = asyncio.Event()
    after = await dies_telling(core)
    del core.messenger.slow[ORDERS.channel]
    return after


@pytest.mark.promise("R22")
async def test_what_kills_two_more_processes_while_they_only_write_it_out_is_set_aside() -> None:
    clock = FakeClock()
    core = Core(clock=clock, messenger=DeadlyMessenger(clock))
    await delivered(core)
    (row,) = await core.store.waiting()

    core = await died_telling(core)
    for _ in range(4):
        core = await dies_telling(core)

    assert core.messenger.rehearsed == [row.id] * 2
    assert [(one.id, one.reason) for one in await core.store.set_aside()] == [(row.id, KILLS)]
    assert (core.told(), await core.store.waiting()) == ([], [])


@pytest.mark.promise("R22")
async def test_of_many_told_together_only_the_one_that_kills_is_set_aside_and_all_others_are_told() -> None:
    core = await died_telling_five(DeadlyMessenger)

    for _ in range(4):
        core = await dies_telling(core)

    assert [row.key for row in await core.store.set_aside()] == [key_of(2)]
    (digest,) = core.messenger.digests()
    assert sorted(row.key for row in digest.rows) == [key_of(number) for number in (0, 1, 3, 4)]


@pytest.mark.promise("R22")
async def test_what_cannot_be_written_out_holds_back_no_other_and_is_named_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    core = await died_telling_five(StumblingMessenger)

    for _ in range(3):
        await tell_after(core, SETTLED_AFTER)

    (digest,) = core.messenger.digests()
    assert sorted(row.key for row in digest.rows) == [key_of(number) for number in (0, 1, 3, 4)]
    assert ("a notification cannot be written out", ORDERS.channel, None) in logged(caplog)


async def test_what_cannot_be_written_out_waits_with_the_reason(core: Core) -> None:
    core.messenger = StumblingMessenger(core.clock)
    await delivered(core)
    (row,) = await core.store.waiting()
    await core.store.save(replace(row, rehearsals=1))

    await core.restarted().outbox.tell_due()

    assert [(one.reason, one.refusals) for one in await core.store.waiting()] == [("ZeroDivisionError", 1)]
    assert core.told() == []


@pytest.mark.promise("R22")
async def test_only_what_was_being_told_is_written_out_first(core: Core) -> None:
    for number in range(5):
        await core.follows(key=key_of(number))
    await delivers(core, *map(key_of, range(5)))
    rows = await core.store.waiting()
    await core.store.save(replace(rows[3], rehearsals=1))

    await core.restarted().outbox.tell_due()

    assert core.messenger.rehearsed == [rows[3].id]
    assert [len(one.rows) for one in core.messenger.digests()] == [5]
