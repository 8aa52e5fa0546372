"""A fuse: the process dies before or after the n-th call to the world, and no handler survives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class Crash(BaseException):
    """The power went. Not an Exception, so that nothing in the agent can catch it."""


@dataclass(slots=True)
class Fuse:
    """Burns at the ``left``-th call: before it is made, or after. 0: never."""

    left: int = 0
    before: bool = False
    calls: int = 0

    def light(self, left: int, *, before: bool) -> None:
        self.left, self.before = left, before


class Frail:
    """Passes every call on to ``inner``, and to the objects named in ``parts``, until the fuse burns."""

    def __init__(self, inner: Any, fuse: Fuse, parts: frozenset[str] = frozenset()) -> None:
        self._inner, self._fuse, self._parts = inner, fuse, parts

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._inner, name)
        if name in self._parts:
            return Frail(attribute, self._fuse)
        if not callable(attribute):
            return attribute

        def call(*args: Any, **kwargs: Any) -> Any:
            fuse = self._fuse
            fuse.calls += 1
            fuse.left -= 1
            if fuse.left == 0 and fuse.before:
                raise Crash
            result = attribute(*args, **kwargs)
            if fuse.left == 0:
                raise Crash
            return result

        return call


STORE_PARTS = frozenset(
    {
        *("cases", "deliveries", "progress", "filings", "asks", "sights", "notices", "switches"),
        *("journal", "judgments"),
    }
)
