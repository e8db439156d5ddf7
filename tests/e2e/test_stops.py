"""Asked to stop, the bot finishes what it began and leaves the rest for its next start; and it is never two."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.app import DRAIN
from bot.cli import STORE_TAKEN
from tests.e2e.ground import Ground, Trap
from tests.e2e.stage import ORDERS, until


@pytest_asyncio.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    """Return a stage whose bot runs, with a channel that hears everything."""
    ground = Ground(tmp_path, by="http")
    await ground.start()
    await ground.types("/track subscribe everything")
    yield ground
    await ground.stop()


@pytest.mark.promise("R6")
async def test_what_was_under_way_when_it_was_asked_to_stop_is_told_once(ground: Ground) -> None:
    numbers = [ground.prints() for _ in range(3)]
    await ground.types(f"/track add {' '.join(numbers)}")
    await until(lambda: all_told(ground))
    for number in numbers:
        ground.scan(number)
    assert ground.bot

    ground.wire.trap = trap = Trap(path="/chat.postMessage", act=ground.bot.terminate, answers_after=2.5)
    late = ground.prints()
    acknowledged = await ground.types(f"/track add {late}")
    await asyncio.wait_for(trap.sprung.wait(), 10)
    began = time.monotonic()
    code = await ground.bot.wait()
    took = time.monotonic() - began
    doubtful = [row for row in ground.untold() if row["progress"] == "sending"]
    await ground.start_bot()
    await until(lambda: all_told(ground))

    assert (code, doubtful) == (0, [])
    assert took < DRAIN.total_seconds()
    assert acknowledged["delivery"]["failed"] is None
    assert [[line.newest for line in ground.lines(ORDERS, number)] for number in numbers] == [[1], [1], [1]]
    assert [len(cards) for cards in ground.cards(ORDERS).values()] == [1, 1, 1, 1]
    assert ground.charged() == 4


async def all_told(ground: Ground) -> bool:
    """Return whether the bot has done and told everything."""
    told = all(ground.told(ORDERS, number) == scans for number, scans in ground.scans.items() if scans)
    shown = set(ground.cards(ORDERS)) == set(ground.scans)
    return told and shown and not ground.untold() and not ground.undone()


class Hasty(Ground):
    """A stage whose bot gets three seconds when it is asked to stop."""

    module = "tests.faults.bot"

    def environment(self) -> dict[str, str]:
        """Return the bot's environment."""
        return {**super().environment(), "DRAIN": "3"}


@pytest.mark.promise("R6")
async def test_a_provider_that_hangs_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    ground = Hasty(tmp_path, by="http")
    await ground.start()
    ground.world.trackingmore.faults.hang = True
    await ground.types(f"/track add {ground.prints()}")
    began = time.monotonic()

    code = await ground.stop_bot()
    took = time.monotonic() - began

    ground.world.trackingmore.faults.hang = False
    await ground.stop()
    assert code == 0
    assert took < DRAIN.total_seconds() == 10
    assert len(ground.undone()) == 1  # acknowledged, so it is for the next start to do


@pytest.mark.promise("R6")
async def test_asked_a_second_time_it_stops_at_once_and_what_was_acknowledged_stays(ground: Ground) -> None:
    ground.world.trackingmore.faults.hang = True
    await ground.types(f"/track add {ground.prints()}")
    assert ground.bot
    ground.bot.terminate()
    await asyncio.sleep(0.5)
    still_runs = ground.bot.returncode is None
    began = time.monotonic()

    ground.bot.terminate()
    code = await ground.bot.wait()

    ground.world.trackingmore.faults.hang = False
    assert still_runs
    assert (code, len(ground.undone())) == (1, 1)
    assert time.monotonic() - began < 2


async def test_more_bots_on_the_same_data_do_not_start_and_name_the_first_which_tells_all_once(ground: Ground) -> None:
    assert ground.bot
    number = ground.prints()
    await ground.types(f"/track add {number}")

    others = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"), env=ground.environment(), stderr=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    said = [(await asyncio.wait_for(other.communicate(), 20))[1].decode() for other in others]
    await until(lambda: all_told(ground))
    ground.scan(number)
    await until(lambda: all_told(ground))

    assert [other.returncode for other in others] == [STORE_TAKEN] * 3 == [3] * 3
    assert all(f"(process {ground.bot.pid})" in one for one in said)
    assert ground.bot.returncode is None
    assert [line.newest for line in ground.lines(ORDERS, number)] == [1]
    assert len(ground.cards(ORDERS)[number]) == 1
