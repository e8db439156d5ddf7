"""One table for all figures: what was measured, beside its floor from the same run, and what it has to keep."""

import operator
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

from rich.console import Console
from rich.table import Table

WRITTEN_TO = Path("build/performance.md")
_COLUMNS = ("what", "measured", "floor in the same run", "figure", "must", "reach for", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A figure and its bounds, both as they are read and as they are compared; `unit` follows each of them."""

    what: str
    measured: str
    floor: str
    figure: float
    must: float | None
    reach: float | None
    unit: str
    more_is_better: bool

    def cells(self) -> tuple[str, ...]:
        """Return what the table shows."""
        return (self.what, self.measured, self.floor, self._shown(self.figure), *self._bounds(), self._verdict())

    def _bounds(self) -> tuple[str, str]:
        sign = "≥" if self.more_is_better else "≤"
        must, reach = (f"{sign} {self._shown(bound)}" if bound is not None else "" for bound in (self.must, self.reach))
        return must, reach

    def _shown(self, figure: float) -> str:
        return f"{figure:,.3g}{self.unit}" if abs(figure) < 1000 else f"{figure:,.0f}{self.unit}"

    def _verdict(self) -> str:
        keeps: Callable[[float, float], bool] = operator.ge if self.more_is_better else operator.le
        if self.must is None:
            return ""
        if not keeps(self.figure, self.must):
            return "MISSED"
        return "reached" if self.reach is not None and keeps(self.figure, self.reach) else "met"


class Figures:
    """All lines of a run."""

    def __init__(self) -> None:
        self._lines: list[Line] = []

    def line(
        self,
        what: str,
        figure: float,
        *,
        measured: str = "",
        floor: str = "",
        must: float | None = None,
        reach: float | None = None,
        unit: str = " x",
        more_is_better: bool = False,
    ) -> None:
        """Add a line: `figure` is what `must` and `reach` bound, in `unit`; by default a multiple of the floor."""
        self._lines.append(
            Line(
                what=what,
                measured=measured,
                floor=floor,
                figure=figure,
                must=must,
                reach=reach,
                unit=unit,
                more_is_better=more_is_better,
            )
        )

    def show(self) -> None:
        """Print the table, and write it as Markdown to `build/performance.md`."""
        if not self._lines:
            return
        table = Table(*_COLUMNS, title="What it takes", caption=machine())
        for line in self._lines:
            table.add_row(*line.cells())
        Console(width=200).print("\n", table)
        rows = [_COLUMNS, ("---",) * len(_COLUMNS), *(line.cells() for line in self._lines)]
        WRITTEN_TO.parent.mkdir(exist_ok=True)
        WRITTEN_TO.write_text("\n".join([machine(), "", *(f"| {' | '.join(row)} |" for row in rows), ""]))


def machine() -> str:
    """Return what the figures were measured on, and when."""
    cpus = Path("/proc/cpuinfo").read_text().splitlines() if sys.platform == "linux" else []
    cpu = next((line.partition(": ")[2] for line in cpus if line.startswith("model name")), platform.processor())
    today = datetime.now(UTC).date().isoformat()
    return f"{cpu or 'unknown CPU'}, {os.cpu_count()} cores, Python {platform.python_version()}, {today}"


def spread(took: Sequence[float]) -> str:
    """Return how long something took, in milliseconds: the middle, and what 99 of 100 stay below."""
    return f"p50 {1000 * median(took):,.3g} ms, p99 {1000 * p99(took):,.3g} ms"


def p99(took: Sequence[float]) -> float:
    """Return what 99 of 100 stay below."""
    return quantiles(took, n=100, method="inclusive")[98]
