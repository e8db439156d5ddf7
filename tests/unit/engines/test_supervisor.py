"""Loops have an owner: what ends or falls silent is begun anew, and health says so until it is well."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.engines.supervisor import SILENT_INTERVALS, WELL_AFTER, Beat, Supervisor

EVERY = timedelta(seconds=5)


class Passing:
    """A monotonic clock that is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Loop:
    """A loop that counts its lives, and lives on, ends, fails or hangs."""

    def __init__(self, *ends: Exception | None) -> None:
        self.lives = 0
        self.ended = 0
        self._ends = list(ends)
        self.beat: Beat = lambda: None

    async def run(self, beat: Beat) -> None:
        self.lives += 1
        self.beat = beat
        if self._ends:
            if error := self._ends.pop(0):
                raise error
            return
        try:
            await asyncio.Event().wait()
        finally:
            self.ended += 1


@pytest.fixture
def passing() -> Passing:
    return Passing()


@pytest.fixture
async def supervisor(passing: Passing) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(monotonic=passing)
    yield supervisor
    await supervisor.stop()


async def passes(supervisor: Supervisor, passing: Passing, seconds: float, *alive: Loop) -> None:
    """Let time pass second by second, looked after all the while; those alive have their turns."""
    for _ in range(round(seconds)):
        passing.seconds += 1
        for loop in alive:
            loop.beat()
        supervisor.look()
        await asyncio.sleep(0)


@pytest.mark.promise("R38")
async def test_a_loop_that_is_silent_for_three_intervals_is_begun_anew(
    supervisor: Supervisor, passing: Passing
) -> None:
    silent, lively = Loop(), Loop()
    supervisor.keep("outbox", silent.run, every=EVERY)
    supervisor.keep("other", lively.run, every=EVERY)
    await asyncio.sleep(0)

    await passes(supervisor, passing, SILENT_INTERVALS * EVERY.seconds, lively)
    before = silent.lives
    await passes(supervisor, passing, 2, lively)

    assert (before, silent.lives, silent.ended, lively.lives) == (1, 2, 1, 1)


@pytest.mark.promise("R38")
async def test_health_is_red_from_then_on_until_it_has_been_well_for_a_while(
    supervisor: Supervisor, passing: Passing
) -> None:
    loop = Loop()
    supervisor.keep("outbox", loop.run, every=EVERY)
    await asyncio.sleep(0)
    before = supervisor.red()

    await passes(supervisor, passing, SILENT_INTERVALS * EVERY.seconds + 1)
    then = supervisor.red()
    await passes(supervisor, passing, WELL_AFTER * EVERY.seconds, loop)

    assert (before, then, supervisor.red()) == ((), ("outbox",), ())


@pytest.mark.promise("R39")
@pytest.mark.parametrize("end", [ZeroDivisionError("unforeseen"), None])
async def test_a_loop_that_ends_is_begun_anew_and_why_it_failed_is_in_the_log(
    supervisor: Supervisor, passing: Passing, caplog: pytest.LogCaptureFixture, end: Exception | None
) -> None:
    loop = Loop(end)
    supervisor.keep("outbox", loop.run, every=EVERY)
    await asyncio.sleep(0)

    await passes(supervisor, passing, EVERY.seconds + 1, loop)

    assert loop.lives == 2
    assert supervisor.red() == ("outbox",)
    assert ("unforeseen" in caplog.text) is (end is not None)


@pytest.mark.promise("R39")
async def test_a_loop_that_fails_at_once_is_not_begun_without_pause(supervisor: Supervisor, passing: Passing) -> None:
    loop = Loop(*[ZeroDivisionError("again")] * 100)
    supervisor.keep("outbox", loop.run, every=EVERY)

    await passes(supervisor, passing, 60)

    assert 10 <= loop.lives <= 13


@pytest.mark.promise("R38")
async def test_when_the_whole_process_stood_still_no_loop_is_to_blame(supervisor: Supervisor, passing: Passing) -> None:
    loop = Loop()
    supervisor.keep("outbox", loop.run, every=EVERY)
    await asyncio.sleep(0)

    passing.seconds += 7200
    supervisor.look()

    assert (loop.lives, supervisor.red()) == (1, ())


@pytest.mark.promise("R38")
async def test_rounds_that_were_silent_turn_health_red_for_a_while(passing: Passing) -> None:
    late = [("sweep",), ()]
    supervisor = Supervisor(look_after_rounds=lambda: late.pop(0) if late else (), monotonic=passing)

    supervisor.look()
    then = supervisor.red()
    await passes(supervisor, passing, 181)

    assert (then, supervisor.red()) == (("sweep",), ())


@pytest.mark.promise("R39")
async def test_a_fault_in_looking_after_the_rounds_ends_nothing(
    passing: Passing, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> tuple[str, ...]:
        raise ZeroDivisionError("unforeseen")

    supervisor = Supervisor(look_after_rounds=fails, monotonic=passing)

    with caplog.at_level(logging.ERROR):
        supervisor.look()

    assert supervisor.red() == ("rounds",)
    assert "unforeseen" in caplog.text


async def test_watching_ends_when_it_is_asked_to_and_the_loops_with_it(passing: Passing) -> None:
    supervisor, loop, stop = (
        Supervisor(monotonic=passing, look_every=timedelta(milliseconds=1)),
        Loop(),
        asyncio.Event(),
    )
    supervisor.keep("outbox", loop.run, every=EVERY)
    asyncio.get_running_loop().call_later(0.02, stop.set)

    await supervisor.watch(stop)
    await supervisor.stop()

    assert loop.ended == 1
