"""``[digest]``: the weekly report."""

from __future__ import annotations

from mailhitl.config.table import Table, key, needed
from mailhitl.config.values import AddrSpec, Amount, Clock, Switch, Weekday


class Digest(Table):
    """The weekly report."""

    to: tuple[AddrSpec, ...] = needed("Who gets it.")
    weekday: Weekday = key("mon", "Day of the week.")
    at: Clock = key("08:00", "Time of day, in the agent's time zone.")
    signoff: str = key("", "A group that must approve the digest first.")
    subjects: Switch = key(False, "Show the customers' subjects beside the cases it names; bodies are never shown.")
    minutes_per_answer: Amount = key(
        6.0, "Minutes that a person takes to write one answer: for the estimate of the time saved."
    )
