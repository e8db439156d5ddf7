"""What becomes of a notification, whatever Slack answers."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import (
    MessageGone,
    MessageRefused,
    MessengerBusy,
    MessengerError,
    MessengerUnavailable,
    PlaceGone,
    WorkspaceGone,
)
from bot.domain.parcel import Parcel, Subscription
from bot.domain.records import Notification, Progress, Trouble
from bot.domain.status import Event, Status
from bot.services.setbacks import LADDER
from bot.services.telling import CLOSED_FOR
from bot.services.workspaces import Workspaces
from tests.fakes import FakeClock, FakeMessenger
from tests.unit.domain.journeys import DELIVERED, KEY
from tests.unit.services.core import OPS, ORDERS, Core, both_delivered, delivered, key_of, logged, tell_after

TOLD = [[Event.DELIVERED]]

# ── it was surely not posted ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("R15", "R20")
async def test_when_slack_asks_to_wait_the_whole_channel_waits_that_long(core: Core) -> None:
    await both_delivered(core)
    core.messenger.faults["tell"] = [MessengerBusy(timedelta(seconds=30))]

    await core.outbox.tell_due()
    assert {row.progress for row in await core.store.waiting()} == {Progress.WAITING}  # nothing of it was posted
    await tell_after(core, timedelta(seconds=29))
    assert core.told() == []

    await tell_after(core, timedelta(seconds=2))
    await tell_after(core, timedelta(seconds=1))
    assert core.told() == TOLD * 2


async def test_while_one_channel_waits_the_others_are_served(core: Core) -> None:
    await core.follows(OPS)
    await core.follows(ORDERS)
    core.messenger.closed[ORDERS.channel] = MessengerBusy(timedelta(seconds=30))

    await core.reported(Status.DELIVERED, DELIVERED)

    assert (core.told(OPS), core.told(ORDERS)) == (TOLD, [])


@pytest.mark.promise("R19")
async def test_a_passing_fault_of_one_parcel_holds_back_no_other_of_the_channel(core: Core) -> None:
    await both_delivered(core)
    core.messenger.faults["tell"] = [MessengerUnavailable("no connection")]

    for _ in range(3):
        await tell_after(core, timedelta(seconds=1))

    assert [line.parcel.key for line in core.messenger.lines()] == [key_of(2)]


@pytest.mark.promise("R21")
async def test_a_passing_fault_is_tried_again_ever_more_rarely_and_never_forgotten(core: Core) -> None:
    await delivered(core)

    for rung in LADDER[:9]:
        core.messenger.faults["tell"] = [MessengerUnavailable("no connection")]
        await core.outbox.tell_due()
        (row,) = await core.store.waiting()
        wait = row.until - core.clock.now()
        assert 0.79 * rung < wait < 1.21 * rung
        core.clock.move(seconds=wait.total_seconds() + 1)
    await core.outbox.tell_due()

    assert core.told() == TOLD
    assert not core.messenger.lines()[0].plain


@pytest.mark.promise("R21")
async def test_what_could_not_be_told_for_three_days_is_set_aside_and_its_owner_told_once(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    await both_delivered(core)
    core.messenger.faults["tell"] = [MessengerUnavailable("no connection")] * 1000
    began = core.clock.now()
    given_up = None

    for _ in range(2000):
        await tell_after(core, timedelta(minutes=5))
        if given_up is None and await core.store.set_aside():
            given_up = core.clock.now() - began

    assert given_up
    assert timedelta(hours=60) < given_up < timedelta(hours=100)
    assert await core.store.waiting() == []
    assert [row.attempts for row in await core.store.set_aside()] == [len(LADDER)] * 2
    ((owner, notice),) = core.messenger.warnings
    assert (owner, notice.trouble, notice.place) == ("UADA", Trouble.UNDELIVERABLE, ORDERS)
    named = [record.__dict__["channel"] for record in caplog.records if record.levelno == logging.ERROR]
    assert named == ["C-ORDERS"] * 2


# ── our message is bad ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("R22")
async def test_a_message_slack_refuses_is_tried_once_more_and_once_as_plain_text(core: Core) -> None:
    await delivered(core)
    core.messenger.faults["tell"] = [MessageRefused("invalid_blocks")] * 2

    for _ in range(3):
        await tell_after(core, LADDER[0])

    assert core.told() == TOLD
    assert core.messenger.lines()[0].plain


@pytest.mark.promise("R22")
async def test_when_it_is_the_card_that_slack_refuses_the_line_is_told_all_the_same(core: Core) -> None:
    await delivered(core)
    core.messenger.faults["show_card"] = [MessageRefused("invalid_blocks")] * 100

    for _ in range(3):
        await tell_after(core, LADDER[0])

    assert core.told() == TOLD


@pytest.mark.promise("R22")
async def test_a_message_refused_three_times_is_set_aside_and_named_and_the_others_go_on(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    await delivered(core)
    core.messenger.faults["tell"] = [MessageRefused("invalid_blocks")] * 3
    for _ in range(3):
        await tell_after(core, LADDER[0])

    await delivered(core, key=key_of(2))
    await core.all_told()

    assert logged(caplog) == [("a notification was set aside", ORDERS.channel, "invalid_blocks")]
    assert [line.parcel.key for line in core.messenger.lines()] == [key_of(2)]
    assert await core.store.waiting() == []


class StumblingMessenger(FakeMessenger):
    """A Slack for which the lines of one parcel cannot be written."""

    async def tell(
        self, rows: Sequence[Notification], parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool
    ) -> None:
        if parcel.key == KEY:
            raise ZeroDivisionError("a fault of ours")
        await super().tell(rows, parcel, subscription, stamp=stamp, plain=plain)


@pytest.mark.promise("R22")
async def test_a_message_that_makes_us_stumble_is_set_aside_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    core = Core(clock=clock, messenger=StumblingMessenger(clock))
    await both_delivered(core)

    for _ in range(4):
        await tell_after(core, LADDER[0])

    assert [line.parcel.key for line in core.messenger.lines()] == [key_of(2)]
    assert await core.store.waiting() == []
    assert ("a notification could not be told", ORDERS.channel, None) in logged(caplog)
    assert [row.reason for row in await core.store.set_aside()] == ["ZeroDivisionError"]


async def test_passing_faults_do_not_count_as_refusals(core: Core) -> None:
    await delivered(core)
    faults: list[MessengerError] = [MessengerUnavailable("no connection")] * 4
    core.messenger.faults["tell"] = [*faults, MessageRefused("invalid_blocks")]

    for rung in LADDER[:6]:
        await tell_after(core, 1.3 * rung)

    assert core.told() == TOLD
    assert not core.messenger.lines()[0].plain


# ── the place, the workspace or the card is gone ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("reason", ["not_in_channel", "is_archived", "channel_not_found"])
async def test_a_channel_that_is_gone_is_paused_its_owner_told_once_and_the_others_served(
    core: Core, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    await core.follows(ORDERS, by="UANN")
    await core.follows(ORDERS, key_of(2), by="UBEN")
    await core.follows(OPS)
    core.messenger.closed[ORDERS.channel] = PlaceGone(reason)
    core.provider.has(key_of(2), Status.DELIVERED, DELIVERED)

    await core.reported(Status.DELIVERED, DELIVERED)
    await core.swept()

    assert core.told(OPS) == TOLD
    assert (await core.store.settings(ORDERS)).paused == reason
    ((owner, notice),) = core.messenger.warnings
    assert (owner, notice.trouble, notice.place, notice.detail) == ("UANN", Trouble.PLACE_GONE, ORDERS, reason)
    assert len(await core.store.waiting()) == 2
    assert logged(caplog) == [("a channel no longer takes messages", ORDERS.channel, reason)]


async def test_when_the_channel_is_back_what_was_missed_is_told(core: Core) -> None:
    await delivered(core)
    core.messenger.closed[ORDERS.channel] = PlaceGone("not_in_channel")
    await core.all_told()

    core.messenger.closed.clear()
    await core.store.save(replace(await core.store.settings(ORDERS), paused=""))
    core.outbox.wake()
    await core.all_told()

    assert core.told() == TOLD


async def test_an_owner_who_cannot_be_told_does_not_matter(core: Core, caplog: pytest.LogCaptureFixture) -> None:
    await delivered(core)
    core.messenger.closed[ORDERS.channel] = PlaceGone("not_in_channel")
    core.messenger.faults["warn"] = [PlaceGone("user_not_found")]

    await core.all_told()

    assert (await core.store.settings(ORDERS)).paused == "not_in_channel"
    (said,) = [one for one in caplog.records if one.getMessage() == "an owner could not be told"]
    assert said.__dict__["why"] == "PlaceGone"


@pytest.mark.promise("R23")
async def test_a_workspace_that_shuts_us_out_gets_no_more_calls_and_one_line_in_the_log(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    await both_delivered(core)
    core.messenger.faults["tell"] = [WorkspaceGone("account_inactive")] * 100

    for _ in range(3):
        await core.all_told()

    assert len(core.messenger.faults["tell"]) == 99
    assert {row.progress for row in await core.store.waiting()} == {Progress.WAITING}
    assert caplog.text.count("a workspace lets us in no longer") == 1
    assert [record.__dict__["reason"] for record in caplog.records] == ["account_inactive"]


async def test_with_a_good_token_the_missed_news_is_told(core: Core) -> None:
    await delivered(core)
    core.messenger.faults["tell"] = [WorkspaceGone("account_inactive")]
    await core.outbox.tell_due()

    assert list(await Workspaces(store=core.store, clock=core.clock).suspended()) == ["T"]

    await tell_after(core, CLOSED_FOR + timedelta(seconds=1))

    assert core.told() == TOLD
    assert list(await Workspaces(store=core.store, clock=core.clock).suspended()) == []


async def test_a_card_that_is_gone_is_posted_anew_and_its_line_told_there(core: Core) -> None:
    await delivered(core)
    core.messenger.posts.clear()

    await core.all_told()

    (card,), (line,) = core.messenger.cards(), core.messenger.lines()
    assert line.thread == card.ts


async def test_a_thread_that_is_gone_does_not_lose_the_line(core: Core) -> None:
    await delivered(core)
    core.messenger.faults["tell"] = [MessageGone("thread_not_found")]

    await core.all_told()

    assert core.told() == TOLD
    assert core.messenger.lines()[0].thread == core.messenger.cards()[-1].ts
