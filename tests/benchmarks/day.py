"""`python -m tests.benchmarks.day FOLDER`: a day of rounds over 10,000 parcels; prints the memory of each hour.

Where there is no folder yet it is made, with these parcels in it, and that is all: a day begins in a fresh process.

Store, sweep and outbox are the real ones; the clock moves when it is told, the provider and Slack keep nothing.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from bot.domain.changes import observe
from bot.domain.parcel import Checkpoint, Parcel, ParcelKey, Report, Seen, Subscription
from bot.domain.reports import Reports
from bot.domain.status import Status
from bot.pauses import short_pauses
from bot.stores.tinydb import open_store
from tests.fakes import START, FakeClock, FakeMessenger, FakeProvider
from tests.unit.services.core import ORDERS, Core, key_of

PARCELS = 10_000
ROUND = timedelta(minutes=5)
A_DAY = timedelta(hours=24) // ROUND
EVERY = 60
"""In so many rounds each parcel is refreshed once: every five hours."""
MOVES = 100
"""Of so many refreshed parcels one has moved."""
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


@cache
def refreshed_at(refreshes: int) -> datetime:
    """Return when all were refreshed so often; equal times are one object, as where the service's answers are read."""
    return START + refreshes * EVERY * ROUND


class Provider(FakeProvider):
    """Says of each parcel what follows from its number and the time."""

    def report_of(self, serial: int, refreshes: int) -> Report:
        """Return what is said of a parcel that was refreshed so often."""
        moves = (refreshes + serial) // MOVES - serial // MOVES
        lines = [
            Checkpoint(
                carrier="ups",
                local_time=(START + timedelta(hours=at)).replace(tzinfo=None),
                text=f"Arrived at stop {at}",
                location="Salt Lake City, UT, US",
                status=Status.IN_TRANSIT,
            )
            for at in range(6 + moves)
        ]
        return Report(
            key=key_of(serial),
            status=Status.IN_TRANSIT,
            checkpoints=tuple(reversed(lines)),
            updated_at=refreshed_at(refreshes),
            asked_at=self.clock.now(),
            days_silent=0,
            fingerprint=1 + moves,
        )

    async def updated_since(self, since: datetime, until: datetime) -> AsyncIterator[Reports]:
        """Yield the parcels whose turn it is in this round."""
        at = (until - START) // ROUND
        refreshes = 1 + at // EVERY  # so that parcels move from the first round on, as they do later
        keys = {key_of(serial): serial for serial in range(at % EVERY, PARCELS, EVERY)}

        def read(key: ParcelKey) -> Report:
            return self.report_of(keys[key], refreshes)

        reports = map(read, keys)
        yield Reports(seen={one.key: Seen(one.fingerprint, one.updated_at) for one in reports}, read=read)


async def day(folder: Path) -> Sequence[int]:
    """Return the resident bytes after each hour."""
    store, clock = await open_store(folder), FakeClock(START)
    provider, messenger = Provider(clock), FakeMessenger(clock)
    core = Core(store=store, clock=clock, provider=provider, messenger=messenger)
    took, told = [], 0
    with short_pauses():  # as `App` does
        for at in range(A_DAY):
            clock.move(seconds=(START + at * ROUND + timedelta(seconds=30) - clock.now()).total_seconds())
            await core.sweep.run_once()
            await core.all_told()
            told += len(messenger.posts)
            messenger.posts.clear()
            provider.calls.clear()
            if (at + 1) % 12 == 0:
                took.append(resident())
    await store.close()
    assert told >= A_DAY  # a hundredth of 48,000 refreshes
    return took


def resident() -> int:
    """Return how many bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_SIZE


async def fill(folder: Path) -> None:
    """Have a channel follow all parcels, each taken in as the provider says it."""
    store, provider = await open_store(folder), Provider(FakeClock(START))
    for begin in range(0, PARCELS, 1000):
        parcels = [
            observe(
                Parcel(workspace=ORDERS.workspace, key=key_of(serial), serial=serial + 1, added_at=START),
                provider.report_of(serial, 0),
                START,
            )[0]
            for serial in range(begin, begin + 1000)
        ]
        follows = [
            Subscription(place=ORDERS, key=one.key, added_by="U0ADA", added_at=START, card="1.0") for one in parcels
        ]
        await store.save(*parcels, *follows)
    await store.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if folder.exists():
        print(json.dumps(asyncio.run(day(folder))))  # noqa: T201 - what it is for
    else:
        asyncio.run(fill(folder))
