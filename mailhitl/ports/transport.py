"""Handing a mail over for sending."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from mailhitl.delivery import Handover, Phase


class Transport(Protocol):
    """Hands a mail over for sending, once."""

    def hand_over(
        self, raw: bytes, sender: str, recipients: Sequence[str], *, on_phase: Callable[[Phase], None]
    ) -> Handover:
        """Try once; never raises for what a server or the network did.

        ``on_phase`` is called before each phase begins. If it raises, the attempt is broken off there and the exception
        passes through: what could not be recorded must not happen.
        """
        ...

    def probe(self) -> str:
        """Connect, secure the connection, log in and leave; return "", or in words what of it does not work."""
        ...
