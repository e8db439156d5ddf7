"""Rounds on one machine, by APScheduler."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

logger = logging.getLogger(__name__)
Round = Callable[[], Awaitable[object]]


class LocalEngine:
    """Runs each round at its interval, one at a time, never forgets one, and outlives its faults."""

    def __init__(self) -> None:
        # A late run is made up for by exactly one; a run that is still going is not started twice.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        self._running: set[asyncio.Task[None]] = set()

    def every(self, seconds: float, name: str, one_round: Round, *, limit: timedelta, at_once: bool = False) -> None:
        """Run the round every so many seconds; one that takes longer than `limit` is ended, so that the next runs."""

        async def run() -> None:
            task = asyncio.current_task()
            if task:
                self._running.add(task)
            time_limit = asyncio.timeout(limit.total_seconds())
            try:
                async with time_limit:
                    await one_round()
            except Exception:
                if time_limit.expired():
                    logger.warning("a round took too long and was ended", extra={"round": name})
                else:
                    logger.exception("a round failed", extra={"round": name})
            finally:
                if task:
                    self._running.discard(task)

        first = {"next_run_time": datetime.now(UTC)} if at_once else {}
        self._scheduler.add_job(run, "interval", seconds=seconds, id=name, name=name, **first)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    async def stop(self, limit: timedelta) -> None:
        """Start nothing more and let running rounds finish; `shutdown` alone would cancel them."""
        self._scheduler.pause()
        if self._running:
            await asyncio.wait(set(self._running), timeout=limit.total_seconds())
        self._scheduler.shutdown(wait=False)
