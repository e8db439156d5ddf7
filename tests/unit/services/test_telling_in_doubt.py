"""A message that may or may not have been posted: looked for, and told again only when it is surely not there."""

import asyncio
from datetime import timedelta

import pytest

from bot.domain.errors import MessengerBusy, MessengerDoubtful, MessengerUnavailable
from bot.domain.records import Progress
from bot.domain.status import Event, Status
from bot.services.setbacks import BUSY, LADDER
from bot.services.telling import SETTLED_AFTER
from tests.unit.domain.journeys import ATTEMPTED, DELIVERED, KEY, OUT
from tests.unit.services.core import (
    OPS,
    ORDERS,
    Core,
    both_delivered,
    delivered,
    key_of,
    settle,
    tell_after,
)

TOLD = [[Event.DELIVERED]]
LATER = SETTLED_AFTER + timedelta(seconds=1)


@pytest.mark.promise("R15", "R16")
async def test_a_line_whose_answer_was_lost_is_found_and_not_told_again(core: Core) -> None:
    await delivered(core)
    core.messenger.loses_answers = 1

    await core.outbox.tell_due()
    await tell_after(core, LATER)

    assert core.told() == TOLD
    assert await core.store.waiting() == []


async def test_a_line_that_did_not_arrive_is_told_again(core: Core) -> None:
    await delivered(core)
    core.messenger.faults["tell"] = [MessengerDoubtful("timeout")]

    await core.outbox.tell_due()
    await tell_after(core, LATER)

    assert core.told() == TOLD
    assert await core.store.waiting() == []


@pytest.mark.promise("R14", "R16")
async def test_what_is_in_doubt_is_not_told_again_before_it_can_be_settled(core: Core) -> None:
    await delivered(core)
    core.messenger.faults["tell"] = [MessengerDoubtful("timeout")]

    await core.outbox.tell_due()
    await tell_after(core, SETTLED_AFTER - timedelta(seconds=1))

    assert core.told() == []
    assert [row.progress for row in await core.store.waiting()] == [Progress.SENDING]


@pytest.mark.promise("R16")
async def test_where_history_cannot_be_read_what_is_in_doubt_is_told_again(core: Core) -> None:
    await delivered(core)
    core.messenger.history = False
    core.messenger.loses_answers = 1

    await core.outbox.tell_due()
    await tell_after(core, LATER)

    assert core.told() == TOLD * 2  # rather twice than never
    assert [[row.again for row in line.rows] for line in core.messenger.lines()] == [[False], [True]]


async def test_a_card_whose_answer_was_lost_is_found_and_not_posted_again(core: Core) -> None:
    core.messenger.loses_answers = 1

    await core.follows()
    await tell_after(core, LATER)
    await core.reported(Status.DELIVERED, DELIVERED)

    (card,) = core.messenger.cards()
    assert (card.redraws, core.messenger.lines()[0].thread) == (1 + 1, card.ts)


async def test_where_history_cannot_be_read_a_lost_card_is_posted_again(core: Core) -> None:
    core.messenger.history = False
    core.messenger.loses_answers = 1

    await core.follows()
    await tell_after(core, LATER)

    first, second = core.messenger.cards()
    subscription = await core.store.subscription(ORDERS, KEY)
    assert subscription
    assert subscription.card == second.ts != first.ts


async def test_what_happens_while_a_line_is_in_doubt_is_told_after_it(core: Core) -> None:
    await core.follows()
    core.provider.has(KEY, Status.PICKUP, OUT)
    core.clock.move(minutes=5)
    await core.sweep.run_once()
    core.messenger.loses_answers = 1
    await core.outbox.tell_due()

    core.provider.has(KEY, Status.UNDELIVERED, ATTEMPTED, OUT)
    await core.sweep.run_once()
    core.messenger.loses_answers = 1  # the second answer is lost too: it must not be taken for the first
    await tell_after(core, LATER)
    core.messenger.loses_answers = 0
    await tell_after(core, LATER)

    assert core.told() == [[Event.OUT], [Event.ATTEMPT]]
    assert await core.store.waiting() == []


async def test_news_does_not_hurry_what_is_in_doubt(core: Core) -> None:
    await core.follows()
    core.provider.has(KEY, Status.PICKUP, OUT)
    core.clock.move(minutes=5)
    await core.sweep.run_once()
    core.messenger.faults["tell"] = [MessengerDoubtful("timeout")]
    await core.outbox.tell_due()

    core.provider.has(KEY, Status.UNDELIVERED, ATTEMPTED, OUT)
    await core.sweep.run_once()
    await tell_after(core, timedelta(seconds=5))
    assert core.told() == []

    await tell_after(core, LATER)
    assert core.told() == [[Event.OUT, Event.ATTEMPT]]


async def test_a_message_that_did_not_arrive_does_not_hide_behind_the_one_before(core: Core) -> None:
    await core.follows()
    core.provider.has(KEY, Status.PICKUP, OUT)
    core.clock.move(minutes=5)
    await core.sweep.run_once()
    core.messenger.loses_answers = 1
    await core.outbox.tell_due()

    core.provider.has(KEY, Status.UNDELIVERED, ATTEMPTED, OUT)
    await core.sweep.run_once()
    core.messenger.faults["tell"] = [MessengerDoubtful("timeout")]
    await tell_after(core, LATER)
    await tell_after(core, LATER)

    assert core.told() == [[Event.OUT], [Event.ATTEMPT]]


