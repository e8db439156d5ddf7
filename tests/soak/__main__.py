"""`make soak SEEDS=20 KILLS=500`: all histories and all kills, and one table of what came of them.

A run that is stopped goes on where it was: what is done stands in build/soak.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from dataclasses import fields

from rich.console import Console
from rich.table import Table

from tests.e2e.killing import Tally
from tests.faults.check import Verdict
from tests.faults.kinds import KINDS
from tests.faults.points import NAMES
from tests.soak.histories import live_all
from tests.soak.kills import kill_all, play
from tests.soak.memory import FOLDER, ROOT

FUZZED = ROOT / "test-results" / "fuzz.json"
NOTES = 40
console = Console(soft_wrap=True, highlight=False, width=140)


def main() -> int:
    """Run the campaign, or one play of it; return 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="histories of each kind of fault at each point")
    parser.add_argument("--kills", type=int, default=500, help="kills of the real bot")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="how many processes side by side")
    parser.add_argument("--play", metavar="WAY:SEED", help="only this play of kills")
    options = parser.parse_args()
    if options.play:
        by, seed = options.play.split(":")
        tally = asyncio.run(play(by, int(seed)))
        console.print(str(tally), markup=False)
        return not tally.faultless
    began = time.monotonic()
    with console.status("histories") as status:
        by_kind = live_all(options.seeds, options.workers, lambda done, of: status.update(f"histories: {done} of {of}"))
    with console.status("kills") as status:
        tally = kill_all(options.kills, options.workers, lambda done, of: status.update(f"plays: {done} of {of}"))
    whole = Verdict()
    for verdict in by_kind.values():
        whole.add(verdict)
    table = _table(by_kind, whole, tally)
    console.print(table)
    console.print(f"{(time.monotonic() - began) / 60:.1f} minutes in this run")
    for note in [*whole.notes, *tally.notes][:NOTES]:
        console.print(f"  {note}", markup=False)
    with (FOLDER / "table.txt").open("w") as file:
        Console(file=file, width=140).print(table)
    return not (whole.faultless and tally.faultless)


def _table(by_kind: dict[str, Verdict], whole: Verdict, tally: Tally) -> Table:
    """Return one line for each kind of fault, one for the kills, and one for what was fuzzed last."""
    table = Table(title=f"{len(KINDS)} kinds of fault x {len(NAMES)} crash points, and real kills")
    names = ("histories", "changes", "acknowledged", "lost", "doubled inside", "doubled outside")
    for name in ("fault", *names, "acknowledged lost", "charged twice", "unhandled", "other"):
        table.add_column(name, justify="left" if name == "fault" else "right", no_wrap=name == "fault")
    for kind, verdict in by_kind.items():
        table.add_row(kind, *_figures(verdict))
    table.add_section()
    table.add_row("all histories", *_figures(whole))
    kills = (tally.kills, tally.changes, tally.commands, tally.lost, 0, tally.doubled + tally.commands_doubled)
    other = tally.cards_missing + tally.cards_doubled + tally.out_of_date
    more = (tally.commands_undone, round(abs(tally.charged_wrongly), 2), 0, other)
    table.add_row("kills of the real bot", *(f"{figure:,}" for figure in (*kills, *more)))
    tried, failed = _fuzzed()
    table.add_row("bad inputs (`make fuzz`)", f"{tried:,}", *[""] * 7, f"{failed:,}", "")
    return table


def _figures(verdict: Verdict) -> list[str]:
    figures = (verdict.histories, verdict.changes, verdict.acknowledged, verdict.lost, verdict.doubled_inside)
    more = (verdict.doubled_outside, verdict.acknowledged_lost, verdict.charged_twice, verdict.unhandled)
    counted = {"lost", "doubled_outside", "acknowledged_lost", "charged_twice", "unhandled"}
    names = [one.name for one in fields(verdict)]
    other = sum(getattr(verdict, name) for name in names[names.index("lost") : -1] if name not in counted)
    return [f"{figure:,}" for figure in (*figures, *more, other)]


def _fuzzed() -> tuple[int, int]:
    """Return how many bad inputs the last `make fuzz` tried, and how many made trouble; none when it never ran."""
    try:
        found = json.loads(FUZZED.read_text())
    except (OSError, ValueError):
        return 0, 0
    tallies = [one for one in _dicts(found) if "tried" in one]
    return sum(one["tried"] for one in tallies), sum(one.get("failed", 0) for one in tallies)


def _dicts(found: object) -> list[dict[str, int]]:
    if isinstance(found, dict):
        return [found, *(one for value in found.values() for one in _dicts(value))]
    return [one for value in found for one in _dicts(value)] if isinstance(found, list) else []


if __name__ == "__main__":
    sys.exit(main())
