"""Right of way: Slack waits three seconds for an acknowledgement, a person longer for the answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

PAUSE = 0.002
"""Seconds without a new request that are taken for the end of a rush."""
AT_MOST = 0.05
"""Seconds that work waits for one: in a rush that lasts it goes on slowly."""

T = TypeVar("T")
R = TypeVar("R")


class RightOfWay:
    """Lets what is to be acknowledged pass before what is to be done; that begins one by one, in pauses."""

    def __init__(self) -> None:
        self._came = self._under_way = 0
        self._turn = asyncio.Lock()

    def first(self, act: Callable[[T], Awaitable[R]]) -> Callable[[T], Awaitable[R]]:
        """Return the act, now one that others wait for."""

        async def goes_first(what: T) -> R:
            self._came += 1
            self._under_way += 1
            try:
                return await act(what)
            finally:
                self._under_way -= 1

        return goes_first

    def after(self, act: Callable[[T], Awaitable[R]]) -> Callable[[T], Awaitable[R]]:
        """Return the act, now one that begins in the next pause of a rush."""

        async def waits(what: T) -> R:
            async with self._turn:
                await self._pause()
            return await act(what)

        return waits

    async def _pause(self) -> None:
        began = at = time.monotonic()
        while at - began < AT_MOST:
            came, before = self._came, at
            await asyncio.sleep(PAUSE)
            at = time.monotonic()
            # Woken late, we were not alone, and requests may be waiting to be seen.
            if came == self._came and not self._under_way and at - before < 2 * PAUSE:
                return