@pytest.mark.promise("R19")
async def test_doubt_about_one_parcel_holds_back_no_other_of_the_channel(core: Core) -> None:
    await both_delivered(core)
    core.messenger.faults["tell"] = [MessengerDoubtful("timeout")]

    for _ in range(3):
        await tell_after(core, timedelta(seconds=1))
    assert [line.parcel.key for line in core.messenger.lines()] == [key_of(2)]

    await tell_after(core, LATER)
    assert [line.parcel.key for line in core.messenger.lines()] == [key_of(2), KEY]


async def test_while_slack_is_away_we_go_on_looking_before_we_tell_again(core: Core) -> None:
    await delivered(core)
    core.messenger.loses_answers = 1
    await core.outbox.tell_due()

    for error in (MessengerUnavailable("no connection"), MessengerBusy(timedelta(seconds=3)), MessengerDoubtful("?")):
        core.messenger.faults["find"] = [error]
        await tell_after(core, LATER)
    await tell_after(core, LATER)

    assert core.told() == TOLD
    assert await core.store.waiting() == []


async def test_what_slack_never_says_is_told_again_after_an_hour(core: Core) -> None:
    await delivered(core)
    core.messenger.faults["tell"] = [MessengerDoubtful("timeout")]
    core.messenger.faults["find"] = [MessengerUnavailable("no connection")] * 1000
    await core.outbox.tell_due()

    for _ in range(59):
        await tell_after(core, timedelta(minutes=1))
    assert core.told() == []

    await tell_after(core, timedelta(minutes=2))
    assert core.told() == TOLD
    assert [[row.again for row in line.rows] for line in core.messenger.lines()] == [[True]]


async def test_the_next_process_too_goes_on_looking_for_an_hour(core: Core) -> None:
    await delivered(core)
    core.messenger.faults["tell"] = [MessengerDoubtful("timeout")]
    core.messenger.faults["find"] = [MessengerUnavailable("no connection")] * 1000
    await core.outbox.tell_due()

    after = core.restarted()
    for _ in range(59):
        await tell_after(after, timedelta(minutes=1))
    assert core.told() == []

    await tell_after(after, timedelta(minutes=2))
    assert core.told() == TOLD


async def test_while_slack_is_away_it_is_asked_every_few_seconds_and_no_oftener(core: Core) -> None:
    await delivered(core)
    core.messenger.faults["tell"] = [MessengerDoubtful("timeout")]
    core.messenger.faults["find"] = [MessengerUnavailable("no connection")] * 1000
    await core.outbox.tell_due()
    await tell_after(core, LATER)

    for _ in range(60):
        await tell_after(core, timedelta(seconds=1))

    looked = 1000 - len(core.messenger.faults["find"])
    assert looked == 1 + timedelta(seconds=60) / LADDER[0]


@pytest.mark.promise("R20")
async def test_when_slack_asks_to_wait_nothing_is_looked_for_until_then(core: Core) -> None:
    await delivered(core)
    core.messenger.loses_answers = 1
    core.messenger.faults["find"] = [MessengerBusy(timedelta(minutes=10)), MessengerUnavailable("no connection")]
    await core.outbox.tell_due()
    await tell_after(core, LATER)

    await tell_after(core, timedelta(minutes=9))
    looked_before = 2 - len(core.messenger.faults["find"])
    (row,) = await core.store.waiting()
    await tell_after(core, timedelta(minutes=2))

    assert (looked_before, 2 - len(core.messenger.faults["find"])) == (1, 2)
    assert row.reason == BUSY


async def test_what_is_told_elsewhere_meanwhile_prolongs_no_doubt(core: Core) -> None:
    await delivered(core)
    core.messenger.faults["tell"] = [MessengerDoubtful("timeout")]
    await core.outbox.tell_due()

    core.clock.move(seconds=30)
    await delivered(core, place=OPS, key=key_of(2))
    await core.outbox.tell_due()
    core.clock.move(seconds=LATER.total_seconds())
    await core.outbox.tell_due()

    assert core.told() == core.told(OPS) == TOLD


async def test_a_redraw_in_doubt_is_not_repeated_without_a_pause(core: Core) -> None:
    await core.follows()
    core.messenger.faults["show_card"] = [MessengerDoubtful("HTTP 503")] * 100

    core.provider.has(KEY, Status.IN_TRANSIT, OUT)
    core.clock.move(minutes=5)
    await core.sweep.run_once()
    await core.outbox.tell_due()
    at_once = 100 - len(core.messenger.faults["show_card"])
    await tell_after(core, 1.3 * LADDER[0])

    assert (at_once, 100 - len(core.messenger.faults["show_card"])) == (1, 2)


async def test_a_redraw_in_which_we_died_is_repeated_at_once(core: Core) -> None:
    await core.follows()
    core.provider.has(KEY, Status.IN_TRANSIT, OUT)
    core.clock.move(minutes=5)
    await core.sweep.run_once()
    core.messenger.slow[ORDERS.channel] = asyncio.Event()
    await core.outbox.start_due()
    await settle()
    await core.outbox.drain(timedelta())

    core.messenger.slow.clear()
    await core.restarted().outbox.tell_due()

    assert [card.redraws for card in core.messenger.cards()] == [1]
    assert await core.store.waiting() == []


async def test_a_deletion_whose_answer_was_lost_leaves_nothing_either(core: Core) -> None:
    await core.follows()
    await core.tracker.delete(ORDERS, KEY, by="UADA")
    core.messenger.loses_answers = 1

    await core.outbox.tell_due()
    await tell_after(core, LATER)

    assert core.told() == [[Event.DELETED]]
    assert (await core.store.parcels(), await core.store.subscriptions(ORDERS)) == ([], [])
