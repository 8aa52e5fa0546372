"""What the figures are reckoned from: the log, row by row, with what is known of each row's case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, Protocol


class About(NamedTuple):
    """What a case's figures are charged to.

    ``rules`` are all that hit when it was first judged, ``template`` and ``drafter`` those of the first draft; each is
    "" or empty when there was none. ``asked_at`` is when the first packet was mailed to anybody.
    """

    case_id: int
    mailbox: str
    group: str
    subject: str
    held_at: datetime | None
    asked_at: datetime | None
    rules: tuple[str, ...]
    intent: str
    template: str
    drafter: str


class Step(NamedTuple):
    """One row of the log, as far as figures need it.

    ``author`` and ``distance`` are those of the draft it decided on: ``Draft.author``, and how far a person's words are
    from the drafted ones (0..1, None when nobody has edited).
    """

    case_id: int
    event: str
    at: datetime
    channel: str
    code: str
    by: str
    why: str
    author: str
    distance: float | None


class Steps(Protocol):
    """The log as figures need it. Bounded memory, however long the log is."""

    def rows(self, since: datetime, until: datetime) -> Iterator[tuple[About, list[Step]]]:
        """Every case that has rows from ``since`` on and before ``until``, with these rows, oldest first."""
        ...
