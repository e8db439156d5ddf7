"""What leaves: in order, a message a second for each channel, all channels at once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import MessengerBusy, StoreError
from bot.domain.parcel import NewParcel, Place
from bot.domain.records import Notification
from bot.domain.status import Event, Status
from bot.services.outbox import Outbox
from bot.stores.memory import MemoryTables
from bot.stores.store import RecordStore
from tests.unit.domain.journeys import ATTEMPTED, DELIVERED, DEPARTED, KEY, OUT, PICKED_UP
from tests.unit.services.core import OPS, ORDERS, Core, delivers, key_of, settle, tell_after
from tests.unit.services.midway import NotingStore


async def follows_many(core: Core, count: int, place: Place = ORDERS) -> None:
    for number in range(count):
        await core.follows(place, key_of(number))


async def test_a_new_parcels_card_is_posted_at_once_and_kept(core: Core) -> None:
    await core.follows()

    subscription = await core.store.subscription(ORDERS, KEY)
    assert subscription
    assert [card.ts for card in core.messenger.cards()] == [subscription.card]
    assert (core.told(), await core.store.waiting()) == ([], [])


async def test_a_change_redraws_the_card_and_is_a_line_in_its_thread(core: Core) -> None:
    await core.follows()

    await core.reported(Status.DELIVERED, DELIVERED)

    (card,), (line,) = core.messenger.cards(), core.messenger.lines()
    assert (card.redraws, card.parcel.status) == (1, Status.DELIVERED)
    assert (line.thread, [row.event for row in line.rows], line.plain) == (card.ts, [Event.DELIVERED], False)


async def test_what_the_preset_does_not_name_only_redraws_the_card(core: Core) -> None:
    await core.follows()

    await core.reported(Status.IN_TRANSIT, PICKED_UP)

    assert [card.redraws for card in core.messenger.cards()] == [1]
    assert core.told() == []


async def test_a_channel_gets_one_message_a_second_in_the_order_things_happened(core: Core) -> None:
    await follows_many(core, 3)
    await delivers(core, *map(key_of, range(3)))

    counts = []
    for _ in range(4):
        await core.outbox.tell_due()
        counts.append(len(core.messenger.lines()))
        core.clock.move(seconds=1)

    assert counts == [1, 2, 3, 3]
    assert [line.parcel.key for line in core.messenger.lines()] == [key_of(0), key_of(1), key_of(2)]


async def test_no_sooner_than_a_second_later(core: Core) -> None:
    await follows_many(core, 2)
    await delivers(core, *map(key_of, range(2)))
    await core.outbox.tell_due()

    core.clock.move(seconds=0.9)
    await core.outbox.tell_due()

    assert len(core.messenger.lines()) == 1


async def test_all_channels_are_served_at_once(core: Core) -> None:
    places = [Place("T", f"C{number}") for number in range(20)]
    for place in places:
        await core.follows(place)
    await delivers(core, KEY)

    await core.outbox.tell_due()

    assert {line.place for line in core.messenger.lines()} == set(places)


async def test_a_channel_that_hangs_delays_no_other(core: Core) -> None:
    await core.follows(ORDERS)
    await core.follows(OPS)
    core.messenger.slow[ORDERS.channel] = asyncio.Event()
    await delivers(core, KEY)

    await core.outbox.start_due()
    await settle()
    assert [core.told(ORDERS), core.told(OPS)] == [[], [[Event.DELIVERED]]]

    core.messenger.slow[ORDERS.channel].set()
    await core.outbox.tell_due()
    assert core.told(ORDERS) == [[Event.DELIVERED]]


async def test_redraws_that_wait_for_one_card_are_one_redraw(core: Core) -> None:
    await core.follows()
    for lines in ((PICKED_UP,), (DEPARTED, PICKED_UP)):
        core.provider.has(KEY, Status.IN_TRANSIT, *lines)
        core.clock.move(minutes=5)
        await core.sweep.run_once()

    await core.all_told()

    assert [card.redraws for card in core.messenger.cards()] == [1]


async def test_lines_that_wait_for_one_thread_are_one_message(core: Core) -> None:
    await core.follows()
    journey = [(Status.PICKUP, OUT), (Status.UNDELIVERED, ATTEMPTED), (Status.DELIVERED, DELIVERED)]
    lines = [PICKED_UP]
    for status, line in journey:
        lines.insert(0, line)
        core.provider.has(KEY, status, *lines)
        core.clock.move(minutes=5)
        await core.sweep.run_once()

    await core.all_told()

    assert core.told() == [[Event.OUT, Event.ATTEMPT, Event.DELIVERED]]
    assert [card.redraws for card in core.messenger.cards()] == [1]


async def test_after_three_days_of_silence_each_parcel_and_channel_gets_one_line(core: Core) -> None:
    await follows_many(core, 3, ORDERS)
    await core.follows(OPS, key_of(0))
    for number in range(3):
        core.provider.has(key_of(number), Status.DELIVERED, DELIVERED, ATTEMPTED, OUT, DEPARTED, PICKED_UP)
    core.clock.move(days=3)
    for number in range(3):
        core.provider.refreshed[key_of(number)] = core.clock.now() - timedelta(hours=number)

    await core.swept()

    assert core.told(ORDERS) == [[Event.DELIVERED]] * 3
    assert core.told(OPS) == [[Event.DELIVERED]]


async def test_thirty_notices_at_once_are_all_told_once_whatever_slack_says(core: Core) -> None:
    await follows_many(core, 30)
    await delivers(core, *map(key_of, range(30)))
    core.messenger.faults["tell"] = [MessengerBusy(timedelta(seconds=3)) for _ in range(2)]

    for _ in range(60):
        await core.outbox.tell_due()
        core.clock.move(seconds=1)

    assert sorted(line.parcel.key for line in core.messenger.lines()) == sorted(key_of(n) for n in range(30))
    assert await core.store.waiting() == []


async def test_nothing_is_told_in_a_channel_that_is_paused(core: Core) -> None:
    await core.follows()
    await core.store.save(replace(await core.store.settings(ORDERS), paused="is_archived"))

    await core.reported(Status.DELIVERED, DELIVERED)

    assert core.told() == []
    assert len(await core.store.waiting()) == 1


async def test_what_is_told_is_known_to_be_told_only_after_slack_said_so(core: Core) -> None:
    await core.follows()
    core.messenger.slow[ORDERS.channel] = asyncio.Event()
    await delivers(core, KEY)

    await core.outbox.start_due()
    await settle()
    assert [row.event for row in await core.store.waiting()] == [Event.DELIVERED]

    core.messenger.slow[ORDERS.channel].set()
    await core.outbox.tell_due()
    assert await core.store.waiting() == []


async def test_the_outbox_says_how_long_until_something_is_due(core: Core) -> None:
    assert await core.outbox.start_due() is None

    await follows_many(core, 2)
    await delivers(core, *map(key_of, range(2)))
    await core.outbox.tell_due()

    wait = await core.outbox.start_due()
    assert wait
    assert timedelta(seconds=0.9) < wait <= timedelta(seconds=1)


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_commit_wakes_the_outbox(core: Core) -> None:
    async with running(core.outbox):
        await core.tracker.follow(NewParcel(key=KEY), ORDERS, by="UADA")
        await settle()

        assert len(core.messenger.cards()) == 1


async def test_what_is_told_makes_way_for_the_next(core: Core) -> None:
    await follows_many(core, 5)
    await delivers(core, *map(key_of, range(5)))
    outbox = Outbox(store=core.store, messenger=core.messenger, clock=core.clock, pace=timedelta())
    async with running(outbox):
        for _ in range(5):
            await settle()

        assert len(core.messenger.lines()) == 5


async def test_while_the_store_is_full_nothing_is_told_and_afterwards_everything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    core = Core(store=(store := NotingStore()))
    await core.follows()
    await delivers(core, KEY)
    store.full = True
    await core.outbox.tell_due()
    assert core.told() == []

    store.full = False
    await tell_after(core, timedelta(minutes=1))

    assert core.told() == [[Event.DELIVERED]]
    assert caplog.text.count("the store refused what the outbox had to say") == 1


async def test_the_outbox_outlives_a_fault_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    core = Core(store=(store := StumblingStore(MemoryTables())))
    store.stumbles = True
    async with running(core.outbox):
        with caplog.at_level(logging.ERROR):
            await settle()
        store.stumbles = False

        await core.tracker.follow(NewParcel(key=KEY), ORDERS, by="UADA")
        await settle()

        assert "the outbox stumbled" in caplog.text
        assert len(core.messenger.cards()) == 1


class StumblingStore(RecordStore):
    """A store that may fail to read."""

    stumbles = False

    async def waiting(self) -> Sequence[Notification]:
        if self.stumbles:
            raise StoreError("not now")
        return await super().waiting()


async def test_at_the_end_what_is_being_told_is_let_finish(core: Core) -> None:
    await telling_slowly(core)

    draining = asyncio.create_task(core.outbox.drain(timedelta(minutes=1)))
    await settle()
    core.messenger.slow[OPS.channel].set()
    await draining

    assert core.told(OPS) == [[Event.DELIVERED]]


async def test_at_the_end_what_takes_too_long_stays_for_the_next_start(core: Core) -> None:
    await telling_slowly(core)

    await core.outbox.drain(timedelta())
    core.messenger.slow.clear()
    core.clock.move(minutes=1)
    await core.restarted().outbox.tell_due()

    assert core.told(OPS) == [[Event.DELIVERED]]


async def telling_slowly(core: Core) -> None:
    """Be telling a change in a channel that does not answer."""
    await core.follows(OPS)
    core.messenger.slow[OPS.channel] = asyncio.Event()
    await delivers(core, KEY)
    await core.outbox.start_due()
    await settle()
