"""What the config says about the weekly digest, and how its figures count time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from mailhitl.config.schema import Config
from mailhitl.insight.figures import Clock


@dataclass(frozen=True, slots=True)
class Plan:
    """What the config says about the digest. It speaks of all mailboxes; the first one's server sends it."""

    clock: Clock
    to: tuple[str, ...] = ()
    weekday: int = 0
    at: time = time(8)
    signoff: str = ""
    subjects: bool = False


#: What a person takes to write one answer by hand where the file doesn't say.
MINUTES = 6.0


def plan_of(config: Config) -> Plan:
    digest, clock = config.digest, clock_of(config)
    if digest is None:
        return Plan(clock)
    return Plan(clock, digest.to, digest.weekday, digest.at, digest.signoff, digest.subjects)


def clock_of(config: Config) -> Clock:
    """How this config counts time."""
    zone, hours = config.agent.timezone, config.review.office_hours

    def office(since: datetime, until: datetime) -> float:
        return hours.between(since.astimezone(zone), until.astimezone(zone)).total_seconds()

    minutes = config.digest.minutes_per_answer if config.digest else MINUTES
    return Clock(zone, office, config.review.grace.total_seconds(), minutes)
