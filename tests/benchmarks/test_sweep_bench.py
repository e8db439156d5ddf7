"""A sweep of 100,000 parcels, commit included, beside the bare fetch and decode of the same pages.

The figures are printed, not judged.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import httpx
import msgspec
import pytest

from bot.pauses import short_pauses
from bot.providers.trackingmore import TrackingMore
from bot.providers.trackingmore.provider import page_at
from bot.services.observer import Observer
from bot.stores.store import RecordStore
from bot.stores.tinydb import open_store
from tests.benchmarks.listed import fill, listed, provider_at, reports_of
from tests.benchmarks.pages import NOON, PARCELS
from tests.benchmarks.table import Figures
from tests.fakes import FakeClock

ROUNDS = 5


@dataclass(slots=True)
class Took:
    """What rounds took, in seconds: by the clock, and of the processor."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    async def add(self, work: Callable[[], Awaitable[object]]) -> object:
        """Do the work and count it."""
        wall, cpu = time.perf_counter(), time.process_time()
        came = await work()
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)
        return came

    def __str__(self) -> str:
        each = [1e6 * seconds / PARCELS for seconds in self.wall]
        return f"{median(each):.1f} µs a parcel ({min(each):.1f} to {max(each):.1f})"


class Lag:
    """How long the loop was held while it was watched."""

    def __init__(self) -> None:
        self.held: list[float] = []

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Ask for the loop every millisecond, and note how long it took to get it."""

        async def probe() -> None:
            while True:
                asked = time.perf_counter()
                await asyncio.sleep(0.001)
                self.held.append(time.perf_counter() - asked - 0.001)

        task = asyncio.create_task(probe())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A list of 100,000 parcels in another process, and a store that knows them all."""

    url: str
    provider: TrackingMore
    store: RecordStore
    observer: Observer

    async def sweep(self) -> int:
        """Look at the whole list and take in what it says."""
        changed = 0
        async for page in self.provider.updated_since(NOON, NOON):
            changed += await self.observer.take_page(page)
        return changed

    async def bare(self, decode: Callable[[bytes], object]) -> None:
        """Fetch and decode the same pages, and do nothing with them."""
        end = 0
        async with httpx.AsyncClient(trust_env=False) as client:
            while end < PARCELS:
                page, limit = page_at(end, 2000)
                answer = await client.get(f"{self.url}/v2/trackings/get", params={"page": page, "limit": limit})
                decode(answer.content)
                end = page * limit

    async def moves(self, word: str) -> None:
        """Let every hundredth parcel have moved on."""
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(f"{self.url}/v2/moved/{word}")
        await self.bare(len)  # the service prepares its pages


@asynccontextmanager
async def a_world(folder: Path) -> AsyncIterator[World]:
    """Run the service and fill a store."""
    clock = FakeClock()
    async with listed(folder, PARCELS) as url:
        provider, store = provider_at(url, clock), await open_store(folder / "data")
        try:
            await fill(store, await reports_of(provider), PARCELS)
            with short_pauses():  # as `App` does
                yield World(url=url, provider=provider, store=store, observer=Observer(store, clock, lambda *_: None))
        finally:
            await provider.close()
            await store.close()


@pytest.mark.promise("R4")
async def test_a_sweep_of_a_hundred_thousand_parcels(tmp_path: Path, figures: Figures) -> None:
    still, moving, fetched, by_json, lag = Took(), Took(), Took(), Took(), Lag()
    async with a_world(tmp_path) as world:
        await world.bare(len)
        changed = 0
        for number in range(ROUNDS):
            await fetched.add(partial(world.bare, msgspec.json.decode))
            await by_json.add(partial(world.bare, json.loads))
            assert await still.add(world.sweep) == 0
            await world.moves(f"n{number}")
            changed += int(str(await moving.add(world.sweep)))
        await world.moves("again")
        async with lag.watched():
            await world.sweep()
            await world.sweep()

    floor = median(fetched.wall)
    shown = f"httpx + msgspec: {fetched}"
    what = f"a sweep of {PARCELS:,} parcels"
    figures.line(
        f"{what}, 0 % changed", median(still.wall) / floor, measured=str(still), floor=shown, must=1.2, reach=1.1
    )
    figures.line(
        f"{what}, 1 % changed", median(moving.wall) / floor, measured=str(moving), floor=shown, must=1.3, reach=1.1
    )
    cpu, least = median(still.cpu), median(by_json.cpu)
    measured, floor_cpu = (f"{1e6 * one / PARCELS:.1f} µs a parcel" for one in (cpu, least))
    figures.line(
        "CPU of such a sweep", cpu / least, measured=measured, floor=f"httpx + json: {floor_cpu}", must=0.4, reach=0.3
    )
    figures.line("the loop held by such a sweep, at most", 1000 * max(lag.held), must=20, reach=15, unit=" ms")
    assert changed >= ROUNDS * PARCELS // 125  # some lines are only worded anew
