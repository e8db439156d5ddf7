"""People who act on the same parcel take turns, so that the second sees what the first did; and how turns end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Hashable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta


class Turns:
    """One turn at a time for each key; a turn may span the provider's call, which has a time limit of its own."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._waiting: Counter[Hashable] = Counter()

    @asynccontextmanager
    async def of(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for this key's turn and hold it."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._waiting[key] += 1
        try:
            async with lock:
                yield
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key], self._locks[key]


async def finish(tasks: Iterable[asyncio.Task[None]], limit: timedelta) -> None:
    """Wait for the tasks as long as the limit allows, then end those that still run."""
    running = set(tasks)
    if running:
        _, late = await asyncio.wait(running, timeout=limit.total_seconds())
        for task in late:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
