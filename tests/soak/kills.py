"""The real bot, killed again and again: at any moment, in the middle of its calls, and at each of its crash points."""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

from tests.e2e.killing import LONGEST_WAIT, Killing, Tally
from tests.faults.bot import KILLED
from tests.faults.ground import PointedGround
from tests.faults.points import NAMES
from tests.soak.memory import Memory

A_PLAY = 25
"""Kills in one play; each play begins with an empty store."""
WAYS = ("socket", "http")
STOPS = "stop.draining"
PASSES = {"store.tmp_written", "store.renamed", "journal.compacted"}
"""Passed when the bot stops as it is asked to: all is written anew then."""


class PointedKilling(Killing):
    """A play in which half of the kills come at a crash point, by the bot's own hand."""

    stage: PointedGround

    def _moments(self) -> Sequence[str]:
        luck = self._luck["killer"]
        others = super()._moments()
        points = [NAMES[(at + self.tally.seed) % len(NAMES)] for at in range(len(others))]
        return [luck.choice(pair) for pair in zip(others, points, strict=True)]

    async def _kill_when(self, moment: str) -> None:
        if moment not in NAMES:
            await super()._kill_when(moment)
            return
        luck, stage = self._luck["killer"], self.stage
        await asyncio.sleep(luck.uniform(0, 0.5))
        await stage.stop_bot()
        count = 1 if moment == STOPS or moment in PASSES else luck.choice((1, 1, 2))
        stage.crash = f"{moment}:{count}:kill"
        with contextlib.suppress(AssertionError, TimeoutError):  # it may die before it can be reached
            await stage.start_bot()
        stage.crash = ""
        assert stage.bot
        self._typing = [asyncio.create_task(self._types_something(adds=moment.startswith("api.")))]
        try:
            if moment == STOPS or moment in PASSES:
                await asyncio.wait(self._typing)
                if stage.bot.returncode is None:
                    stage.bot.terminate()
            code = await asyncio.wait_for(stage.bot.wait(), LONGEST_WAIT)
        except TimeoutError:
            code = None
        if stage.bot.returncode is None:
            await stage.kill()
        self.tally.kills += 1
        self.tally.moments[moment if code == KILLED else f"{moment} (not reached)"] += 1


def kill_all(kills: int, workers: int, told: Callable[[int, int], None]) -> Tally:
    """Play until so many kills are done; return what came of all plays."""
    memory = Memory("kills")
    plays = [(WAYS[number % 2], number) for number in range(-(-kills // A_PLAY))]
    done = {name: _tally(found) for name, found in memory.known().items()}

    async def play_all() -> None:
        room = asyncio.Semaphore(workers)

        async def one(by: str, seed: int) -> None:
            name = f"{by}/{seed}"
            if name not in done:
                async with room:
                    done[name] = await play(by, seed)
                memory.keep(name, vars(done[name]))
            told(len(done), len(plays))

        async with asyncio.TaskGroup() as group:
            for by, seed in plays:
                group.create_task(one(by, seed))

    asyncio.run(play_all())
    whole = Tally(seed=0, by="both")
    for by, seed in plays:
        _add(whole, done[f"{by}/{seed}"])
    return whole


async def play(by: str, seed: int, kills: int = A_PLAY) -> Tally:
    """Play once; what was wrong is noted with how to play it again."""
    with tempfile.TemporaryDirectory() as folder:
        stage = PointedGround(Path(folder), by=by)
        try:
            tally = await PointedKilling(stage, seed=seed, kills=kills).run()
        finally:
            await stage.stop()
    if not tally.faultless:
        tally.notes.insert(0, f"python -m tests.soak --play {by}:{seed}  plays it again")
    return tally


def _tally(found: object) -> Tally:
    assert isinstance(found, dict)
    tally = Tally(**found)
    tally.moments = type(Tally(seed=0).moments)(tally.moments)
    return tally


def _add(whole: Tally, one: Tally) -> None:
    for part in fields(whole):
        if part.name not in {"seed", "by"}:
            setattr(whole, part.name, getattr(whole, part.name) + getattr(one, part.name))
