"""What could not be told: how long it waits, when it is given up, and who hears of it."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import (
    MessageRefused,
    MessengerBusy,
    MessengerDoubtful,
    MessengerError,
    MessengerUnavailable,
    PlaceGone,
)
from bot.domain.parcel import NewParcel, Place
from bot.domain.records import Notification, Progress
from bot.domain.status import Event, Status
from bot.ports import Record
from bot.services.setbacks import BUSY, CLOSED, IN_DOUBT, JITTER, KEPT_WHILE_CLOSED, LADDER
from bot.stores.memory import MemoryTables
from bot.stores.store import RecordStore
from tests.fakes import FakeMessenger
from tests.unit.domain.journeys import DELIVERED, KEY, PICKED_UP
from tests.unit.services.core import OPS, ORDERS, Core, delivered, delivers, key_of, settle, tell_after


@pytest.mark.promise("R21")
def test_the_ladder_takes_some_three_days() -> None:
    minutes = [rung / timedelta(minutes=1) for rung in LADDER]

    assert minutes == [5 / 60, 0.5, 2, 10, 30, 60, 120, 240, 480, 720, 1440, 1440]
    assert timedelta(hours=72) < sum(LADDER, timedelta()) < timedelta(hours=80)


@pytest.mark.promise("R21")
async def test_not_all_that_failed_at_once_is_tried_again_at_once(core: Core) -> None:
    for number in range(20):
        await core.follows(Place("T", f"C{number}"))
    core.messenger.faults["tell"] = [MessengerUnavailable("no connection")] * 20
    await delivers(core, KEY)

    await core.outbox.tell_due()

    waits = [(row.until - core.clock.now()) / LADDER[0] for row in await core.store.waiting()]
    assert len({round(wait, 1) for wait in waits}) > 2
    assert all(0.99 - JITTER <= wait <= 1 + JITTER for wait in waits)


@pytest.mark.parametrize(
    ("error", "why", "tries"),
    [
        (MessengerUnavailable("no connection"), "no connection", 1),
        (MessageRefused("invalid_blocks"), "invalid_blocks", 0),
        (MessengerBusy(timedelta(minutes=10)), BUSY, 0),
        (MessengerDoubtful("timeout"), IN_DOUBT, 0),
    ],
)
async def test_each_row_says_why_it_waits_and_how_often_it_was_tried(
    core: Core, error: MessengerError, why: str, tries: int
) -> None:
    await delivered(core)
    core.messenger.faults["tell"] = [error]

    await core.outbox.tell_due()

    assert [(row.reason, row.attempts) for row in await core.store.waiting()] == [(why, tries)]


@pytest.mark.promise("R21")
async def test_of_a_try_that_failed_nothing_stays_with_a_row_but_that_it_was_tried_and_why(core: Core) -> None:
    keys = [key_of(number) for number in range(5)]
    for key in keys:
        await core.follows(key=key)
    await delivers(core, *keys)
    before = await core.store.waiting()
    core.messenger.faults["digest"] = [MessengerUnavailable("no connection")]

    await core.outbox.tell_due()

    after = await core.store.waiting()
    assert [row.attempts for row in after] == [1] * 5
    assert [replace(row, until=row.created_at, attempts=0, reason="") for row in after] == [
        replace(row, until=row.created_at) for row in before
    ]


async def test_what_is_being_told_again_no_longer_says_why_it_waited(core: Core) -> None:
    await delivered(core)
    core.messenger.faults["tell"] = [MessengerUnavailable("no connection")]
    await core.outbox.tell_due()
    core.messenger.slow[ORDERS.channel] = asyncio.Event()

    core.clock.move(minutes=1)
    await core.outbox.start_due()
    await settle()
    (row,) = await core.store.waiting()
    await core.outbox.drain(timedelta())

    assert (row.progress, row.reason, row.attempts) == (Progress.SENDING, "", 1)


@pytest.mark.promise("R21")
async def test_what_happened_later_is_not_given_up_with_what_was_tried_too_often(core: Core) -> None:
    await core.follows()
    await core.tracker.mark(ORDERS, KEY, Status.EXCEPTION, by="UBEN")
    (old,) = await core.store.waiting()
    await core.store.save(replace(old, attempts=len(LADDER)))
    await delivers(core, KEY)
    core.messenger.faults["tell"] = [MessengerUnavailable("no connection")]

    await core.outbox.tell_due()

    assert [row.event for row in await core.store.set_aside()] == [Event.MARKED]
    assert [(row.event, row.attempts) for row in await core.store.waiting()] == [(Event.DELIVERED, 1)]


@pytest.mark.promise("R22")
async def test_what_slack_refused_is_not_tried_again_at_once(core: Core) -> None:
    await delivered(core)
    core.messenger.faults["tell"] = [MessageRefused("invalid_blocks")]

    await core.outbox.tell_due()
    await tell_after(core, LADDER[0] - timedelta(seconds=1))
    sooner = core.told()
    await tell_after(core, timedelta(seconds=1))

    assert (sooner, core.told()) == ([], [[Event.DELIVERED]])


@pytest.mark.promise("R20")
async def test_that_slack_asked_to_wait_is_kept_and_the_next_process_heeds_it_for_the_whole_channel(
    core: Core,
) -> None:
    await core.follows(key=key_of(0))
    await core.follows(key=key_of(1))
    core.messenger.faults["tell"] = [MessengerBusy(timedelta(minutes=10))]
    await delivers(core, key_of(0), key_of(1))
    await core.outbox.tell_due()

    after = core.restarted()
    await tell_after(after, timedelta(minutes=9))
    before = core.told()
    await tell_after(after, timedelta(minutes=2))

    assert BUSY not in {row.reason for row in await core.store.waiting()}
    assert (before, core.told()) == ([], [[Event.DELIVERED]] * 2)


@pytest.mark.promise("R20")
@pytest.mark.parametrize(("new", "told"), [(True, []), (False, [[Event.DELIVERED]])])
async def test_where_slack_lets_a_card_be_posted_later_news_waits_as_long_and_for_a_card_redrawn_later_it_does_not(
    core: Core, *, new: bool, told: list[list[Event | None]]
) -> None:
    await core.follows(key=key_of(1))
    if new:
        await core.tracker.follow(NewParcel(key=KEY), ORDERS, by="UBEN")
    else:
        await core.follows(key=KEY)
        core.provider.has(KEY, Status.IN_TRANSIT, PICKED_UP)
        core.clock.move(minutes=5)
        await core.sweep.run_once()
    core.messenger.faults["show_card"] = [MessengerBusy(timedelta(minutes=10))]
    await core.outbox.tell_due()
    assert [row.reason for row in await core.store.waiting()] == [BUSY]

    core.provider.has(key_of(1), Status.DELIVERED, DELIVERED)
    await core.swept()

    assert core.told() == told
    await tell_after(core, timedelta(minutes=10))
    assert core.told() == [[Event.DELIVERED]]


@pytest.mark.promise("R23")
async def test_what_waits_for_a_closed_channel_is_kept_for_three_days_and_the_owner_told_once(core: Core) -> None:
    await delivered(core)
    core.messenger.closed[ORDERS.channel] = PlaceGone("is_archived")

    for _ in range(71):
        await tell_after(core, timedelta(hours=1))
    kept = await core.store.waiting()
    for _ in range(2):
        await tell_after(core, timedelta(hours=1))

    assert [row.event for row in kept] == [Event.DELIVERED]
    assert await core.store.waiting() == []
    assert [row.reason for row in await core.store.set_aside()] == [CLOSED]
    assert len(core.messenger.warnings) == 1
    assert timedelta(hours=72) == KEPT_WHILE_CLOSED


@pytest.mark.promise("R13")
async def test_a_row_is_one_for_a_place_parcel_revision_and_event_and_each_step_is_kept_before_the_next() -> None:
    core = Core()
    store = WatchingStore(MemoryTables(), core.messenger)
    core = Core(store=store, clock=core.clock, provider=core.provider, messenger=core.messenger)
    await delivered(core)
    (row,) = await core.store.waiting()
    others = [
        replace(row, place=OPS),
        replace(row, key=key_of(7)),
        replace(row, revision=9),
        replace(row, event=Event.OUT),
        replace(row, event=None),
    ]
    store.steps.clear()

    await core.outbox.tell_due()

    assert len({one.id for one in (row, *others)}) == 6
    assert replace(row, attempts=5, stamp="s", progress=Progress.SENDING).id == row.id
    assert store.steps == [("sending", 0), ("told", 1)]


class WatchingStore(RecordStore):
    """A store that keeps what was kept of rows, and how many messages were posted at that moment."""

    def __init__(self, tables: MemoryTables, messenger: FakeMessenger) -> None:
        super().__init__(tables)
        self._messenger = messenger
        self.steps: list[tuple[str, int]] = []

    async def save(self, *records: Record, remove: Iterable[Record] = (), onto: Iterable[Record] = ()) -> None:
        remove = list(remove)
        posted = len(self._messenger.lines())
        self.steps += [(one.progress, posted) for one in records if isinstance(one, Notification)]
        self.steps += [("told", posted) for one in remove if isinstance(one, Notification)]
        await super().save(*records, remove=remove, onto=onto)


@pytest.mark.promise("R22")
@pytest.mark.parametrize("stands", [False, True], ids=["first", "redrawn"])
async def test_a_card_that_slack_refuses_is_shown_as_plain_text_in_the_end(core: Core, *, stands: bool) -> None:
    if stands:
        await core.follows()
    core.messenger.faults["show_card"] = [MessageRefused("invalid_blocks")] * 2
    await core.tracker.follow(NewParcel(key=KEY), ORDERS, by="UADA")
    await core.reported(Status.IN_TRANSIT, PICKED_UP)

    for _ in range(3):
        await tell_after(core, LADDER[0])

    (card,) = core.messenger.cards(ORDERS.channel)
    assert card.plain
    assert (await core.store.waiting(), await core.store.set_aside()) == ([], [])
