"""Memory over a day of rounds: what it is after two hours, and at the end.

The figure is printed, not judged.
"""

import asyncio
import json
import sys
from pathlib import Path

from bot.providers.trackingmore.transport import MEBIBYTE
from tests.benchmarks.day import A_DAY, PARCELS
from tests.benchmarks.table import Figures

WARM_AFTER = 2  # hours


async def test_the_memory_of_a_day(tmp_path: Path, figures: Figures) -> None:
    command = (sys.executable, "-m", "tests.benchmarks.day", str(tmp_path / "data"))
    said = b""
    for _ in ("the store is filled", "the day"):
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        said, _ = await process.communicate()
        assert process.returncode == 0

    took = [size / MEBIBYTE for size in json.loads(said)]
    warm, end = took[WARM_AFTER - 1], took[-1]
    figures.line(
        f"memory over 24 virtual hours, {PARCELS:,} parcels, {A_DAY} rounds: growth",
        100 * (end / warm - 1),
        measured=f"{end:.1f} MiB at the end, at most {max(took):.1f}",
        floor=f"{warm:.1f} MiB after two hours",
        must=5,
        reach=1,
        unit=" %",
    )
    assert len(took) == 24
