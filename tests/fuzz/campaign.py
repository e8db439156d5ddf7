"""A campaign: many inputs against many targets, in slices that a stopped run need not repeat.

Input `n` of a target is made from a seed that is the target's name and `n`, so a finding is brought back by both.
"""

import asyncio
import json
import logging
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, Protocol

from bot.domain.errors import BotError

SLICE = 1000
TOO_LONG = 2.0
"""Seconds of this process that one input may take."""
SHOWN = 20
"""So many findings of one kind are kept."""
_OURS = "/bot/"
_BORDERS = {"", "web/__init__.py"}
"""What a library logs of itself, or is caught and refused where we hand a request to Bolt, is no finding."""


class Target(Protocol):
    """What is tried, and with what."""

    def make(self, luck: Random) -> Any:  # noqa: ANN401 - each target has inputs of its own kind
        """Return an input."""
        ...

    async def run(self, given: Any) -> None:  # noqa: ANN401 - the same
        """Feed the input in. An error of ours means that it was refused; any other error is a finding."""
        ...


class TooSlow(Exception):
    """An input took longer than any may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An input that was not taken as it should: `kind` is the same for all that fail in the same place."""

    target: str
    number: int
    kind: str
    words: str

    def __str__(self) -> str:
        return f"make fuzz ARGS=--replay={self.target}:{self.number}   {self.kind}: {self.words}"


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of some inputs of a target."""

    target: str
    begin: int = 0
    tried: int = 0
    refused: int = 0
    failed: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count another's inputs in."""
        self.tried += other.tried
        self.refused += other.refused
        self.failed += other.failed
        self.seconds += other.seconds
        for one in other.findings:
            if sum(one.kind == known.kind for known in self.findings) < SHOWN:
                self.findings.append(one)


class _Overheard(logging.Handler):
    """Hears the errors that the code caught itself: they are findings too."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def try_inputs(name: str, target: Target, numbers: Sequence[int]) -> Tally:
    """Feed these inputs in, one after the other."""
    tally = Tally(target=name, begin=numbers[0] if numbers else 0)
    overheard = _Overheard()
    logger = logging.getLogger()
    logger.addHandler(overheard)
    begun = time.perf_counter()
    try:
        with asyncio.Runner() as runner:
            for number in numbers:
                finding = _try(runner, name, target, number, tally, overheard)
                tally.tried += 1
                if finding:
                    tally.failed += 1
                    tally.findings.append(finding)
    finally:
        logger.removeHandler(overheard)
    tally.seconds = time.perf_counter() - begun
    return tally


def make(name: str, target: Target, number: int) -> Any:  # noqa: ANN401 - each target has inputs of its own kind
    """Return an input as the campaign makes it."""
    return target.make(Random(f"{name}:{number}"))


def _try(
    runner: asyncio.Runner, name: str, target: Target, number: int, tally: Tally, overheard: _Overheard
) -> Finding | None:
    overheard.records.clear()
    given = make(name, target, number)
    before = signal.signal(signal.SIGVTALRM, _too_slow)
    signal.setitimer(signal.ITIMER_VIRTUAL, TOO_LONG)
    try:
        runner.run(target.run(given))
    except BotError:
        tally.refused += 1
    except Exception as error:  # noqa: BLE001 - whatever else comes out is what we look for
        return Finding(target=name, number=number, kind=_where(error), words=str(error)[:300])
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    for record in overheard.records:
        caught = record.exc_info[1] if record.exc_info else None
        if caught is not None and _our_line(caught).partition(":")[0] not in _BORDERS:
            return Finding(target=name, number=number, kind=_where(caught), words=f"logged: {caught}"[:300])
    return None


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlow(f"more than {TOO_LONG} s")


def _where(error: BaseException) -> str:
    """Return the error's name and the last line of ours that it came through."""
    at = _our_line(error)
    return f"{type(error).__name__} at {at}" if at else type(error).__name__


def _our_line(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _OURS in frame.filename]
    return f"{frames[-1].filename.rpartition(_OURS)[2]}:{frames[-1].lineno}" if frames else ""


@dataclass(kw_only=True)
class Campaign:
    """A run over all targets. What is done stands in `memory`, so that the next run goes on from there."""

    targets: Mapping[str, Callable[[], Target]]
    shares: Mapping[str, int]
    inputs: int
    memory: Path
    tallies: dict[str, Tally] = field(default_factory=dict)

    def wanted(self, name: str) -> int:
        """Return how many inputs a target gets."""
        return self.inputs * self.shares[name] // sum(self.shares[one] for one in self.targets)

    def run(self, pool: Executor, told: Callable[["Campaign"], None]) -> None:
        """Try what is left, slice by slice; say after each how things stand."""
        done = self._recalled()
        waiting = {pool.submit(_try_slice, *one) for one in self._slices() if one[:2] not in done}
        try:
            for finished in as_completed(waiting):
                tally = finished.result()
                self.tallies.setdefault(tally.target, Tally(target=tally.target)).add(tally)
                done.add((tally.target, tally.begin))
                self._remember(done)
                told(self)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise

    def _slices(self) -> Iterator[tuple[str, int, int]]:
        """Yield the slices of all targets, mixed, so that each has its share of whatever is done."""
        slices = [
            (begin / max(1, self.wanted(name)), name, begin, min(SLICE, self.wanted(name) - begin))
            for name in self.targets
            for begin in range(0, self.wanted(name), SLICE)
        ]
        return ((name, begin, length) for _, name, begin, length in sorted(slices))

    def _recalled(self) -> set[tuple[str, int]]:
        if not self.memory.exists():
            return set()
        kept = json.loads(self.memory.read_text())
        if kept["inputs"] != self.inputs or kept["finished"]:
            return set()
        for row in kept["tallies"]:
            findings = [Finding(**finding) for finding in row.pop("findings")]
            self.tallies[row["target"]] = Tally(**row, findings=findings)
        return {(name, begin) for name, begin in kept["done"]}

    def _remember(self, done: set[tuple[str, int]]) -> None:
        kept = {
            "inputs": self.inputs,
            "finished": all(one[:2] in done for one in self._slices()),
            "done": sorted(done),
            "tallies": [asdict(tally) for tally in self.tallies.values()],
        }
        self.memory.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.memory.with_suffix(".new")
        unfinished.write_text(json.dumps(kept, indent=1))
        unfinished.replace(self.memory)


def _try_slice(name: str, begin: int, length: int) -> Tally:
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - each process makes its own targets

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        return try_inputs(name, TARGETS[name](), range(begin, begin + length))
    finally:
        root.setLevel(level)  # a test may try a slice in its own process
