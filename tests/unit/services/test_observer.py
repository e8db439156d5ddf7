"""What was observed is saved once, with what is to be told of it, or not at all."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from dataclasses import replace
from datetime import datetime

import pytest

from bot.domain import changes
from bot.domain.errors import RevisionMoved, StoreError
from bot.domain.parcel import Parcel, Report
from bot.domain.records import Notification
from bot.domain.reports import Reports
from bot.domain.status import Event, Preset, Status
from bot.ports import Record
from bot.services.observer import Observer
from bot.stores.memory import MemoryTables
from bot.stores.store import RecordStore
from tests.fakes import printed
from tests.unit.domain.journeys import DELIVERED, KEY, OUT, PICKED_UP
from tests.unit.services.core import OPS, ORDERS, Core, key_of
from tests.unit.services.midway import NotingStore


def refreshed(core: Core, status: Status, *lines: object) -> Report:
    core.provider.has(KEY, status, *lines)  # type: ignore[arg-type]  # handed on as they came
    return replace(core.provider.reports[KEY], asked_at=core.clock.now())


def page_of(*reports: Report) -> Reports:
    return Reports.of(printed(report) for report in reports)


@pytest.mark.promise("R7")
async def test_a_change_and_its_rows_are_saved_together(core: Core) -> None:
    await core.follows(ORDERS)
    await core.follows(OPS)

    await core.observer.take_page(page_of(refreshed(core, Status.DELIVERED, DELIVERED)))

    rows = await core.store.waiting()
    assert (await core.parcel()).status is Status.DELIVERED
    assert {(row.place, row.event) for row in rows} == {(ORDERS, Event.DELIVERED), (OPS, Event.DELIVERED)}


@pytest.mark.promise("R7")
async def test_what_cannot_be_saved_leaves_no_change_and_no_row() -> None:
    core = Core(store=(store := NotingStore()))
    await core.follows()
    before = await core.parcel()
    store.full = True

    with pytest.raises(StoreError):
        await core.observer.take_page(page_of(refreshed(core, Status.DELIVERED, DELIVERED)))

    assert (await core.parcel(), await core.store.waiting()) == (before, [])


@pytest.mark.promise("R7")
async def test_what_was_observed_of_one_parcel_is_saved_with_its_rows_in_one_go() -> None:
    core = Core(store=(store := NotingStore()))
    await core.follows(ORDERS)
    await core.follows(OPS)
    store.saves.clear()

    await core.observer.take("T", refreshed(core, Status.DELIVERED, DELIVERED))

    [together] = store.saves
    assert [type(one) for one in together] == [Parcel, Notification, Notification]


@pytest.mark.promise("R8")
async def test_eight_observers_of_one_change_make_one_revision(core: Core) -> None:
    before = await core.follows()
    report = refreshed(core, Status.DELIVERED, DELIVERED)

    pages = [core.observer.take_page(page_of(report)) for _ in range(4)]
    await asyncio.gather(*pages, *(core.observer.take("T", report) for _ in range(4)))
    await core.all_told()

    assert (await core.parcel()).revision == before.revision + 1
    assert core.told() == [[Event.DELIVERED]]


@pytest.mark.promise("R8")
async def test_when_somebody_else_saves_meanwhile_the_page_is_taken_in_all_the_same() -> None:
    core = Core(store=(store := RivalStore(MemoryTables())))
    await core.follows()
    await core.follows(key=key_of(2))
    core.provider.has(key_of(2), Status.DELIVERED, DELIVERED)
    page = page_of(refreshed(core, Status.DELIVERED, DELIVERED), core.provider.reports[key_of(2)])
    store.rival = core.observer.change("T", KEY, lambda parcel: (replace(parcel, origin="China"), None))

    changed = await core.observer.take_page(page)

    parcel = await core.parcel()
    assert (changed, parcel.status, parcel.origin) == (2, Status.DELIVERED, "China")
    assert {row.key for row in await core.store.waiting()} == {KEY, key_of(2)}


class RivalStore(RecordStore):
    """A store where somebody else is quicker, once or always."""

    rival: Coroutine[object, object, object] | None = None
    always = False

    async def save(self, *records: Record, remove: Iterable[Record] = (), onto: Iterable[Record] = ()) -> None:
        if self.always:
            raise RevisionMoved("somebody else was quicker")
        if rival := self.rival:
            self.rival = None
            await rival
        await super().save(*records, remove=remove, onto=onto)


async def test_where_others_are_quicker_every_time_nothing_is_changed_and_the_caller_hears_of_it() -> None:
    core = Core(store=(store := RivalStore(MemoryTables())))
    before = await core.follows()
    store.always = True

    with pytest.raises(RevisionMoved):
        await core.observer.change("T", KEY, lambda parcel: (replace(parcel, origin="China"), None))

    assert await core.parcel() == before


async def test_a_page_with_a_change_wakes_the_outbox_and_one_without_does_not(core: Core) -> None:
    await core.follows()
    woken: list[str] = []
    observer = Observer(core.store, core.clock, lambda *_: woken.append("woken"))
    page = page_of(refreshed(core, Status.DELIVERED, DELIVERED))

    assert [await observer.take_page(page), len(woken)] == [1, 1]
    assert [await observer.take_page(page), len(woken)] == [0, 1]


async def test_a_parcel_that_makes_us_stumble_does_not_stop_the_others(
    core: Core, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await core.follows()
    await core.follows(key=key_of(2))
    core.provider.has(key_of(2), Status.DELIVERED, DELIVERED)
    page = page_of(refreshed(core, Status.DELIVERED, DELIVERED), core.provider.reports[key_of(2)])
    observe = changes.observe

    def stumbles(parcel: Parcel, report: Report, now: datetime) -> object:
        if parcel.key == KEY:
            raise RuntimeError("a fault of ours")
        return observe(parcel, report, now)

    monkeypatch.setattr("bot.services.observer.observe", stumbles)
    with caplog.at_level(logging.ERROR):
        changed = await core.observer.take_page(page)

    assert changed == 1
    assert [getattr(record, "number", "") for record in caplog.records] == [KEY.number]


async def test_a_report_of_a_parcel_nobody_knows_changes_nothing(core: Core) -> None:
    assert await core.observer.take_page(page_of(refreshed(core, Status.DELIVERED))) == 0
    assert await core.observer.take("T", refreshed(core, Status.DELIVERED)) is None


async def test_a_page_that_says_nothing_new_tells_nothing(core: Core) -> None:
    await core.follows()
    report = refreshed(core, Status.DELIVERED, DELIVERED)
    await core.observer.take_page(page_of(report))
    before = await core.store.waiting()

    assert await core.observer.take_page(page_of(report, report)) == 0
    assert await core.store.waiting() == before


async def test_two_reports_of_one_parcel_in_a_page_are_one_change(core: Core) -> None:
    await core.follows()
    old, new = refreshed(core, Status.PICKUP, OUT), refreshed(core, Status.DELIVERED, DELIVERED, OUT)

    assert await core.observer.take_page(page_of(old, new)) == 1
    assert (await core.parcel()).status is Status.DELIVERED


async def test_two_workspaces_that_follow_one_parcel_both_hear_of_it(core: Core) -> None:
    elsewhere = ORDERS._replace(workspace="T2")
    await core.follows(ORDERS)
    await core.follows(elsewhere)

    await core.observer.take_page(page_of(refreshed(core, Status.DELIVERED, DELIVERED)))

    assert {row.place for row in await core.store.waiting()} == {ORDERS, elsewhere}


async def test_an_archived_subscription_hears_nothing(core: Core) -> None:
    await core.follows(ORDERS)
    await core.follows(OPS)
    await core.tracker.archive(OPS, KEY, by="UADA")
    await core.all_told()

    await core.observer.take_page(page_of(refreshed(core, Status.DELIVERED, DELIVERED)))

    assert {row.place for row in await core.store.waiting()} == {ORDERS}


async def test_each_channel_hears_what_its_preset_names(core: Core) -> None:
    await core.follows(ORDERS)
    await core.follows(OPS)
    await core.tracker.subscribe(OPS, by="UADA", preset=Preset.EVERYTHING)

    await core.observer.take_page(page_of(refreshed(core, Status.IN_TRANSIT, PICKED_UP)))

    assert {(row.place, row.event) for row in await core.store.waiting()} == {(ORDERS, None), (OPS, Event.MOVING)}


@pytest.mark.promise("R7")
async def test_a_page_is_saved_in_one_go() -> None:
    core = Core(store=(store := CountingStore(MemoryTables())))
    for number in range(20):
        await core.follows(key=key_of(number))
        core.provider.has(key_of(number), Status.DELIVERED, DELIVERED)
    saves = store.saves

    assert await core.observer.take_page(page_of(*core.provider.reports.values())) == 20
    assert store.saves == saves + 1


class CountingStore(RecordStore):
    """A store that counts how often it was saved to."""

    saves = 0

    async def save(self, *records: Record, remove: Iterable[Record] = (), onto: Iterable[Record] = ()) -> None:
        self.saves += 1
        await super().save(*records, remove=remove, onto=onto)
