"""The interval in which a true rate lies, after so many tries."""

from __future__ import annotations

from math import sqrt

#: The 97.5 % point of the normal distribution: two-sided intervals of 95 %.
Z = 1.959964


def wilson(hits: int, n: int, z: float = Z) -> tuple[float, float]:
    """Return the Wilson score interval of a share (Wilson 1927, without continuity correction); (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    share, squared = hits / n, z * z
    middle = share + squared / (2 * n)
    spread = z * sqrt(share * (1 - share) / n + squared / (4 * n * n))
    scale = 1 + squared / n
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
