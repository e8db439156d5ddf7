"""Every kind of fault at every crash point, with many seeds each: histories in virtual time, side by side."""

import multiprocessing
import os
import shlex
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from dataclasses import asdict

from tests.faults.check import Verdict
from tests.faults.history import play
from tests.faults.kinds import KINDS
from tests.faults.points import NAMES
from tests.soak.memory import Memory

NOTES_SHOWN = 3


def live_all(seeds: int, workers: int, told: Callable[[int, int], None]) -> dict[str, Verdict]:
    """Live every history that was not lived yet; return what came of all of them, by kind of fault."""
    memory = Memory("histories")
    cells = [(kind, point, seeds) for kind in KINDS for point in NAMES]
    done = {name: Verdict(**found) for name, found in memory.known().items()}
    os.environ["PYTHONHASHSEED"] = "0"  # for those that are started now: the order of sets is luck too
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        waiting = {pool.submit(live, *cell): _name(*cell) for cell in cells if _name(*cell) not in done}
        try:
            for finished in as_completed(waiting):
                name = waiting[finished]
                done[name] = finished.result()
                memory.keep(name, asdict(done[name]))
                told(len(done), len(cells))
        except BaseException:
            _give_up(pool)
            raise
    by_kind: dict[str, Verdict] = {}
    for cell in cells:
        by_kind.setdefault(cell[0], Verdict()).add(done[_name(*cell)])
    return by_kind


def live(kind: str, point: str, seeds: int) -> Verdict:
    """Live the histories of one cell."""
    whole = Verdict()
    for seed in range(seeds):
        verdict = play(kind, point, seed)
        if not verdict.faultless:
            again = shlex.join(["python", "-m", "tests.faults.history", kind, point, str(seed)])
            verdict.notes = [f"{again}  brings it back", *verdict.notes[:NOTES_SHOWN]]
        whole.add(verdict)
    return whole


def _name(kind: str, point: str, seeds: int) -> str:
    return f"{kind}/{point}/{seeds}"


def _give_up(pool: Executor) -> None:
    pool.shutdown(wait=False, cancel_futures=True)
