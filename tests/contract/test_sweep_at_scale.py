"""Rounds over 10,000 parcels: how often the provider is asked, with the real client and service over real HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest_asyncio

from bot.domain.parcel import Parcel, ParcelKey, Place, Subscription
from bot.domain.reports import Reports
from bot.providers.trackingmore import TrackingMore
from bot.providers.trackingmore.pacing import Pacer
from bot.providers.trackingmore.session import Session
from bot.providers.trackingmore.transport import Key, Transport
from bot.sandbox import trackingmore as sandbox
from bot.services.observer import Observer
from bot.services.sweep import Sweep
from bot.services.watch import Watch
from bot.stores.memory import memory_store
from tests.fakes import FakeClock, FakeMessenger
from tests.serving import serving
from tests.unit.providers.trackingmore.network import KEY, Time

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PARCELS = 10_000
ROUND = timedelta(minutes=5)
ROUNDS_A_TURN = 36  # the service refreshes each parcel every 3 hours, at a moment of its own
ORDERS = Place("T1", "C0ORDERS")


class Counted(Observer):
    """An observer that knows how many reports it was given."""

    taken = 0

    async def take_page(self, reports: Reports) -> int:
        self.taken += len(reports)
        return await super().take_page(reports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a round came to."""

    calls: int
    refreshed: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """An account with 10,000 parcels, the rounds over it, and the time of both: no real second is waited for."""

    service: sandbox.TrackingMore
    time: Time
    observer: Counted
    sweep: Sweep

    async def after(self, passed: timedelta) -> Round:
        """Let time pass and run a round."""
        self.service.clock.step(passed)
        self.time.seconds += passed.total_seconds()
        calls, taken = self._lists(), self.observer.taken
        changed = await self.sweep.run_once()
        return Round(calls=self._lists() - calls, refreshed=self.observer.taken - taken, changed=changed)

    def _lists(self) -> int:
        return sum(call.operation == "GET /trackings/get" for call in self.service.calls)


@pytest_asyncio.fixture
async def rounds() -> AsyncIterator[Rounds]:
    """Return rounds whose first one is done: what was known before is no news."""
    time = Time()
    clock = sandbox.CarrierClock(start=START, speed=0)
    service = sandbox.TrackingMore(clock=clock, key=KEY, quirks=False, monotonic=time.monotonic)
    store, messenger = memory_store(), FakeMessenger(FakeClock())
    await store.save(*(record for number in range(PARCELS) for record in followed(service, f"1ZX{number:015d}")))
    async with serving(service.app) as url:
        transport = Transport(key=Key(KEY), base_url=f"{url}/v2", allow_loopback=True)
        pacer = Pacer(monotonic=time.monotonic, sleep=time.sleep)
        provider = TrackingMore(Session(transport, time, pacer=pacer, monotonic=time.monotonic), account="trackingmore")
        observer = Counted(store, time, lambda *_: None)
        watch = Watch(store=store, messenger=messenger, clock=time, admins=())
        sweep = Sweep(
            store=store, provider=provider, clock=time, observer=observer, watch=watch, spent=lambda: 0, looks_a_day=0
        )
        rounds = Rounds(service=service, time=time, observer=observer, sweep=sweep)
        await rounds.after(ROUND)
        yield rounds
        await provider.close()


def followed(service: sandbox.TrackingMore, number: str) -> tuple[Parcel, Subscription]:
    """Put a parcel into the account; return it as a channel follows it. Every other one is scanned every 3 hours."""
    hours = range(-4, 12, 3) if int(number[3:]) % 2 else (-4,)
    scans = [
        sandbox.Checkpoint(at=(START + timedelta(hours=hour)).timestamp(), text=f"Arrived at stop {hour}")
        for hour in hours
    ]
    service.put(number, "ups", checkpoints=scans, created_at=START - timedelta(days=1), fresh=False)
    key = ParcelKey("ups", number)
    parcel = Parcel(workspace="T1", key=key, serial=int(number[3:]) + 1, added_at=START)
    return parcel, Subscription(place=ORDERS, key=key, added_by="U0ADA", added_at=START)


async def test_a_round_is_one_call_whatever_moved_and_six_are_enough_after_six_hours(rounds: Rounds) -> None:
    steady = [await rounds.after(ROUND) for _ in range(ROUNDS_A_TURN)]
    back = await rounds.after(timedelta(hours=6))
    after = await rounds.after(ROUND)

    seen = [one.refreshed for one in steady]
    told = (
        f"{ROUNDS_A_TURN} rounds: {sum(one.calls for one in steady)} calls, {min(seen)} to {max(seen)} parcels each; "
        f"{sum(one.changed for one in steady)} changed. After 6 h: {back}. Then: {after}."
    )
    assert {one.calls for one in steady} == {1}, told
    assert all(280 <= count <= 500 for count in seen), told  # 278 in five minutes, 389 with the overlap of two
    assert sum(one.changed for one in steady) == PARCELS // 2, told
    assert back.calls <= 6, told
    assert back.refreshed == PARCELS, told
    assert back.changed == PARCELS // 2, told
    assert after.calls == 1, told
