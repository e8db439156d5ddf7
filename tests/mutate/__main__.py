"""`make mutate`: break the parts that must not fail, one small way at a time, and count what their tests notice.

Each part is mutated by mutmut in a copy of its own under build/mutate, with the tests of that part alone; what is done
is remembered there, so a stopped run goes on. `ARGS="--only guard"` does one part; `ARGS=--survivors` shows what no
test noticed, as differences.
"""

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

TOP = Path(__file__).parents[2]
WORKSHOP = TOP / "build" / "mutate"
WANTED = 0.85
"""The share of mutants that must be noticed."""
HANGS_AFTER = 5
"""Seconds until a test that a mutant has go on for ever counts as failed; mutmut alone would wait for a minute."""
SURVIVED, NOT_REACHED, STOPPED = {0}, {5, 33}, {2, None}
"""What mutmut writes down: no test failed, no test came by, not tried yet. All else is a test that noticed."""
console = Console(soft_wrap=True, highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the code, and the tests that are for it; both are patterns of paths."""

    code: tuple[str, ...]
    tests: tuple[str, ...]


PARTS: Mapping[str, Part] = {
    "guard": Part(
        code=("bot/web/*.py",),
        tests=("tests/unit/test_web*.py", "tests/unit/web/test_*.py", "tests/unit/test_found_by_fuzzing.py"),
    ),
    "renderer": Part(code=("bot/slack/blocks.py",), tests=("tests/unit/slack/test_blocks.py",)),
    "outbox": Part(
        code=tuple(
            f"bot/services/{name}.py"
            for name in ("outbox", "telling", "batches", "setbacks", "standing", "pacing", "buckets")
        ),
        tests=(
            *(f"tests/unit/services/test_{name}*.py" for name in ("outbox", "telling", "batches", "setbacks")),
            *("tests/unit/services/test_buckets*.py", "tests/unit/services/test_time_steps.py"),
        ),
    ),
    "store": Part(
        code=("bot/stores/*.py", "bot/stores/tinydb/*.py"),
        tests=("tests/unit/stores/test_*.py", "tests/contract/test_store.py", "tests/contract/stores/test_*.py"),
    ),
}


def main() -> int:
    """Run the parts asked for; return 1 when one has too few mutants noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; may be given again")
    parser.add_argument("--workers", type=int, default=2, help="how many processes")
    parser.add_argument("--survivors", action="store_true", help="show what no test noticed, and run nothing")
    options = parser.parse_args()
    names = options.only or list(PARTS)
    if options.survivors:
        for name in names:
            _show(WORKSHOP / name)
        return 0
    table = Table("part", "mutants", "noticed", "survived", "no test came by", "not tried", "score")
    scores = []
    for name in names:
        with console.status(f"mutating the {name}"):
            _mutate(name, PARTS[name], options.workers)
        counts = Counter(_fate(code) for _, code in _outcomes(WORKSHOP / name))
        tried = counts.total() - counts["stopped"]
        scores.append(counts["noticed"] / tried if tried else 0.0)
        shown = [counts[fate] for fate in ("noticed", "survived", "not reached", "stopped")]
        table.add_row(name, f"{counts.total():,}", *(f"{one:,}" for one in shown), f"{scores[-1]:.1%}")
    console.print(table)
    return 0 if min(scores) >= WANTED else 1


def _mutate(name: str, part: Part, workers: int) -> None:
    """Run mutmut over a part, in a fresh copy of the sources; its own memory beside them stays."""
    shop = WORKSHOP / name
    shop.mkdir(parents=True, exist_ok=True)
    for folder in ("bot", "tests", "docs"):
        shutil.rmtree(shop / folder, ignore_errors=True)
        shutil.copytree(TOP / folder, shop / folder, ignore=shutil.ignore_patterns("__pycache__", "pictures"))
    for path in TOP.iterdir():
        if path.is_file():
            shutil.copy(path, shop)
    if lost := [pattern for pattern in part.code if not any(shop.glob(pattern))]:
        raise SystemExit(f"There is no {', '.join(lost)} any more: mend PARTS in tests/mutate/__main__.py.")
    tests = sorted(path.relative_to(shop).as_posix() for pattern in part.tests for path in shop.glob(pattern))
    settings = {
        "source_paths": ["bot"],
        "only_mutate": list(part.code),
        "also_copy": [path.name for path in TOP.iterdir() if path.is_file()],
        "pytest_add_cli_args": ["-p", "no:randomly", "-p", "no:cacheprovider", "-n", "0", f"--timeout={HANGS_AFTER}"],
        "pytest_add_cli_args_test_selection": tests,
        "use_git_change_detection": False,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    project = (TOP / "pyproject.toml").read_text() + "\n".join(["\n[tool.mutmut]", *lines, ""])
    (shop / "pyproject.toml").write_text(project)
    with (shop / "mutmut.log").open("w") as log:
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(workers)]
        ended = subprocess.run(command, cwd=shop, stdout=log, stderr=log, check=False)
    if not any(True for _ in _outcomes(shop)) or ended.returncode not in {0, 1}:
        raise SystemExit(f"mutmut could not do the {name}: {shop / 'mutmut.log'} says why.")


def _outcomes(shop: Path) -> Iterator[tuple[str, int | None]]:
    """Yield each mutant's name and what mutmut wrote down of it."""
    for path in sorted((shop / "mutants").rglob("*.meta")):
        with contextlib.suppress(ValueError):
            yield from json.loads(path.read_text())["exit_code_by_key"].items()


def _fate(code: int | None) -> str:
    if code in STOPPED:
        return "stopped"
    return "survived" if code in SURVIVED else "not reached" if code in NOT_REACHED else "noticed"


def _show(shop: Path) -> None:
    for name, code in _outcomes(shop):
        if _fate(code) in {"survived", "not reached"}:
            shown = subprocess.run(
                [sys.executable, "-m", "mutmut", "show", name], cwd=shop, capture_output=True, text=True, check=False
            )
            console.print(shown.stdout, markup=False)


if __name__ == "__main__":
    sys.exit(main())
