"""What leaves: in order, a message a second for each channel, all channels at once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import MessengerBusy
from bot.domain.parcel import Place
from bot.domain.status import Event, Status
from tests.unit.domain.journeys import ATTEMPTED, DELIVERED, DEPARTED, KEY, OUT, PICKED_UP
from tests.unit.services.core import OPS, ORDERS, Core, delivers, key_of, settle


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
    assert (card.redraws, card.parcel.status, card.plain) == (1, Status.DELIVERED, False)
    assert (line.thread, [row.event for row in line.rows], line.plain) == (card.ts, [Event.DELIVERED], False)


async def test_what_the_preset_does_not_name_only_redraws_the_card(core: Core) -> None:
    await core.follows()

    await core.reported(Status.IN_TRANSIT, PICKED_UP)

    assert [card.redraws for card in core.messenger.cards()] == [1]
    assert core.told() == []


@pytest.mark.promise("R20")
async def test_a_channel_gets_two_messages_and_then_one_a_second_in_the_order_things_happened(core: Core) -> None:
    await follows_many(core, 3)
    await delivers(core, *map(key_of, range(3)))

    counts = []
    for _ in range(3):
        await core.outbox.tell_due()
        counts.append(len(core.messenger.lines()))
        core.clock.move(seconds=1)

    assert counts == [2, 3, 3]
    assert [line.parcel.key for line in core.messenger.lines()] == [key_of(0), key_of(1), key_of(2)]


async def test_no_sooner_than_a_second_later(core: Core) -> None:
    await follows_many(core, 3)
    await delivers(core, *map(key_of, range(3)))
    await core.outbox.tell_due()

    core.clock.move(seconds=0.9)
    await core.outbox.tell_due()

    assert len(core.messenger.lines()) == 2


async def test_all_channels_are_served_at_once(core: Core) -> None:
    places = [Place("T", f"C{number}") for number in range(20)]
    for place in places:
        await core.follows(place)
    await delivers(core, KEY)

    await core.outbox.tell_due()

    assert {line.place for line in core.messenger.lines()} == set(places)


@pytest.mark.promise("R19")
@pytest.mark.parametrize("hanging", [0, 2, 4])
async def test_a_channel_that_hangs_delays_no_other(core: Core, hanging: int) -> None:
    places = [Place("T", f"C{number}") for number in range(5)]
    for place in places:
        await core.follows(place)
    hangs = core.messenger.slow[places[hanging].channel] = asyncio.Event()
    await delivers(core, KEY)

    await core.outbox.start_due()
    await settle()
    assert [place for place in places if not core.told(place)] == [places[hanging]]

    hangs.set()
    await core.outbox.tell_due()
    assert core.told(places[hanging]) == [[Event.DELIVERED]]


async def test_redraws_that_wait_for_one_card_are_one_redraw(core: Core) -> None:
    await core.follows()
    for lines in ((PICKED_UP,), (DEPARTED, PICKED_UP)):
        core.provider.has(KEY, Status.IN_TRANSIT, *lines)
        core.clock.move(minutes=5)
        await core.sweep.run_once()

    await core.all_told()

    assert [card.redraws for card in core.messenger.cards()] == [1]


@pytest.mark.promise("R12")
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
    core.messenger.faults["digest"] = [MessengerBusy(timedelta(seconds=3)) for _ in range(2)]

    for _ in range(60):
        await core.outbox.tell_due()
        core.clock.move(seconds=1)

    assert [len(one.rows) for one in core.messenger.digests()] == [20, 10]
    assert [one.more for one in core.messenger.digests()] == [10, 0]
    told = sorted(row.key for one in core.messenger.digests() for row in one.rows)
    assert told == sorted(key_of(number) for number in range(30))
    assert all(card.redraws == 1 for card in core.messenger.cards())
    assert await core.store.waiting() == []


async def test_nothing_is_told_in_a_channel_that_is_paused(core: Core) -> None:
    await core.follows()
    await core.store.save(replace(await core.store.settings(ORDERS), paused="is_archived"))

    await core.reported(Status.DELIVERED, DELIVERED)

    assert core.told() == []
    assert len(await core.store.waiting()) == 1


@pytest.mark.promise("R13")
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

    await follows_many(core, 3)
    await delivers(core, *map(key_of, range(3)))
    await core.outbox.tell_due()

    wait = await core.outbox.start_due()
    assert wait
    assert timedelta(seconds=0.9) < wait <= timedelta(seconds=1)
