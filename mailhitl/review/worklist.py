"""The worklist: every waiting answer in one numbered mail, short enough to read and whole enough to judge."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailhitl.plural import counted
from mailhitl.review.packet import Packet, source_of

#: What is longer than this is judged in its own packet.
ANSWER_LINES = 14


@dataclass(frozen=True, slots=True)
class Worklist:
    """The packets of all that waits, oldest first. ``more`` wait besides."""

    packets: tuple[Packet, ...]
    more: int

    @property
    def subject(self) -> str:
        return f"[Review] {self.count}"

    @property
    def count(self) -> str:
        return f"{counted(len(self.packets) + self.more, 'answer waits', 'answers wait')} for you"


def shortened(packet: Packet) -> tuple[str, ...]:
    """The answer's first lines, and a word about the rest where there is more."""
    lines = [line for line in packet.answer_lines if line.strip()]
    rest = len(lines) - ANSWER_LINES
    return tuple(lines[:ANSWER_LINES]) + (
        (f"… {counted(rest, 'more line')}: see its packet or the draft.",) if rest > 0 else ()
    )


def daily(now: datetime, at: time, weekdays: Collection[int]) -> tuple[date | None, datetime]:
    """Return the day whose list may leave now (None: none may), and when the next one may, in UTC.

    ``now`` is in the agent's time zone; of ``weekdays`` (0 is Monday) there is at least one.
    """
    coming = (datetime.combine(now.date() + timedelta(days=step), at, now.tzinfo) for step in range(8))
    moments = [moment for moment in coming if moment.weekday() in weekdays]
    later = next(moment for moment in moments if moment > now)
    return now.date() if moments[0] <= now else None, later.astimezone(UTC)


def render(worklist: Worklist, environment: ImmutableSandboxedEnvironment) -> tuple[str, str]:
    """Return (text, HTML)."""
    values = {"worklist": worklist, "shortened": shortened, "source_of": source_of}
    text = environment.get_template("packet/worklist.txt.j2").render(values)
    html = environment.get_template("packet/worklist.html.j2").render(values)
    return text, html
