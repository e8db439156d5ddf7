"""Somebody sets this machine's clock: the rounds come as before, by the time that passes."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from apscheduler.schedulers import base

from bot.engines.local import LocalEngine

EVERY = 0.02
LONG = timedelta(minutes=1)


class Wall:
    """The wall clock as APScheduler and the engine see it; it can be set."""

    def __init__(self) -> None:
        self.set_by = timedelta()

    def now(self, zone: tzinfo | None = None) -> datetime:
        return datetime.now(zone or UTC) + self.set_by


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    wall = Wall()
    monkeypatch.setattr(base, "datetime", wall)
    return wall


class Rounds:
    """Rounds that are counted."""

    def __init__(self) -> None:
        self.count = 0
        self._came = asyncio.Event()

    async def one(self) -> None:
        self.count += 1
        self._came.set()

    async def come(self, times: int) -> None:
        """Wait for so many more."""
        for _ in range(times):
            self._came.clear()
            async with asyncio.timeout(10):
                await self._came.wait()


@pytest.fixture
async def engine(wall: Wall) -> AsyncIterator[LocalEngine]:
    engine = LocalEngine(wall=wall.now)
    yield engine
    await engine.stop(timedelta())


@pytest.mark.promise("R36")
@pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(hours=1), timedelta(days=-1), timedelta(days=1)])
async def test_after_a_step_the_rounds_come_on(engine: LocalEngine, wall: Wall, step: timedelta) -> None:
    rounds = Rounds()
    engine.every(EVERY, "sweep", rounds.one, limit=LONG)
    engine.start()
    await rounds.come(2)

    wall.set_by += step
    engine.look_after()
    await rounds.come(3)

    wall.set_by -= step
    engine.look_after()
    await rounds.come(3)


@pytest.mark.promise("R36")
async def test_without_looking_after_them_a_step_back_would_silence_them(engine: LocalEngine, wall: Wall) -> None:
    rounds = Rounds()
    engine.every(EVERY, "sweep", rounds.one, limit=LONG)
    engine.start()
    await rounds.come(2)

    wall.set_by -= timedelta(hours=1)
    await asyncio.sleep(2 * EVERY)
    before = rounds.count
    await asyncio.sleep(5 * EVERY)

    assert rounds.count == before


@pytest.mark.promise("R36")
async def test_a_day_that_is_skipped_is_one_round_and_not_as_many_as_fit_in_it(engine: LocalEngine, wall: Wall) -> None:
    rounds = Rounds()
    engine.every(60, "sweep", rounds.one, limit=LONG)
    engine.start()

    wall.set_by += timedelta(days=1)
    engine.look_after()
    await rounds.come(1)
    for _ in range(50):
        await asyncio.sleep(0)

    assert rounds.count == 1


@pytest.mark.promise("R36")
async def test_a_step_is_said_once_and_the_drift_of_an_honest_clock_is_not(
    engine: LocalEngine, wall: Wall, caplog: pytest.LogCaptureFixture
) -> None:
    engine.every(60, "sweep", Rounds().one, limit=LONG)
    engine.start()

    with caplog.at_level(logging.WARNING, logger="bot.engines.local"):
        for seconds in (2, -2, -3600, 0, 0):
            wall.set_by += timedelta(seconds=seconds)
            engine.look_after()

    assert [record.msg for record in caplog.records] == ["the clock of this machine was set"]


# ── a scheduler that no longer works ──────────────────────────────────────────────────────────────────────────────────


class Passing:
    """A monotonic clock that is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.promise("R38")
async def test_rounds_that_do_not_come_get_a_new_scheduler(caplog: pytest.LogCaptureFixture) -> None:
    passing, rounds = Passing(), Rounds()
    engine = LocalEngine(monotonic=passing)
    engine.every(60, "sweep", rounds.one, limit=LONG)
    engine.start()
    engine._scheduler.pause()  # noqa: SLF001 - it is dead, and says nothing of it

    late = []
    for _ in range(61):
        passing.seconds += 3
        late.append(engine.look_after())
    await rounds.come(1)
    await engine.stop(timedelta())

    assert [one for one in late if one] == [("sweep",)]
    assert "rounds did not come" in caplog.text


@pytest.mark.promise("R38")
async def test_when_the_whole_process_stood_still_no_round_is_to_blame() -> None:
    passing, rounds = Passing(), Rounds()
    engine = LocalEngine(monotonic=passing)
    engine.every(60, "sweep", rounds.one, limit=LONG)
    engine.start()

    passing.seconds += 7200
    late = engine.look_after()
    await engine.stop(timedelta())

    assert late == ()
