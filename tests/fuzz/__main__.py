"""`make fuzz N=1000000`: feed that many inputs in, and print what became of them.

A run that is stopped goes on where it was: what is done stands in test-results/fuzz.json. `--replay parser:123` feeds
in one input again, with its traceback; the inputs are the same on every machine.
"""

import argparse
import asyncio
import logging
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.fuzz.campaign import Campaign, make
from tests.fuzz.targets import SHARES, TARGETS

MEMORY = Path(__file__).parents[2] / "test-results" / "fuzz.json"
console = Console(soft_wrap=True, highlight=False)


def main() -> int:
    """Run a campaign, or one input; return 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="how many in all")
    parser.add_argument("--workers", type=int, default=2, help="how many processes")
    parser.add_argument("--memory", type=Path, default=MEMORY, help="where a stopped run is remembered")
    parser.add_argument("--only", action="append", choices=TARGETS, help="only this target; may be given again")
    parser.add_argument("--replay", metavar="TARGET:NUMBER", help="feed in one input again")
    options = parser.parse_args()
    if options.replay:
        return _replay(*options.replay.split(":"))
    names = options.only or list(TARGETS)
    campaign = Campaign(
        targets={name: TARGETS[name] for name in names},
        shares=SHARES,
        inputs=options.inputs,
        memory=options.memory,
    )
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.workers, spawning) as pool, console.status("fuzzing") as status:
        campaign.run(pool, lambda so_far: status.update(f"{_tried(so_far):,} of {options.inputs:,} inputs"))
    _print(campaign)
    return 1 if any(tally.failed for tally in campaign.tallies.values()) else 0


def _tried(campaign: Campaign) -> int:
    return sum(tally.tried for tally in campaign.tallies.values())


def _print(campaign: Campaign) -> None:
    table = Table("target", "inputs", "refused in words", "unhandled errors", "inputs a second and core")
    rows = [(name, campaign.tallies[name]) for name in campaign.targets if name in campaign.tallies]
    for name, tally in rows:
        pace = round(tally.tried / tally.seconds) if tally.seconds else 0
        table.add_row(name, f"{tally.tried:,}", f"{tally.refused:,}", f"{tally.failed:,}", f"{pace:,}")
    table.add_section()
    sums = [sum(getattr(tally, what) for _, tally in rows) for what in ("tried", "refused", "failed")]
    table.add_row("all", *(f"{one:,}" for one in sums))
    console.print(table)
    for _, tally in rows:
        for finding in tally.findings:
            console.print(str(finding), markup=False)


def _replay(name: str, number: str) -> int:
    target = TARGETS[name]()
    given = make(name, target, int(number))
    console.print(repr(given), markup=False)
    logging.basicConfig(level=logging.DEBUG)
    asyncio.run(target.run(given))
    return 0


if __name__ == "__main__":
    sys.exit(main())
