"""A share: so many of so many, with the interval in which the true rate lies. Never a percentage of a handful."""

from __future__ import annotations

from dataclasses import dataclass

from mailhitl.insight.interval import wilson

#: Below this no percentage is shown: two of three is not 67 %.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``n``."""

    hits: int
    n: int

    @property
    def rate(self) -> float | None:
        """0..1, None below ``FEWEST``."""
        return self.hits / self.n if self.n >= FEWEST else None

    @property
    def interval(self) -> tuple[float, float]:
        """The Wilson score interval at 95 %."""
        return wilson(self.hits, self.n)

    def __str__(self) -> str:
        """``37 of 41, 90 % (77–96 %)``; of a handful only ``3 of 4``."""
        if self.rate is None:
            return f"{self.hits} of {self.n}"
        low, high = (round(100 * end) for end in self.interval)
        return f"{self.hits} of {self.n}, {round(100 * self.rate)} % ({low}–{high} %)"
