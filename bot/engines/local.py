"""Rounds on one machine, by APScheduler; and a watch over its clock, which somebody may set while we run."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from apscheduler.job import Job
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

logger = logging.getLogger(__name__)
Round = Callable[[], Awaitable[object]]

STEP = timedelta(seconds=5)
"""When the wall clock moves by more than this against the monotonic one, somebody has set it."""
SILENT_INTERVALS = 3
"""A round that did not come for so many of its intervals will not come by itself."""


class _Every(BaseTrigger):  # type: ignore[misc]  # the library has no types
    """Fires at each interval. Unlike the library's own it does not go through all that were missed one by one."""

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return when to fire next."""
        following = (previous_fire_time or now) + self._interval
        return following if following > now else now + self._interval


@dataclass(slots=True, eq=False)
class _Planned:
    """A round; by the monotonic clock, when it last began or ended; and whether its failing is in the log already."""

    name: str
    every: float
    limit: timedelta
    one_round: Round
    seen_at: float
    running: asyncio.Task[None] | None = field(default=None)
    failed: bool = False


class LocalEngine:
    """Runs each round at its interval, one at a time, never forgets one, and outlives its faults.

    APScheduler reckons by the wall clock alone, and is silent for an hour after a step of an hour back. So `look_after`
    is to be called now and then: it moves what is planned with the clock, and builds a silent scheduler anew.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._monotonic, self._wall = monotonic, wall
        self._rounds: dict[str, _Planned] = {}
        self._begun = False
        self._looked_at = monotonic()
        self._ahead = self._wall_ahead()
        self._scheduler = _scheduler()

    def every(self, seconds: float, name: str, one_round: Round, *, limit: timedelta, at_once: bool = False) -> None:
        """Run the round every so many seconds; one that takes longer than `limit` is ended, so that the next runs."""
        planned = _Planned(name=name, every=seconds, limit=limit, one_round=one_round, seen_at=self._monotonic())
        self._rounds[name] = planned
        self._plan(planned, at_once=at_once)

    def start(self) -> None:
        """Begin."""
        for planned in self._rounds.values():
            planned.seen_at = self._monotonic()
        self._looked_at = self._monotonic()
        self._begun = True
        self._scheduler.start()

    def look_after(self) -> tuple[str, ...]:
        """Set right what a step of the clock or a fault of the scheduler put wrong; return rounds that were silent."""
        if not self._begun:
            return ()
        self._forgive_a_pause()
        self._follow_the_clock()
        late = tuple(one.name for one in self._rounds.values() if self._is_silent(one))
        if late:
            self._begin_anew(late)
        return late

    async def stop(self, limit: timedelta) -> None:
        """Start nothing more and let running rounds finish; `shutdown` alone would cancel them."""
        running = self._running()
        if self._scheduler.running:
            self._scheduler.pause()
            if running:
                await asyncio.wait(running, timeout=limit.total_seconds())
            self._scheduler.shutdown(wait=False)
        self._begun = False

    def _plan(self, planned: _Planned, *, at_once: bool) -> None:
        async def run() -> None:
            await self._run(planned)

        first = {"next_run_time": datetime.now(UTC)} if at_once else {}
        every = _Every(timedelta(seconds=planned.every))
        self._scheduler.add_job(run, every, id=planned.name, name=planned.name, **first)

    async def _run(self, planned: _Planned) -> None:
        if planned.running and not planned.running.done():
            return  # of a scheduler before this one
        planned.running = asyncio.current_task()
        planned.seen_at = self._monotonic()
        time_limit = asyncio.timeout(planned.limit.total_seconds())
        try:
            async with time_limit:
                await planned.one_round()
        except Exception:
            if time_limit.expired():
                logger.warning("a round took too long and was ended", extra={"round": planned.name})
            elif not planned.failed:
                planned.failed = True
                logger.exception("a round failed", extra={"round": planned.name})
        else:
            if planned.failed:
                logger.info("a round goes well again", extra={"round": planned.name})
            planned.failed = False
        finally:
            planned.seen_at = self._monotonic()
            planned.running = None

    def _running(self) -> set[asyncio.Task[None]]:
        return {one.running for one in self._rounds.values() if one.running}

    def _is_silent(self, planned: _Planned) -> bool:
        patience = SILENT_INTERVALS * planned.every + planned.limit.total_seconds() * (planned.running is not None)
        return self._monotonic() - planned.seen_at > patience

    def _forgive_a_pause(self) -> None:
        """Leave out of account the time in which nobody looked: then the whole process stood still."""
        now = self._monotonic()
        paused, self._looked_at = now - self._looked_at, now
        if paused > STEP.total_seconds():
            for planned in self._rounds.values():
                planned.seen_at += paused

    def _wall_ahead(self) -> timedelta:
        return timedelta(seconds=self._wall().timestamp() - self._monotonic())

    def _follow_the_clock(self) -> None:
        """After a step back, move all that is planned back too; after one forward, what is due now runs once."""
        moved = self._wall_ahead() - self._ahead
        if abs(moved) <= STEP:
            return
        self._ahead += moved
        logger.warning("the clock of this machine was set", extra={"seconds": round(moved.total_seconds())})
        jobs: list[Job] = self._scheduler.get_jobs()
        for job in jobs:
            if moved < timedelta() and job.next_run_time:
                job.modify(next_run_time=job.next_run_time + moved)
        self._scheduler.wakeup()

    def _begin_anew(self, late: tuple[str, ...]) -> None:
        logger.error("rounds did not come, so the scheduler is built anew", extra={"rounds": list(late)})
        for task in self._running():
            task.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._scheduler = _scheduler()
        for planned in self._rounds.values():
            planned.seen_at = self._monotonic()
            self._plan(planned, at_once=planned.name in late)
        self._scheduler.start()


def _scheduler() -> AsyncIOScheduler:
    # A late run is made up for by exactly one; a run that is still going is not started twice.
    defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    return AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
