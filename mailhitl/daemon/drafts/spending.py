"""A language model with a limit on what it may cost in a day."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from mailhitl.errors import ModelFailure
from mailhitl.ports.model import Model, Order, Written
from mailhitl.ports.store import Store

#: Where the store remembers what was spent on a day: ``spent:2026-11-21``.
SPENT = "spent:{:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class Thrifty:
    """Fulfils ``ports.model.Model``: asks ``model`` until ``per_day`` US dollars are spent.

    Calls that are under way together may overshoot by what they cost themselves. ``now`` is in the agent's time zone.
    """

    model: Model
    store: Store
    per_day: float
    now: Callable[[], datetime]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        return self.model.name

    def write(self, order: Order) -> Written:
        """Raises ModelFailure, also when the day's money is spent."""
        if self.spent() >= self.per_day:
            raise ModelFailure(f"today's {self.per_day:.2f} US dollars for the language model are spent")
        written = self.model.write(order)
        if written.cost:
            with self._lock:
                now = self.now()
                total = f"{self.spent() + written.cost:.6f}"
                self.store.switches.set(SPENT.format(now), total, "language model", now)
        return written

    def spent(self) -> float:
        """US dollars so far today."""
        return float(self.store.switches.get(SPENT.format(self.now())) or 0.0)
