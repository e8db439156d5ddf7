"""The pace of our calls: the service wants one a second of each operation, and silence after a 429.

An account has one pacer and an operation one lane. In a lane, what a person asked goes before what the rounds ask.
"""

import asyncio
import time
from bisect import insort
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from bot.domain.errors import ProviderBusy

SPACING = timedelta(seconds=1.1)  # one a second, and a tenth since networks do not keep distances
MOST_WAITING = 60  # in one lane: whoever comes later would wait for over a minute
_MOMENT = timedelta(seconds=0.05)
_NOTHING = timedelta()


@dataclass(slots=True)
class _Lane:
    free_at: timedelta = _NOTHING
    held: bool = False  # someone's turn has come, and their call has not left yet
    waiting: list[tuple[bool, int]] = field(default_factory=list)


class Pacer:
    """Gives turns, the first of them after `rest`: a process before us may have called just now.

    Times are those of a monotonic clock, so a wrong or changed clock does no harm.
    """

    def __init__(
        self,
        *,
        spacing: timedelta = SPACING,
        rest: timedelta = _NOTHING,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._spacing = spacing
        self._monotonic = monotonic
        self._sleep = sleep
        open_at = timedelta(seconds=monotonic()) + rest
        self._lanes: defaultdict[str, _Lane] = defaultdict(lambda: _Lane(free_at=open_at))
        self._tickets = count()
        self._silent_until = _NOTHING

    @asynccontextmanager
    async def turn(self, name: str, *, asked_by_person: bool) -> AsyncIterator[Callable[[], None]]:
        """Wait for a turn in a lane. The caller says when the call has left; the next turn is reckoned from then on.

        Raises:
            ProviderBusy: the account has to be silent, or too many are waiting already.
        """
        lane = self._lanes[name]
        await self._wait(lane, asked_by_person=asked_by_person)
        lane.held = left = True

        def sent() -> None:
            nonlocal left
            if left:
                lane.free_at, lane.held, left = self._now() + self._spacing, False, False

        try:
            yield sent
        finally:
            sent()
            # Whatever held a call up on its way, the service had it before it answered: reckoned from a quick answer,
            # two calls cannot move together. For a slow one nobody waits.
            if self._now() < lane.free_at:
                lane.free_at = self._now() + self._spacing

    def silence(self, length: timedelta) -> None:
        """Give no turns for a while."""
        self._silent_until = max(self._silent_until, self._now() + length)

    @property
    def silent_for(self) -> timedelta:
        """How long there are no turns; zero when there are."""
        return max(self._silent_until - self._now(), _NOTHING)

    async def _wait(self, lane: _Lane, *, asked_by_person: bool) -> None:
        if len(lane.waiting) >= MOST_WAITING:
            raise ProviderBusy(len(lane.waiting) * self._spacing)
        ticket = (not asked_by_person, next(self._tickets))
        insort(lane.waiting, ticket)
        try:
            while True:
                if self.silent_for:
                    raise ProviderBusy(self.silent_for)
                before_us = lane.waiting.index(ticket)
                wait = max(lane.free_at - self._now(), _NOTHING) + before_us * self._spacing
                if not wait and not lane.held:
                    return
                await self._sleep((wait or _MOMENT).total_seconds())
        finally:
            lane.waiting.remove(ticket)

    def _now(self) -> timedelta:
        return timedelta(seconds=self._monotonic())
