"""What the benchmarks measure on: a bot with 10,000 parcels."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from bot.domain.parcel import Checkpoint, Parcel, ParcelKey, Subscription
from bot.domain.status import Status
from bot.stores.store import RecordStore
from bot.stores.tinydb import open_store
from tests.benchmarks import listed
from tests.benchmarks.listed import ELSEWHERE
from tests.benchmarks.pages import NOON
from tests.e2e.ground import Ground
from tests.fakes import FakeClock

PARCELS = 10_000


def parcel(serial: int) -> Parcel:
    """Return a parcel that has been under way for a while."""
    lines = tuple(
        Checkpoint(
            carrier="ups",
            local_time=datetime(2026, 3, 2, hour),  # noqa: DTZ001 - carriers give no zone
            text=f"Arrived at Facility {hour}",
            location="Salt Lake City, UT, US",
            status=Status.IN_TRANSIT,
            substatus="transit001",
        )
        for hour in range(6, 0, -1)
    )
    return Parcel(
        workspace=ELSEWHERE.workspace,
        key=ParcelKey("ups", f"1ZX{serial:015d}"),
        serial=serial,
        added_at=NOON,
        status=Status.IN_TRANSIT,
        substatus="transit001",
        checkpoints=lines,
        seen=frozenset(line.id for line in lines),
        revision=6,
        observed_at=NOON,
    )


async def fill(store: RecordStore) -> None:
    """Have a channel follow 10,000 parcels."""
    parcels = [parcel(serial) for serial in range(1, PARCELS + 1)]
    follows = [
        Subscription(place=ELSEWHERE, key=one.key, added_by="U0ADA", added_at=NOON, card="1.0") for one in parcels
    ]
    await store.save(*parcels, *follows)


async def fill_as_listed(store: RecordStore, url: str) -> None:
    """Have it follow them as a list says it, but for when they were refreshed: nobody is to ask why they are silent."""
    provider = listed.provider_at(url, FakeClock())
    reports = [replace(one, updated_at=None) for one in await listed.reports_of(provider)]
    await provider.close()
    await listed.fill(store, reports, PARCELS)


class ListedGround(Ground):
    """A ground whose parcels are listed elsewhere."""

    def __init__(self, folder: Path, *, sweep_every: int, listed_at: str) -> None:
        super().__init__(folder, by="http", sweep_every=sweep_every)
        self._listed_at = listed_at

    def environment(self) -> dict[str, str]:
        """Return the bot's environment."""
        elsewhere = {"TRACKINGMORE_API_URL": f"{self._listed_at}/v2"} if self._listed_at else {}
        return super().environment() | elsewhere


@asynccontextmanager
async def with_many_parcels(folder: Path, *, sweep_every: int, listed_at: str = "") -> AsyncIterator[Ground]:
    """Run the bot over HTTP with 10,000 parcels in its store; the simulated Slack counts no calls."""
    store = await open_store(folder / "data")
    await (fill_as_listed(store, listed_at) if listed_at else fill(store))
    await store.close()
    ground = ListedGround(folder, sweep_every=sweep_every, listed_at=listed_at)
    try:
        await ground.start()
        ground.world.slack.limits.on = False
        yield ground
    finally:
        await ground.stop()
