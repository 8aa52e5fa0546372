"""A way to reach somebody that does not depend on the mailboxes being served."""

from __future__ import annotations

from typing import Protocol


class Alarm(Protocol):
    """Tells somebody outside."""

    def ring(self, subject: str, text: str) -> None:
        """Hand it over, once. ``text`` holds no customer's words. Raises TemporaryFailure when nobody took it."""
        ...

    def probe(self) -> str:
        """Try it out; return "", or in words what of it does not work."""
        ...
