"""What the clock does: windows in the provider's time, a watermark that moves when all is saved, few closer looks."""

import logging
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import (
    KeyRefused,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
    QuotaSpent,
)
from bot.domain.parcel import ParcelKey, Report
from bot.domain.records import Trouble
from bot.domain.reports import Reports
from bot.domain.status import Event, Status
from bot.services.sweep import FIRST_WINDOW, OVERLAP
from tests.fakes import FakeClock, FakeProvider
from tests.unit.domain.journeys import DELIVERED, KEY, OUT, PICKED_UP
from tests.unit.services.core import OPS, ORDERS, Core, key_of
from tests.unit.services.midway import NotingStore


class WatchedProvider(FakeProvider):
    """A provider that notes the windows it was asked for, and may break off after so many pages."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.windows: list[tuple[datetime, datetime]] = []
        self.breaks_after: int | None = None

    async def updated_since(self, since: datetime, until: datetime) -> AsyncIterator[Reports]:
        self.windows.append((since, until))
        pages = 0
        async for page in super().updated_since(since, until):
            if pages == self.breaks_after:
                raise ProviderUnavailable("reset")
            pages += 1
            yield page


@pytest.fixture
def provider() -> WatchedProvider:
    return WatchedProvider(FakeClock())


@pytest.fixture
def core(provider: WatchedProvider) -> Core:
    return Core(clock=provider.clock, provider=provider)


# ── the window ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_first_round_looks_a_day_back(core: Core, provider: WatchedProvider) -> None:
    await core.sweep.run_once()

    ((since, until),) = provider.windows
    assert until - since == FIRST_WINDOW + OVERLAP


async def test_a_round_says_how_many_parcels_changed(core: Core) -> None:
    await core.follows()
    core.provider.has(KEY, Status.DELIVERED, DELIVERED)

    assert [await core.swept() for _ in range(2)] == [1, 0]


async def test_each_window_begins_a_little_before_the_end_of_the_last(core: Core, provider: WatchedProvider) -> None:
    for _ in range(3):
        await core.swept()

    for before, after in zip(provider.windows, provider.windows[1:], strict=False):
        assert after[0] == before[1] - OVERLAP


async def test_the_watermark_outlives_the_process(core: Core, provider: WatchedProvider) -> None:
    await core.swept()

    await core.restarted().swept()

    assert provider.windows[1][0] == provider.windows[0][1] - OVERLAP


@pytest.mark.parametrize("ahead", [timedelta(days=-400), timedelta(hours=-1), timedelta(hours=1), timedelta(days=400)])
async def test_a_wrong_clock_of_this_machine_does_no_harm(
    core: Core, provider: WatchedProvider, ahead: timedelta
) -> None:
    provider.ahead = ahead
    await core.follows()
    await core.swept()

    await core.reported(Status.DELIVERED, DELIVERED)
    await core.swept()

    assert core.told() == [[Event.DELIVERED]]
    assert all(abs(until - core.clock.now() - ahead) < timedelta(minutes=20) for _, until in provider.windows)


async def test_a_clock_that_is_set_right_between_two_rounds_loses_nothing(core: Core) -> None:
    await core.follows()
    core.clock.move(days=3)
    await core.swept()
    core.clock.move(days=-3)

    await core.reported(Status.DELIVERED, DELIVERED)

    assert core.told() == [[Event.DELIVERED]]


async def test_a_watermark_of_the_future_is_not_believed(core: Core, provider: WatchedProvider) -> None:
    provider.ahead = timedelta(days=2)
    await core.swept()
    provider.ahead = timedelta()

    await core.swept()

    since, until = provider.windows[-1]
    assert until - since == FIRST_WINDOW + OVERLAP


async def test_what_was_refreshed_just_before_the_last_round_is_not_missed(core: Core) -> None:
    await core.follows()
    await core.swept()
    core.provider.has(KEY, Status.DELIVERED, DELIVERED)
    core.provider.refreshed[KEY] -= timedelta(minutes=1)  # it was written late

    await core.swept()

    assert core.told() == [[Event.DELIVERED]]


# ── the watermark moves only when all is saved ────────────────────────────────────────────────────────────────────────


async def test_a_round_that_breaks_off_is_made_again_whole_and_tells_nothing_twice(
    core: Core, provider: WatchedProvider
) -> None:
    for number in range(6):
        await core.follows(key=key_of(number))
    await core.swept()
    provider.page, provider.breaks_after = 2, 2
    for number in range(6):
        provider.has(key_of(number), Status.DELIVERED, DELIVERED)

    await core.swept()
    assert len(core.told()) == 4
    provider.breaks_after = None
    await core.swept()
    await core.all_told()

    assert provider.windows[-1][0] == provider.windows[-2][0]
    assert core.told() == [[Event.DELIVERED]] * 6


@pytest.mark.parametrize("fault", [ProviderUnavailable("dns"), ProviderBusy(timedelta(seconds=120))])
async def test_while_the_provider_fails_nothing_changes_and_the_first_good_round_catches_up(
    core: Core, fault: ProviderError
) -> None:
    before = await core.follows()
    core.provider.has(KEY, Status.DELIVERED, DELIVERED)
    core.provider.faults["updated_since"] = fault
    for _ in range(4):
        assert await core.swept() == 0
    assert (await core.parcel(), core.told()) == (before, [])

    core.provider.faults.clear()
    await core.swept()

    assert core.told() == [[Event.DELIVERED]]


async def test_while_the_store_cannot_write_the_round_stays_due_and_an_admin_hears_of_it() -> None:
    core = Core(store=(store := NotingStore()))
    await core.follows()
    core.provider.has(KEY, Status.DELIVERED, DELIVERED)
    store.full = True
    for _ in range(3):
        await core.swept()

    store.full = False
    await core.swept()

    assert core.told() == [[Event.DELIVERED]]
    assert [notice.trouble for _, notice in core.messenger.warnings] == [Trouble.STORE] * 2  # both admins, once


@pytest.mark.promise("R27")
async def test_a_failure_is_logged_once_and_so_is_its_end(core: Core, caplog: pytest.LogCaptureFixture) -> None:
    core.provider.faults["updated_since"] = ProviderUnavailable("dns")
    with caplog.at_level(logging.INFO, logger="bot.services.sweep"):
        for _ in range(5):
            await core.swept()
        core.provider.faults.clear()
        for _ in range(5):
            await core.swept()

    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


@pytest.mark.promise("R27")
async def test_a_refused_key_is_one_warning_to_each_admin_and_nothing_in_the_channels(core: Core) -> None:
    await core.follows(ORDERS)
    await core.follows(OPS)
    core.provider.fault = KeyRefused("The tracking service refuses our key.", code=4002)

    for _ in range(3):
        await core.swept()
        await core.sweep.look_once()

    assert [(user, notice.trouble) for user, notice in core.messenger.warnings] == [
        ("UADMIN", Trouble.KEY_REFUSED),
        ("UOPS", Trouble.KEY_REFUSED),
    ]
    assert (core.told(), len(core.messenger.introductions)) == ([], 2)


async def test_health_says_when_the_last_whole_round_was_and_since_when_rounds_fail(core: Core) -> None:
    assert (await core.sweep.health()).last_round_at is None

    await core.swept()
    good = await core.sweep.health()
    core.provider.fault = ProviderUnavailable("dns")
    await core.swept()
    await core.swept()
    bad = await core.sweep.health()

    assert (good.failing_since, good.trouble, good.overdue) == (None, "", False)
    assert bad.last_round_at == good.last_round_at
    assert bad.failing_since
    assert bad.last_round_at
    assert bad.last_round_at < bad.failing_since < core.clock.now()
    assert "not answering" in bad.trouble


async def test_rounds_that_no_longer_come_show_as_overdue(core: Core) -> None:
    await core.swept()

    core.clock.move(hours=3)

    assert (await core.sweep.health()).overdue


# ── what it costs ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_ten_thousand_parcels_cost_one_call_a_round_whatever_moved_and_six_after_six_hours() -> None:
    provider = FakeProvider(FakeClock())
    core = Core(clock=provider.clock, provider=provider)
    keys = [key_of(number) for number in range(10_000)]
    _refresh_all(provider, keys)
    await core.sweep.run_once()

    calls = []
    for _ in range(12):
        provider.calls.clear()
        core.clock.move(minutes=5)
        for key in keys[:280]:
            provider.refreshed[key] = core.clock.now()
        await core.sweep.run_once()
        calls.append(provider.names().count("updated_since"))
    provider.calls.clear()
    core.clock.move(hours=6)
    _refresh_all(provider, keys)
    await core.sweep.run_once()

    assert calls == [1] * 12
    assert provider.names().count("updated_since") <= 6


def _refresh_all(provider: FakeProvider, keys: Sequence[ParcelKey]) -> None:
    """Let all have been refreshed at some moment of the last three hours."""
    now = provider.clock.now()
    for number, key in enumerate(keys):
        provider.reports[key] = Report(key=key, status=Status.IN_TRANSIT, updated_at=now)
        provider.refreshed[key] = now - timedelta(seconds=number % 10_800)


async def test_a_report_that_was_known_costs_no_line_and_a_restart_tells_nothing_again(core: Core) -> None:
    await core.follows()
    await core.reported(Status.DELIVERED, DELIVERED, OUT, PICKED_UP)

    again = core.restarted()
    for _ in range(3):
        core.provider.refreshed[KEY] = core.clock.now().astimezone(UTC)
        await again.swept()

    assert core.told() == [[Event.DELIVERED]]


async def test_the_quota_being_spent_is_told_to_the_admins(core: Core) -> None:
    core.provider.fault = QuotaSpent("The tracking quota is used up.", code=4021)

    await core.swept()

    assert {notice.trouble for _, notice in core.messenger.warnings} == {Trouble.QUOTA_SPENT}
