"""What the benchmarks measure on: a bot with 10,000 parcels."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.parcel import Checkpoint, Parcel, ParcelKey, Place, Subscription
from bot.domain.status import Status
from bot.stores.store import RecordStore
from bot.stores.tinydb import open_store
from tests.e2e.ground import Ground

PARCELS = 10_000
ELSEWHERE = Place("T0SANDBOX", "C0ELSEWHERE")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


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


@asynccontextmanager
async def with_many_parcels(folder: Path, *, sweep_every: int) -> AsyncIterator[Ground]:
    """Run the bot over HTTP with 10,000 parcels in its store; the simulated Slack counts no calls."""
    store = await open_store(folder / "data")
    await fill(store)
    await store.close()
    ground = Ground(folder, by="http", sweep_every=sweep_every)
    try:
        await ground.start()
        ground.world.slack.limits.on = False
        yield ground
    finally:
        await ground.stop()
