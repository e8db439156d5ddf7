"""A page is read only where it is news, in whatever order it comes; after a gap all that was missed is one line."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from bot.domain.parcel import Checkpoint, ParcelKey, Report
from bot.domain.reports import Reports
from bot.domain.status import Event, Preset, Status
from tests.fakes import START, printed
from tests.unit.domain.journeys import DELIVERED, KEY, OUT, PICKED_UP
from tests.unit.services.core import ORDERS, Core, key_of

LEFT = replace(
    PICKED_UP, text="Left the hub", local_time=PICKED_UP.local_time and PICKED_UP.local_time + timedelta(hours=5)
)


def report(hour: int, status: Status, *lines: Checkpoint, days: int | None = 0) -> Report:
    """Return what the list says after so many hours, with its fingerprint."""
    at = START + timedelta(hours=hour)
    return printed(Report(key=KEY, status=status, checkpoints=lines, updated_at=at, asked_at=at, days_silent=days))


JOURNEY = (
    report(1, Status.IN_TRANSIT, PICKED_UP),
    report(2, Status.IN_TRANSIT, LEFT, PICKED_UP),
    report(3, Status.PICKUP, OUT, LEFT, PICKED_UP),
    report(4, Status.PICKUP, OUT, LEFT, PICKED_UP),
    report(5, Status.DELIVERED, DELIVERED, OUT, LEFT, PICKED_UP),
)


class Noting:
    """Notes which reports of a page are read."""

    def __init__(self) -> None:
        self.read: list[ParcelKey] = []

    def page(self, *reports: Report) -> Reports:
        page = Reports.of(reports)

        def read(key: ParcelKey) -> Report | None:
            self.read.append(key)
            return page.read(key)

        return replace(page, read=read)


@pytest.mark.promise("R9")
@pytest.mark.parametrize("order", list(permutations(range(5))))
async def test_in_whatever_order_reports_come_the_newest_stands_and_nothing_is_told_twice(
    order: tuple[int, ...],
) -> None:
    core = Core()
    await core.follows()
    await core.tracker.subscribe(ORDERS, by="UADA", preset=Preset.EVERYTHING)

    for at in order:
        await core.observer.take_page(Reports.of([JOURNEY[at]]))
        await core.all_told()

    parcel = await core.parcel()
    told = [event for events in core.told() for event in events]
    assert (parcel.status, parcel.checkpoints) == (Status.DELIVERED, JOURNEY[4].checkpoints)
    assert parcel.updated_at == JOURNEY[4].updated_at
    assert told[-1] is Event.DELIVERED
    assert all(told.count(event) == 1 for event in (Event.OUT, Event.DELIVERED) if event in told)


@pytest.mark.promise("R9")
async def test_an_older_report_that_comes_after_a_refresh_without_news_changes_nothing(core: Core) -> None:
    await core.follows()
    for one in (JOURNEY[1], replace(JOURNEY[1], updated_at=START + timedelta(hours=9))):
        await core.observer.take_page(Reports.of([one]))
    before = await core.parcel()

    await core.observer.take_page(Reports.of([JOURNEY[2]]))
    await core.observer.take("T", replace(JOURNEY[2], fingerprint=0))

    after = await core.parcel()
    assert replace(after, fingerprint=before.fingerprint) == before


@pytest.mark.promise("R10")
@pytest.mark.parametrize(("line", "told"), [(True, 3), (False, 2)])
async def test_a_status_that_comes_back_is_told_again_only_with_a_newer_line(
    core: Core, *, line: bool, told: int
) -> None:
    later = replace(OUT, text="Out again", local_time=OUT.local_time and OUT.local_time + timedelta(hours=8))
    failed = replace(OUT, text="Nobody at home", local_time=OUT.local_time and OUT.local_time + timedelta(hours=2))
    between, ending = ((failed, OUT), (later, failed, OUT)) if line else ((OUT,), (OUT,))
    await core.follows()

    for hour, status, lines in (
        (1, Status.PICKUP, (OUT,)),
        (2, Status.UNDELIVERED, between),
        (3, Status.PICKUP, ending),
        (4, Status.PICKUP, ending),
    ):
        await core.observer.take_page(Reports.of([report(hour, status, *lines)]))
        await core.all_told()

    assert (await core.parcel()).revision == 1 + 3
    assert [events[0] for events in core.told()] == [Event.OUT, Event.ATTEMPT, Event.OUT][:told]


@pytest.mark.promise("R11")
async def test_what_was_known_when_following_began_is_no_news(core: Core) -> None:
    core.provider.has(KEY, Status.DELIVERED, DELIVERED, OUT, PICKED_UP)
    await core.follows()

    await core.swept()
    await core.swept()

    assert core.told() == []


@pytest.mark.promise("R12")
async def test_after_three_days_away_each_parcel_has_one_line_of_all_that_was_missed(core: Core) -> None:
    keys = [key_of(number) for number in range(100)]
    for key in keys:
        await core.follows(key=key)
    for hour in range(72):
        core.clock.move(hours=1)
        for key in keys:
            status, lines = _after(hour)
            core.provider.has(key, status, *lines)

    assert await core.sweep.run_once() == len(keys)

    rows = await core.store.waiting()
    assert sorted(row.key for row in rows) == keys
    assert {(row.event, len(row.checkpoints)) for row in rows} == {(Event.DELIVERED, 3)}
    assert await core.sweep.run_once() == 0


def _after(hour: int) -> tuple[Status, tuple[Checkpoint, ...]]:
    if hour < 24:
        return Status.IN_TRANSIT, (PICKED_UP,)
    return (Status.PICKUP, (OUT, PICKED_UP)) if hour < 48 else (Status.DELIVERED, (DELIVERED, OUT, PICKED_UP))


# ── what need not be read ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_report_with_the_fingerprint_of_the_last_one_is_not_read(core: Core) -> None:
    await core.follows()
    noting = Noting()

    for one in JOURNEY[:1] * 3:
        await core.observer.take_page(noting.page(one))

    assert noting.read == [KEY]


@pytest.mark.parametrize(
    "act",
    [
        lambda core: core.tracker.mark(ORDERS, KEY, Status.DELIVERED, by="UADA"),
        lambda core: core.tracker.refresh(ORDERS, KEY),
        lambda core: core.tracker.archive(ORDERS, KEY, by="UADA"),
        lambda core: core.observer.take_missing("T", KEY),
    ],
    ids=["a mark", "a look", "the archive", "an answer that it is gone"],
)
async def test_after_anything_else_that_happened_to_a_parcel_its_next_report_is_read(
    core: Core, act: Callable[[Core], asyncio.Future[object]]
) -> None:
    await core.follows()
    noting = Noting()
    await core.observer.take_page(noting.page(JOURNEY[0]))
    core.provider.has(KEY, Status.IN_TRANSIT, PICKED_UP)

    await act(core)
    await core.observer.take_page(noting.page(JOURNEY[0]))

    assert noting.read == [KEY, KEY]


@pytest.mark.parametrize(("status", "days"), [(Status.PENDING, 0), (Status.IN_TRANSIT, None)])
async def test_where_our_clock_tells_how_long_a_parcel_is_silent_each_report_is_read_until_it_was_told(
    core: Core, status: Status, days: int | None
) -> None:
    lines = () if status is Status.PENDING else (PICKED_UP,)
    await core.follows()
    await core.tracker.subscribe(ORDERS, by="UADA", preset=Preset.EVERYTHING)
    for day in range(12):
        page = Reports.of([report(1 + 24 * day, status, *lines, days=days)])
        await core.observer.take_page(page)
        core.clock.move(days=1)
    await core.all_told()

    events = [event for events in core.told() for event in events]
    assert events == ([Event.UNMOVED] if status is Status.PENDING else [Event.MOVING, Event.STALLED])


async def test_a_silence_that_the_provider_counts_is_told_when_it_is_long_enough(core: Core) -> None:
    await core.follows()

    for days in (0, 9, 10, 11):
        await core.observer.take_page(Reports.of([report(1 + 24 * days, Status.IN_TRANSIT, PICKED_UP, days=days)]))
    await core.all_told()

    assert [event for events in core.told() for event in events][-1] is Event.STALLED


async def test_what_cannot_be_read_of_a_page_does_not_stop_the_others(core: Core) -> None:
    await core.follows()
    await core.follows(key=key_of(2))
    page = Reports.of([JOURNEY[0], replace(JOURNEY[4], key=key_of(2))])
    broken = replace(page, read=lambda key: None if key == KEY else page.read(key))

    assert await core.observer.take_page(broken) == 1
    assert (await core.parcel(key_of(2))).status is Status.DELIVERED


@pytest.mark.promise("R4")
async def test_others_get_the_loop_while_a_page_full_of_news_is_taken_in(core: Core) -> None:
    reports = [replace(JOURNEY[4], key=key_of(number)) for number in range(200)]
    for number in range(200):
        await core.follows(key=key_of(number))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    await core.observer.take_page(Reports.of(reports))
    task.cancel()

    assert turns >= 10
