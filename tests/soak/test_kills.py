"""Fifty kills, by each way in: every change is told, and none twice."""

from pathlib import Path

import pytest
from rich.console import Console

from tests.e2e.ground import Ground
from tests.e2e.killing import Killing, seed_of_this_run


@pytest.mark.parametrize("by", ["socket", "http"])
async def test_every_change_is_told_once_although_the_bot_is_killed_fifty_times(tmp_path: Path, by: str) -> None:
    seed = seed_of_this_run()
    stage = Ground(tmp_path, by=by)

    try:
        tally = await Killing(stage, seed=seed, kills=50).run()
    finally:
        await stage.stop()

    Console(soft_wrap=True).print(f"\n{tally}", markup=False, highlight=False)
    assert tally.faultless, f"WAYBILL_SEED={seed} brings it back:\n  {tally}"
    assert tally.told == tally.changes > 0, tally
