"""What leaves: tell each notification, once it is decided, at least once and in order."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

from bot.domain.errors import StoreError
from bot.domain.parcel import ParcelKey, Place
from bot.domain.records import Doubt, Notification, Progress
from bot.ports import Clock, Messenger, Store
from bot.services.batches import Batch, Due, choose
from bot.services.pacing import PACE, Pacing
from bot.services.setbacks import BUSY, LADDER, longest_wait
from bot.services.telling import CLOSED_FOR, QUIET, Telling, WorkspaceClosed
from bot.services.turns import finish
from bot.services.workspaces import Workspaces

logger = logging.getLogger(__name__)
LOOK_AGAIN_AFTER = timedelta(seconds=5)
"""Each commit wakes the outbox; it also looks by itself, so that nothing waits for a wake-up that never came."""
LOOK_WHERE_PAUSED = timedelta(minutes=1)
A_STEP = 5.0
"""When this machine's clock moves by more seconds than have passed, somebody has set it."""
SLICE = 50
"""After so many places whoever else waits has a turn."""


class Outbox:
    """Tells what waits: in each channel one message at a time, and one card, and all channels at once.

    A place is looked at when somebody names it, or when something is due there: what waits elsewhere costs nothing.
    """

    def __init__(
        self,
        *,
        store: Store,
        messenger: Messenger,
        clock: Clock,
        pace: timedelta = PACE,
        quiet: timedelta = QUIET,
        doubt: Doubt = Doubt.REPEAT,
        workspaces: Workspaces | None = None,
    ) -> None:
        self._workspaces = workspaces or Workspaces(store=store, clock=clock)
        self._store = store
        self._clock = clock
        self._pacing = Pacing(clock, pace)
        self._telling = Telling(
            store=store, messenger=messenger, clock=clock, pacing=self._pacing, quiet=quiet, doubt=doubt
        )
        self._look_at: dict[Place, float] = {}  # by the monotonic clock, as are the next two
        self._rests: dict[Place, float] = {}
        self._closed_until: dict[str, float] = {}
        self._everywhere = True
        self._ahead = self._lead()
        self._digested: set[Place] = set()
        self._tasks: dict[tuple[Place, bool], asyncio.Task[None]] = {}
        self._busy: dict[Place, set[ParcelKey]] = {}
        self._awake = asyncio.Event()

    def wake(self, *places: Place) -> None:
        """Look for work now; called at each commit, with the places it concerns when they are known."""
        self._look(places)
        self._everywhere = self._everywhere or not places
        self._awake.set()

    async def run(self, beat: Callable[[], None] = lambda: None) -> None:
        """Tell what is due until cancelled; each turn is said with a `beat`."""
        looked_at = -math.inf
        while True:
            beat()
            self._awake.clear()
            wait, now = None, self._clock.monotonic()
            try:
                if self._everywhere or now >= looked_at + LOOK_AGAIN_AFTER.total_seconds():
                    looked_at = now
                    wait = await self.start_due()
                else:
                    wait = await self._start_due()
            except Exception:
                logger.exception("the outbox stumbled")
            try:
                async with asyncio.timeout(min(wait or LOOK_AGAIN_AFTER, LOOK_AGAIN_AFTER).total_seconds()):
                    await self._awake.wait()
            except TimeoutError:
                continue

    async def start_due(self) -> timedelta | None:
        """Start telling what is due, wherever it is; return how long until the next is due."""
        if self._everywhere or abs(self._lead() - self._ahead) > A_STEP:
            self._everywhere, self._ahead = False, self._lead()
            self._look_at.clear()
            self._rests.clear()
        now = self._clock.monotonic()
        for place in await self._store.waiting_places():
            self._look_at.setdefault(place, now)
        return await self._start_due()

    async def tell_due(self) -> None:
        """Tell everything that is due now and wait for it; one round, for tests and for the last moments."""
        await self.start_due()
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            await self.start_due()

    async def drain(self, limit: timedelta) -> None:
        """Let what is being told finish; what is not started, or takes longer, stays for the next start."""
        await finish(self._tasks.values(), limit)

    def _lead(self) -> float:
        """Return by how much the time of day is ahead of the time that passes; only who sets it changes that."""
        return self._clock.now().timestamp() - self._clock.monotonic()

    def _look(self, places: Iterable[Place], wait: float = 0.0) -> None:
        at = self._clock.monotonic() + wait
        for place in places:
            self._look_at[place] = min(at, self._look_at.get(place, at))

    async def _start_due(self) -> timedelta | None:
        now = self._clock.monotonic()
        for count, place in enumerate([place for place, at in self._look_at.items() if at <= now], 1):
            if count % SLICE == 0:
                await asyncio.sleep(0)
            self._look_at.pop(place, None)
            wait = await self._start_in(place)  # where the store cannot be read, it is found again some seconds later
            if wait is not None:
                self._look([place], wait)
        at = min(self._look_at.values(), default=None)
        return None if at is None else timedelta(seconds=max(at - self._clock.monotonic(), 0.001))

    async def _start_in(self, place: Place) -> float | None:
        """Start telling what is due in one place; return in how many seconds it is to be looked at again."""
        now = self._clock.monotonic()
        closed = max(self._rests.get(place, now), self._closed_until.get(place.workspace, now)) - now
        if closed > 0:
            return closed
        self._rests.pop(place, None)
        rows = await self._store.waiting(place)
        if rows and (await self._store.settings(place)).paused:
            await self._telling.setbacks.keep_no_longer(rows)
            return LOOK_WHERE_PAUSED.total_seconds()
        wait_of = partial(self._wait_of, self._clock.now())
        due = choose(rows, wait_of, busy=self._busy.get(place, ()), digest_first=place not in self._digested)
        busy = [wait_of(row) for row in rows if row.reason == BUSY and (row.event or row.new)]
        waits = [due.wait, *self._start(place, due, asked_to_wait=max(busy, default=0.0))]
        return min((wait for wait in waits if wait is not None), default=None)

    def _start(self, place: Place, due: Due, *, asked_to_wait: float) -> Iterable[float]:
        """Start what may be told, at the pace that Slack takes it; return what must be waited for."""
        if due.post and (place, True) not in self._tasks:
            if wait := max(asked_to_wait, self._pacing.post_wait(place)):
                yield wait
            else:
                self._pacing.posted(place)
                (self._digested.add if len(due.post.by_parcel) > 1 else self._digested.discard)(place)
                self._begin(due.post, posts=True)
        if due.redraw and (place, False) not in self._tasks:
            if wait := self._pacing.redraw_wait(place.workspace):
                yield wait
            else:
                self._pacing.redrawn(place.workspace)
                self._begin(due.redraw, posts=False)

    def _begin(self, batch: Batch, *, posts: bool) -> None:
        self._busy.setdefault(batch.place, set()).update(batch.by_parcel)
        self._tasks[batch.place, posts] = asyncio.create_task(
            self._tell(batch, posts=posts), name=f"tell {batch.place.channel}"
        )

    def _wait_of(self, now: datetime, row: Notification) -> float:
        """Return in how many seconds a row is due; one that cannot have been put off for so long is due now."""
        unsettled = self._telling.unsettled(row) if row.progress is Progress.SENDING else 0.0
        if row.until <= now:
            return unsettled
        wait = row.until - now
        # What waits for longer was put off before somebody set the clock back.
        return max(wait.total_seconds() if wait <= longest_wait(row) else 0.0, unsettled)

    async def _tell(self, batch: Batch, *, posts: bool) -> None:
        place = batch.place
        try:
            await self._telling.tell(batch)
            if self._closed_until.pop(place.workspace, None) is not None:
                await self._workspaces.reopen(place.workspace)
        except WorkspaceClosed as closed:
            self._closed_until[place.workspace] = self._clock.monotonic() + CLOSED_FOR.total_seconds()
            with contextlib.suppress(StoreError):  # it is said again when it is tried again
                await self._workspaces.suspend(place.workspace, str(closed))
        except StoreError:
            logger.exception("the store refused what the outbox had to say", extra={"channel": place.channel})
            self._rests[place] = self._clock.monotonic() + LADDER[0].total_seconds()
        finally:
            self._tasks.pop((place, posts), None)
            busy = self._busy[place]
            busy -= set(batch.by_parcel)
            if not busy:
                del self._busy[place]
            self.wake(place)
