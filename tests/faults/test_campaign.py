"""A campaign that is stopped goes on where it was, with what it was done with."""

from dataclasses import asdict
from pathlib import Path

from tests.faults.check import Verdict
from tests.soak.histories import live
from tests.soak.memory import Memory


def test_what_was_done_is_known_to_the_next_run_and_a_torn_line_is_not(tmp_path: Path) -> None:
    verdict = live("kill", "out.marked", 1)
    Memory("histories", tmp_path).keep("kill/out.marked/1", asdict(verdict))
    (file,) = tmp_path.iterdir()
    with file.open("a") as torn:
        torn.write('{"name": "kill/out.cl')

    known = Memory("histories", tmp_path).known()

    assert {name: Verdict(**found) for name, found in known.items()} == {"kill/out.marked/1": verdict}
