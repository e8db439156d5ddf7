"""Killed at any moment and started again, the bot tells every change, and none twice."""

import random
from pathlib import Path

import pytest

from tests.e2e.ground import Ground
from tests.e2e.killing import Killing, seed_of_this_run


@pytest.mark.timeout(180)
async def test_every_change_is_told_once_although_the_bot_is_killed_five_times(tmp_path: Path) -> None:
    seed = seed_of_this_run()
    stage = Ground(tmp_path, by=random.Random(seed).choice(("socket", "http")))

    try:
        tally = await Killing(stage, seed=seed, kills=5).run()
    finally:
        await stage.stop()

    assert tally.faultless, f"WAYBILL_SEED={seed} brings it back:\n  {tally}"
    assert tally.told == tally.changes > 0, tally
