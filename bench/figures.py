"""A measured figure: its runs, the floor it stands on, the target it is held to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """``runs`` and ``floor`` in ``unit``, in the order in which they alternated.

    ``judged`` says which number the target limits: the ratio of the medians, or the median, the 99th percentile or the
    maximum of the runs. ``limit`` is None for what is only shown. ``note`` is said below the table.
    """

    what: str
    unit: str
    runs: Sequence[float]
    floor: Sequence[float] = ()
    judged: Literal["ratio", "median", "p99", "max"] = "median"
    limit: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return median(self.runs) / median(self.floor) if self.floor else None

    @property
    def value(self) -> float:
        """The number that is held against ``limit``."""
        if self.judged == "ratio":
            assert self.ratio is not None, "a ratio needs a floor"
            return self.ratio
        judge = {"median": median, "p99": p99, "max": max}[self.judged]
        return float(judge(self.runs))

    @property
    def ok(self) -> bool | None:
        return None if self.limit is None else self.value <= self.limit

    def row(self) -> list[str]:
        """What the table shows: what, min, median, max, floor, ratio, target, ok."""
        floor = f"{median(self.floor):.3g}" if self.floor else ""
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else ""
        unit = "" if self.judged == "ratio" else f" {self.unit}"
        target = "" if self.limit is None else f"{self.judged} ≤ {self.limit:g}{unit}"
        shown = [f"{number:.3g}" for number in (min(self.runs), median(self.runs), max(self.runs))]
        ok = {None: "", True: "yes", False: "NO"}[self.ok]
        return [f"{self.what} [{self.unit}, {len(self.runs)} runs]", *shown, floor, ratio, target, ok]


def p99(runs: Sequence[float]) -> float:
    """The 99th percentile by nearest rank; of fewer than 100 runs the largest."""
    return sorted(runs)[max(0, -(-99 * len(runs) // 100) - 1)]
