"""How long to wait before the next try to reach a server."""

from __future__ import annotations

from collections.abc import Callable

#: Seconds. Two daemons that lost the same server must not come back in step, hence the jitter.
SHORTEST = 1.0
LONGEST = 300.0


def backoff(attempt: int, random: Callable[[], float]) -> float:
    """Return the seconds to wait after ``attempt`` (from 1) failed: full jitter under a ceiling that doubles.

    ``random`` gives numbers in 0..1. The result lies between SHORTEST and LONGEST.
    """
    ceiling = min(LONGEST, 2.0 ** min(attempt, 16))
    return max(SHORTEST, random() * ceiling)
