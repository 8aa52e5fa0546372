"""A fuse: before or after the n-th call to the world the process dies, and no handler survives it; or it is frozen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mailhitl.errors import TemporaryFailure


class Crash(BaseException):
    """The power went. Not an Exception, so that nothing in the agent can catch it."""


@dataclass(slots=True)
class Fuse:
    """Burns at the ``left``-th call: before it is made, or after. 0: never.

    ``only`` names the one call that counts (``cases.move``), "": all of them do. ``meanwhile``: the process does not
    die there, but stands still while this happens.
    """

    left: int = 0
    before: bool = False
    calls: int = 0
    meanwhile: Callable[[], object] | None = None
    only: str = ""

    def light(self, left: int, *, before: bool) -> None:
        self.left, self.before = left, before

    def counts(self, call: str) -> bool:
        """Count this call; return whether it is the one."""
        if self.only not in ("", call):
            return False
        self.calls += 1
        self.left -= 1
        return self.left == 0

    def burn(self) -> None:
        if self.meanwhile is None:
            raise Crash
        self.meanwhile()


class Frail:
    """Passes every call on to ``inner``, and to the objects named in ``parts``, until the fuse burns.

    The next call of each name in ``away`` fails instead, as when a server has gone. ``name`` is what the fuse knows
    these calls by.
    """

    def __init__(
        self,
        inner: Any,
        fuse: Fuse,
        parts: frozenset[str] = frozenset(),
        away: list[str] | None = None,
        name: str = "",
    ) -> None:
        self._inner, self._fuse, self._parts, self._name = inner, fuse, parts, name
        self._away = [] if away is None else away

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._inner, name)
        if name in self._parts:
            return Frail(attribute, self._fuse, name=name)
        if not callable(attribute):
            return attribute

        def call(*args: Any, **kwargs: Any) -> Any:
            fuse = self._fuse
            # A call may make others of these in its turn, so whether it is the one is known only now.
            burns = fuse.counts(f"{self._name}.{name}")
            if burns and fuse.before:
                fuse.burn()
            if name in self._away:
                self._away.remove(name)
                raise TemporaryFailure("the server is away")
            result = attribute(*args, **kwargs)
            if burns and not fuse.before:
                fuse.burn()
            return result

        return call


STORE_PARTS = frozenset(
    {
        *("cases", "deliveries", "progress", "filings", "asks", "sights", "notices", "switches"),
        *("journal", "judgments"),
    }
)
