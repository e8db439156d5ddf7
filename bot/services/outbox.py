"""What leaves: tell each notification, once it is decided, at least once and in order."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.errors import StoreError
from bot.domain.parcel import ParcelKey, Place
from bot.domain.records import Notification
from bot.ports import Clock, Messenger, Store
from bot.services.telling import CLOSED_FOR, LADDER, PACE, Batch, Telling, WorkspaceClosed
from bot.services.turns import finish

logger = logging.getLogger(__name__)
LOOK_AGAIN_AFTER = timedelta(seconds=5)
"""Each commit wakes the outbox; it also looks by itself, so that nothing waits for a wake-up that never came."""


class Outbox:
    """Tells what waits: one batch a channel, all channels at once, a message a second for each."""

    def __init__(self, *, store: Store, messenger: Messenger, clock: Clock, pace: timedelta = PACE) -> None:
        self._store = store
        self._clock = clock
        self._telling = Telling(store=store, messenger=messenger, clock=clock, pace=pace)
        self._ready_at: dict[Place, datetime] = {}
        self._closed_until: dict[str, datetime] = {}
        self._tasks: dict[Place, asyncio.Task[None]] = {}
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """Look for work now; called at each commit."""
        self._awake.set()

    async def run(self) -> None:
        """Tell what is due until cancelled."""
        while True:
            self._awake.clear()
            wait = None
            try:
                wait = await self.start_due()
            except Exception:
                logger.exception("the outbox stumbled")
            try:
                async with asyncio.timeout(min(wait or LOOK_AGAIN_AFTER, LOOK_AGAIN_AFTER).total_seconds()):
                    await self._awake.wait()
            except TimeoutError:
                continue

    async def start_due(self) -> timedelta | None:
        """Start telling one batch in each channel that is free; return how long until the next is due."""
        now = self._clock.now()
        later: list[datetime] = []
        for batch in _batches(await self._store.waiting()):
            place = batch.place
            if place in self._tasks or (await self._store.settings(place)).paused:
                continue
            due = max(batch.due, self._ready_at.get(place, now), self._closed_until.get(place.workspace, now))
            if due > now:
                later.append(due)
            else:
                self._tasks[place] = asyncio.create_task(self._tell(batch), name=f"tell {place.channel}")
        return min(later) - now if later else None

    async def tell_due(self) -> None:
        """Tell everything that is due now and wait for it; one round, for tests and for the last moments."""
        await self.start_due()
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            await self.start_due()

    async def drain(self, limit: timedelta) -> None:
        """Let what is being told finish; what is not started, or takes longer, stays for the next start."""
        await finish(self._tasks.values(), limit)

    async def _tell(self, batch: Batch) -> None:
        place = batch.place
        try:
            rest = await self._telling.tell(batch)
            self._ready_at[place] = self._clock.now() + rest
            self._closed_until.pop(place.workspace, None)
        except WorkspaceClosed as closed:
            if place.workspace not in self._closed_until:
                facts = {"workspace": place.workspace, "reason": str(closed)}
                logger.warning("a workspace no longer takes messages", extra=facts)
            self._closed_until[place.workspace] = self._clock.now() + CLOSED_FOR
        except StoreError:
            logger.exception("the store refused what the outbox had to say", extra={"channel": place.channel})
            self._ready_at[place] = self._clock.now() + LADDER[0]
        finally:
            self._tasks.pop(place, None)
            self.wake()


def _batches(rows: Sequence[Notification]) -> list[Batch]:
    """Return one batch a place: that of the row due first, with all that waits for the same card."""
    waiting: dict[Place, dict[ParcelKey, list[Notification]]] = {}
    for row in rows:
        waiting.setdefault(row.place, {}).setdefault(row.key, []).append(row)
    return [
        min((Batch(rows=tuple(one)) for one in by_parcel.values()), key=lambda batch: batch.due)
        for by_parcel in waiting.values()
    ]
