"""What has come in: stored before it is acknowledged, done once, whatever dies in between."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from bot.domain.errors import BotError, InboxFull, StoreError
from bot.domain.records import InboxItem
from bot.ports import Clock, Store
from bot.services.turns import finish

logger = logging.getLogger(__name__)

KEEP_DONE_FOR = timedelta(hours=24)
"""A second delivery of the same request is known by the first for this long."""
KILLED_AT_MOST = 3
"""A request that was being done at each of so many deaths of ours is suspected of causing them, and given up."""
WORKERS = 8
MOST_WAITING = 10_000
"""More requests than this are not taken: whoever asks hears so at once, instead of waiting for very long."""
LONGEST = timedelta(minutes=15)
"""A request that takes longer hangs, and keeps its worker from all others; many numbers at once take minutes."""

AGAIN_AFTER = (5.0, 30.0, 120.0, 600.0, 1800.0)
"""Seconds until a request is tried again that the store or Slack kept us from finishing; the last is repeated."""

Handle = Callable[[InboxItem], Awaitable[None]]


class Inbox:
    """Keeps requests and has them done: those of one person in one channel in order, all others side by side."""

    def __init__(self, *, store: Store, clock: Clock, handle: Handle, give_up: Handle) -> None:
        self._store = store
        self._clock = clock
        self._handle = handle
        self._give_up = give_up
        self._lines: dict[tuple[str, str, str], asyncio.Task[None]] = {}
        self._waiting: dict[tuple[str, str, str], list[InboxItem]] = {}
        self._room = asyncio.Semaphore(WORKERS)
        self._tries: Counter[str] = Counter()
        self._again: dict[str, asyncio.TimerHandle] = {}
        self._handled: set[str] = set()
        self._open = True
        self._load = 0

    async def receive(self, item: InboxItem) -> bool:
        """Keep the request; return whether it is new. Once this returns, it may be acknowledged.

        Raises:
            InboxFull: too many wait already; it was not kept.
            StoreError: it could not be kept, and must not be acknowledged.
        """
        if self._load >= MOST_WAITING:
            raise InboxFull(self._load)
        new = await self._store.add(item)
        if new and self._open:
            self._enqueue(item)
        return new

    async def resume(self) -> int:
        """Take up what an earlier process left undone; return how many."""
        items = await self._store.open_items()
        for item in items:
            self._enqueue(replace(item, attempts=item.attempts + 1, answered=item.answered + 1))
        return len(items)

    async def drain(self, limit: timedelta) -> None:
        """Take nothing new, let what is running finish; the rest, and what takes longer, stays for the next start."""
        self._open = False
        for waiting in self._waiting.values():
            waiting.clear()
        for timer in self._again.values():
            timer.cancel()
        self._load = 0
        await finish(self._lines.values(), limit)

    async def settled(self) -> None:
        """Wait until nothing is left to do; for tests."""
        while self._lines:
            await asyncio.gather(*self._lines.values())

    async def forget_old(self) -> None:
        """Drop what was done long ago."""
        horizon = self._clock.now() - KEEP_DONE_FOR
        old = [item for item in await self._store.done_items() if item.done_at and item.done_at < horizon]
        if old:
            await self._store.save(remove=old)

    def _enqueue(self, item: InboxItem) -> None:
        line = (item.workspace, item.channel, item.user)
        self._waiting.setdefault(line, []).append(item)
        self._load += 1
        if line not in self._lines:
            self._lines[line] = asyncio.create_task(self._work_off(line), name=f"inbox {item.channel}")

    async def _work_off(self, line: tuple[str, str, str]) -> None:
        try:
            while waiting := self._waiting.get(line):
                item = waiting.pop(0)
                self._load -= 1
                async with self._room:
                    await self._do(item)
        finally:
            del self._lines[line]
            if not self._waiting.get(line):
                self._waiting.pop(line, None)

    async def _do(self, item: InboxItem) -> None:
        try:
            if item.id not in self._handled:
                if item.attempts:
                    await self._store.save(item)  # before it is done: it may kill us again
                async with asyncio.timeout(LONGEST.total_seconds()):
                    await (self._handle if item.attempts < KILLED_AT_MOST else self._give_up)(item)
                self._handled.add(item.id)
            await self._store.save(replace(item, done_at=self._clock.now()))
            self._handled.discard(item.id)
            del self._tries[item.id]
        except BotError as error:  # the store is away or Slack is: it stays in the inbox and is tried again
            await self._try_again(item, error)
        except Exception:
            # A fault of ours must not stop what the same person asks next.
            logger.exception("a request could not be done", extra={"item": item.id})

    async def _try_again(self, item: InboxItem, error: BotError) -> None:
        """Have the request done later, by this process or, if it ends before, by the next."""
        tries = self._tries[item.id]
        if not tries:
            logger.warning("a request was left in the inbox", extra={"item": item.id, "why": type(error).__name__})
        self._tries[item.id] += 1
        if item.id not in self._handled:
            item = replace(item, answered=item.answered + 1)
            with suppress(StoreError):  # Slack counts, too: one answer too many it refuses, and another way is taken
                await self._store.save(item)
        if not self._open:
            return

        def again() -> None:
            del self._again[item.id]
            self._enqueue(item)

        wait = AGAIN_AFTER[min(tries, len(AGAIN_AFTER) - 1)]
        self._again[item.id] = asyncio.get_running_loop().call_later(wait, again)
