"""Waits that must not end early because somebody has set the clock: a hand that may change its mind, an undo time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

#: Seconds after which a wait that is over is forgotten.
REMEMBERED = 3600.0


@dataclass(slots=True)
class Stopwatch:
    """Measures on a clock that nobody can set, from when this process first asked; before that the other one counts."""

    monotonic: Callable[[], float] = time.monotonic
    _ends: dict[tuple[str, datetime], float] = field(default_factory=dict)

    def left(self, what: str, until: datetime, now: datetime, most: timedelta = timedelta.max) -> timedelta:
        """How long ``what`` has still to wait for ``until``, ``most`` at the longest; not positive when it is over."""
        moment = self.monotonic()
        if (what, until) not in self._ends:
            self._ends = {wait: end for wait, end in self._ends.items() if end > moment - REMEMBERED}
            self._ends[what, until] = moment + min(until - now, most).total_seconds()
        return timedelta(seconds=self._ends[what, until] - moment)
