"""The people who run the bot hear of trouble, and of each kind once a day."""

import asyncio
import logging
from datetime import timedelta

import pytest

from bot.domain.errors import MessengerBusy, MessengerDoubtful, MessengerUnavailable
from bot.domain.records import Trouble
from bot.services.watch import Watch
from tests.unit.services.core import Core, settle
from tests.unit.services.midway import NotingStore


def told(core: Core) -> list[tuple[str, Trouble]]:
    return [(user, notice.trouble) for user, notice in core.messenger.warnings]


async def test_each_admin_hears_of_it_with_what_is_known(core: Core) -> None:
    await core.watch.tell_admins(Trouble.STORE, "No space is left.")

    assert told(core) == [("UADMIN", Trouble.STORE), ("UOPS", Trouble.STORE)]
    assert {notice.detail for _, notice in core.messenger.warnings} == {"No space is left."}


async def test_each_kind_is_told_once_a_day(core: Core) -> None:
    for _ in range(3):
        await core.watch.tell_admins(Trouble.KEY_REFUSED)
        await core.watch.tell_admins(Trouble.QUOTA_SPENT)
        core.clock.move(hours=7)
    first_day = told(core)
    core.clock.move(hours=3)
    await core.watch.tell_admins(Trouble.KEY_REFUSED)

    assert len(first_day) == len(set(first_day)) == 4
    assert told(core)[4:] == [("UADMIN", Trouble.KEY_REFUSED), ("UOPS", Trouble.KEY_REFUSED)]


async def test_the_next_process_knows_what_was_told(core: Core) -> None:
    await core.watch.tell_admins(Trouble.KEY_REFUSED)
    core.clock.move(hours=1)

    after = core.restarted()
    await after.watch.tell_admins(Trouble.KEY_REFUSED)
    core.clock.move(days=1)
    await after.watch.tell_admins(Trouble.KEY_REFUSED)

    assert len(told(core)) == 4


async def test_many_at_once_are_told_once(core: Core) -> None:
    await asyncio.gather(*(core.watch.tell_admins(Trouble.STORE) for _ in range(5)))

    assert len(told(core)) == 2


async def test_with_the_store_away_they_still_hear_of_it_and_still_once_a_day() -> None:
    core = Core(store=(store := NotingStore()))
    store.full = True

    for _ in range(3):
        await core.watch.tell_admins(Trouble.STORE)
        core.clock.move(hours=11)
    first_day = len(told(core))
    await core.watch.tell_admins(Trouble.STORE)

    assert (first_day, len(told(core))) == (2, 4)


async def test_an_admin_who_cannot_be_told_keeps_it_from_nobody(core: Core, caplog: pytest.LogCaptureFixture) -> None:
    core.messenger.faults["warn"] = [MessengerUnavailable("cannot_dm_bot")]

    with caplog.at_level(logging.WARNING):
        await core.watch.tell_admins(Trouble.KEY_REFUSED)

    assert told(core) == [("UOPS", Trouble.KEY_REFUSED)]
    assert len(caplog.records) == 1


async def test_when_slack_was_busy_they_are_told_the_next_time(core: Core) -> None:
    core.messenger.faults["warn"] = [MessengerBusy(timedelta(seconds=3)) for _ in range(2)]

    await core.watch.tell_admins(Trouble.KEY_REFUSED)
    core.clock.move(minutes=5)
    await core.restarted().watch.tell_admins(Trouble.KEY_REFUSED)

    assert told(core) == [("UADMIN", Trouble.KEY_REFUSED), ("UOPS", Trouble.KEY_REFUSED)]


async def test_when_it_is_not_known_whether_they_were_told_they_are_not_told_again(core: Core) -> None:
    core.messenger.faults["warn"] = [MessengerDoubtful("timeout") for _ in range(2)]

    for _ in range(2):
        await core.watch.tell_admins(Trouble.KEY_REFUSED)

    assert told(core) == []


async def test_nobody_waits_while_they_are_told(core: Core) -> None:
    core.watch.tell_admins_soon(Trouble.STORE)
    before = told(core)
    await settle()

    assert before == []
    assert len(told(core)) == 2


async def test_at_the_end_what_is_being_told_is_told(core: Core) -> None:
    core.watch.tell_admins_soon(Trouble.STORE)

    await core.watch.drain()
    await core.watch.drain()

    assert len(told(core)) == 2


async def test_without_admins_nobody_is_told(core: Core) -> None:
    watch = Watch(store=core.store, messenger=core.messenger, clock=core.clock, admins=())

    await watch.tell_admins(Trouble.STORE)

    assert told(core) == []
