"""Rounds on one machine: none is forgotten, none runs beside itself, none stops the next."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.engines import local
from bot.engines.local import LocalEngine

SOON = 0.001
RARELY = 3600.0
LONG = timedelta(minutes=1)
AT_ONCE = timedelta(milliseconds=1)


class ThreeHoursAgo:
    """A clock for what is first due long before the engine starts."""

    @staticmethod
    def now(zone: object) -> datetime:
        return datetime.now(UTC) - timedelta(hours=3, minutes=1)


@pytest.fixture
async def engine() -> AsyncIterator[LocalEngine]:
    engine = LocalEngine()
    yield engine
    await engine.stop(timedelta())


@pytest.mark.promise("R38")
async def test_a_late_run_is_made_up_for_by_exactly_one(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []
    ran = asyncio.Event()

    async def sweep() -> None:
        runs.append("sweep")
        ran.set()

    monkeypatch.setattr(local, "datetime", ThreeHoursAgo)
    engine.every(RARELY, "sweep", sweep, limit=LONG, at_once=True)
    engine.start()
    await ran.wait()

    assert runs == ["sweep"]


@pytest.mark.promise("R39")
@pytest.mark.parametrize("error", [ZeroDivisionError("unforeseen"), TimeoutError("of its own")])
async def test_a_round_that_fails_is_logged_and_comes_again(
    engine: LocalEngine, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    runs: list[str] = []
    again = asyncio.Event()

    async def sweep() -> None:
        runs.append("sweep")
        if len(runs) == 1:
            raise error
        again.set()

    engine.every(SOON, "sweep", sweep, limit=LONG, at_once=True)
    engine.start()
    await again.wait()

    [said] = [record for record in caplog.records if record.name == local.logger.name]
    assert (said.message, vars(said)["round"], said.levelno) == ("a round failed", "sweep", logging.ERROR)
    assert said.exc_info


@pytest.mark.promise("R38")
async def test_a_round_that_hangs_is_ended_and_comes_again(
    engine: LocalEngine, caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[str] = []
    again = asyncio.Event()

    async def sweep() -> None:
        if ended:
            again.set()
            return
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("sweep")

    engine.every(SOON, "sweep", sweep, limit=AT_ONCE, at_once=True)
    engine.start()
    await again.wait()

    said = [record for record in caplog.records if record.name == local.logger.name]
    assert ("a round took too long and was ended", "sweep") in [(one.message, vars(one)["round"]) for one in said]
    assert ended == ["sweep"]


async def test_a_round_that_is_still_going_is_not_started_twice_and_holds_up_no_other(engine: LocalEngine) -> None:
    begun: list[str] = []
    told: list[str] = []
    enough = asyncio.Event()
    go_on = asyncio.Event()

    async def sweep() -> None:
        begun.append("sweep")
        await go_on.wait()

    async def tell() -> None:
        told.append("tell")
        if len(told) == 10:
            enough.set()

    engine.every(SOON, "sweep", sweep, limit=LONG, at_once=True)
    engine.every(SOON, "tell", tell, limit=LONG)
    engine.start()
    await enough.wait()

    assert begun == ["sweep"]
    go_on.set()


async def test_stopping_lets_a_round_finish() -> None:
    engine = LocalEngine()
    begun, go_on = asyncio.Event(), asyncio.Event()
    finished: list[str] = []

    async def sweep() -> None:
        begun.set()
        await go_on.wait()
        finished.append("sweep")

    engine.every(RARELY, "sweep", sweep, limit=LONG, at_once=True)
    engine.start()
    await begun.wait()

    stopping = asyncio.create_task(engine.stop(LONG))
    asyncio.get_running_loop().call_soon(go_on.set)
    await stopping

    assert finished == ["sweep"]


async def test_stopping_waits_no_longer_than_it_may() -> None:
    engine = LocalEngine()
    begun, ended = asyncio.Event(), asyncio.Event()

    async def sweep() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    engine.every(RARELY, "sweep", sweep, limit=LONG, at_once=True)
    engine.start()
    await begun.wait()

    await engine.stop(timedelta())

    await ended.wait()


async def test_a_round_waits_for_its_interval_unless_it_is_wanted_at_once(engine: LocalEngine) -> None:
    runs: list[str] = []
    ran = asyncio.Event()

    async def later() -> None:
        runs.append("later")

    async def now() -> None:
        runs.append("now")
        ran.set()

    engine.every(RARELY, "later", later, limit=LONG)
    engine.every(RARELY, "now", now, limit=LONG, at_once=True)
    engine.start()
    await ran.wait()

    assert runs == ["now"]
