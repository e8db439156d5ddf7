"""Much news for one channel: one message for many parcels, as sure as any other; then the cards are redrawn."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import MessageRefused, MessengerBusy, MessengerDoubtful, MessengerUnavailable
from bot.domain.parcel import NewParcel, Place
from bot.domain.records import Doubt, Progress
from bot.domain.status import Event, Status
from bot.services.outbox import Outbox
from bot.services.pacing import REDRAWS_A_MINUTE, REDRAWS_AT_ONCE
from bot.services.setbacks import IN_DOUBT, LADDER
from bot.services.telling import SETTLED_AFTER
from tests.unit.domain.journeys import DELIVERED, KEY, OUT
from tests.unit.services.core import OPS, ORDERS, Core, delivers, key_of, settle, tell_after
from tests.unit.services.midway import NotingStore


async def much_news(core: Core, parcels: int) -> None:
    """Have so many parcels of one channel delivered; nothing is told yet."""
    for number in range(parcels):
        await core.follows(key=key_of(number))
    await delivers(core, *map(key_of, range(parcels)))


async def passes(core: Core, minutes: float) -> None:
    for _ in range(round(minutes * 60)):
        await tell_after(core, timedelta(seconds=1))


async def test_the_news_of_many_parcels_is_one_message_and_their_cards_are_redrawn(core: Core) -> None:
    await much_news(core, 8)

    await passes(core, 0.1)

    (digest,) = core.messenger.digests()
    assert ([row.event for row in digest.rows], digest.more) == ([Event.DELIVERED] * 8, 0)
    assert [(card.redraws, card.parcel.status) for card in core.messenger.cards()] == [(1, Status.DELIVERED)] * 8
    assert core.messenger.lines() == []
    assert await core.store.waiting() == []


@pytest.mark.promise("R20")
async def test_the_cards_of_a_workspace_are_redrawn_no_faster_than_slack_takes_it(core: Core) -> None:
    await much_news(core, 60)
    redraws = [0]

    for _ in range(90):
        await tell_after(core, timedelta(seconds=1))
        redraws.append(sum(card.redraws for card in core.messenger.cards()))

    assert all(after - before <= 50 for before, after in zip(redraws, redraws[60:], strict=False))
    assert redraws[60] >= REDRAWS_A_MINUTE + REDRAWS_AT_ONCE - 1
    assert redraws[-1] == 60


@pytest.mark.promise("R20")
async def test_while_no_card_may_be_redrawn_the_news_is_told_all_the_same(core: Core) -> None:
    await much_news(core, 1)
    core.messenger.faults["show_card"] = [MessengerBusy(timedelta(seconds=60))]

    await core.outbox.tell_due()
    told_at_once = core.told()
    await passes(core, 0.95)
    before = core.messenger.cards()[0].redraws
    await passes(core, 0.1)

    assert told_at_once == [[Event.DELIVERED]]
    assert (before, core.messenger.cards()[0].redraws) == (0, 1)


@pytest.mark.promise("R20")
async def test_news_in_many_channels_is_told_at_once_and_what_cards_may_not_be_redrawn_yet_are_redrawn_later(
    core: Core,
) -> None:
    places = [Place("T", f"C{number}") for number in range(REDRAWS_AT_ONCE + 5)]
    for place in places:
        await core.follows(place)
    await delivers(core, KEY)

    await core.outbox.tell_due()
    redrawn_at_once = sum(card.redraws for card in core.messenger.cards())
    await passes(core, 0.2)

    assert len(core.messenger.lines()) == len(places)
    assert redrawn_at_once == REDRAWS_AT_ONCE
    assert [(card.redraws, card.parcel.status) for card in core.messenger.cards()] == [(1, Status.DELIVERED)] * 15


@pytest.mark.promise("R16")
async def test_a_digest_whose_answer_was_lost_is_found_and_not_told_again(core: Core) -> None:
    await much_news(core, 5)
    core.messenger.loses_answers = 1

    await core.outbox.tell_due()
    assert {row.progress for row in await core.store.waiting()} == {Progress.SENDING}
    await passes(core, 1)

    assert [len(one.rows) for one in core.messenger.digests()] == [5]
    assert [card.redraws for card in core.messenger.cards()] == [1] * 5
    assert await core.store.waiting() == []


@pytest.mark.promise("R14", "R16")
async def test_a_digest_that_did_not_arrive_is_told_again_by_the_next_process_too(core: Core) -> None:
    await much_news(core, 5)
    core.messenger.faults["digest"] = [MessengerDoubtful("timeout")]
    await core.outbox.tell_due()

    after = core.restarted()
    await after.outbox.tell_due()
    await tell_after(after, SETTLED_AFTER - timedelta(seconds=1))
    assert core.messenger.digests() == []
    await tell_after(after, timedelta(seconds=2))

    assert [len(one.rows) for one in core.messenger.digests()] == [5]
    assert not any(row.again for row in core.messenger.digests()[0].rows)


@pytest.mark.promise("R19")
async def test_a_digest_in_doubt_holds_back_its_parcels_and_no_other(core: Core) -> None:
    await much_news(core, 5)
    core.messenger.loses_answers = 1
    await core.outbox.tell_due()

    await core.follows(key=key_of(9))
    await core.reported(Status.DELIVERED, DELIVERED, key=key_of(9))

    assert [line.parcel.key for line in core.messenger.lines()] == [key_of(9)]


@pytest.mark.promise("R22")
async def test_of_a_digest_that_slack_refuses_each_is_told_on_its_own(core: Core) -> None:
    await much_news(core, 5)
    core.messenger.faults["digest"] = [MessageRefused("invalid_blocks")]

    await core.outbox.tell_due()
    await tell_after(core, LADDER[0])
    await passes(core, 0.2)

    assert sorted(line.parcel.key for line in core.messenger.lines()) == [key_of(number) for number in range(5)]
    assert await core.store.waiting() == []


@pytest.mark.promise("R21")
async def test_a_digest_that_was_not_told_is_tried_again_by_the_ladder(core: Core) -> None:
    await much_news(core, 5)
    core.messenger.faults["digest"] = [MessengerUnavailable("no connection")] * 2

    for rung in LADDER[:2]:
        await core.outbox.tell_due()
        assert core.messenger.digests() == []
        core.clock.move(seconds=1.2 * rung.total_seconds())
    await core.outbox.tell_due()

    assert [len(one.rows) for one in core.messenger.digests()] == [5]


async def test_what_is_no_more_is_left_out_of_a_digest_and_the_others_are_told_together(core: Core) -> None:
    await much_news(core, 5)
    followed = {one.key: one for one in await core.store.subscriptions(ORDERS)}
    await core.store.save(remove=[followed[key_of(number)] for number in (0, 2, 3)])

    await core.outbox.tell_due()

    assert [[row.key for row in one.rows] for one in core.messenger.digests()] == [[key_of(1), key_of(4)]]
    assert [row.key for row in await core.store.waiting() if row.event] == []


async def test_a_new_parcels_card_is_posted_amid_all_the_news(core: Core) -> None:
    await much_news(core, 200)
    await core.tracker.follow(NewParcel(key=key_of(999)), ORDERS, by="UBEN")

    await passes(core, 0.1)

    assert key_of(999) in {card.parcel.key for card in core.messenger.cards()}


async def test_what_people_do_may_stand_in_a_digest(core: Core) -> None:
    await much_news(core, 4)
    await core.tracker.mark(ORDERS, key_of(2), Status.EXCEPTION, by="UBEN")

    await passes(core, 0.1)

    (digest,) = core.messenger.digests()
    assert sorted(row.event or "" for row in digest.rows) == [Event.DELIVERED] * 4 + [Event.MARKED]


@pytest.mark.promise("R16")
@pytest.mark.parametrize("parcels", [1, 5])
async def test_where_history_cannot_be_read_what_is_in_doubt_is_held_if_that_is_wished(
    core: Core, parcels: int
) -> None:
    await much_news(core, parcels)
    core.messenger.history = False
    core.messenger.loses_answers = 1
    outbox = Outbox(store=core.store, messenger=core.messenger, clock=core.clock, doubt=Doubt.HOLD)
    await outbox.tell_due()
    core.clock.move(minutes=1)

    await outbox.tell_due()

    assert core.told() == [[Event.DELIVERED]] * parcels
    assert [row.reason for row in await core.store.set_aside()] == [IN_DOUBT] * parcels
    assert await core.store.waiting() == []


@pytest.mark.promise("R32", "R13")
@pytest.mark.parametrize("parcels", [1, 5])
async def test_what_slack_took_and_a_full_store_did_not_is_told_once(parcels: int) -> None:
    core = Core(store=(store := NotingStore()))
    await much_news(core, parcels)
    core.messenger.history = False
    core.messenger.slow[ORDERS.channel] = asyncio.Event()
    await core.outbox.start_due()
    await settle()
    store.full = True
    core.messenger.slow[ORDERS.channel].set()
    await passes(core, 2)
    assert core.told() == [[Event.DELIVERED]] * parcels

    store.full = False
    await passes(core, 2)

    assert core.told() == [[Event.DELIVERED]] * parcels
    assert all(card.parcel.status is Status.DELIVERED for card in core.messenger.cards())
    assert await core.store.waiting() == []


@pytest.mark.promise("R19")
async def test_a_channel_with_very_much_news_delays_no_other(core: Core) -> None:
    await much_news(core, 150)
    await core.follows(OPS, key_of(500))
    core.provider.has(key_of(500), Status.PICKUP, OUT)
    core.clock.move(minutes=5)
    await core.sweep.run_once()

    await core.outbox.tell_due()

    assert core.told(OPS) == [[Event.OUT]]


@pytest.mark.promise("R19")
async def test_digests_and_what_is_told_on_its_own_take_turns(core: Core) -> None:
    for number in range(100, 103):
        await core.follows(key=key_of(number))
    await much_news(core, 45)
    for number in range(100, 103):
        await core.tracker.delete(ORDERS, key_of(number), by="UADA")

    await passes(core, 0.2)

    assert [one.what for one in core.messenger.posts if one.what != "card"] == ["digest", "news"] * 3


@pytest.mark.promise("R22")
async def test_what_was_being_told_when_we_died_is_first_only_written_out_each_alone(core: Core) -> None:
    await much_news(core, 5)
    rows = [replace(row, rehearsals=1) for row in await core.store.waiting()]
    await core.store.save(*rows)

    await core.restarted().outbox.tell_due()

    assert core.messenger.rehearsed == [row.id for row in rows]
    assert [len(one.rows) for one in core.messenger.digests()] == [5]


@pytest.mark.promise("R22")
async def test_a_row_with_which_we_died_again_and_again_is_set_aside_unseen(core: Core) -> None:
    await much_news(core, 2)
    first, second = await core.store.waiting()
    await core.store.save(replace(first, rehearsals=3), replace(second, rehearsals=2))

    await core.restarted().outbox.tell_due()

    assert [row.key for row in await core.store.set_aside()] == [first.key]
    assert core.messenger.rehearsed == [second.id]
    assert core.told() == [[Event.DELIVERED]]
