"""What silence leads to: people are reminded, others are asked, the case is closed unsent. Never an approval. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from mailhitl.case import Case, Event, State
from mailhitl.decision import Decision
from mailhitl.review.reviewers import approvers
from mailhitl.review.snooze import snoozed_until

#: The codes by which the log tells these rows from others.
SILENCE = "silence"
SNOOZE = "snooze"
EXPIRED = "expired"
#: Before the group's name in the proof of an escalation by silence.
_GROUP = "group:"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long silence may last. ``remind`` and ``escalate`` are office time (zero: never), ``expire`` is any time.

    ``office`` says when so much office time will have passed since a moment, at a moment at which people are there.
    ``second_look`` is how far two looks must lie apart that both find a case expired: a clock that is a day ahead for
    a moment closes nothing.
    """

    remind: timedelta
    escalate: timedelta
    expire: timedelta
    office: Callable[[datetime, timedelta], datetime]
    zone: tzinfo
    second_look: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Team:
    """Whom to ask: ``asked`` gives the addresses of a case's groups, ``next_group`` the group after one ("": all)."""

    asked: Callable[[str], Collection[str]]
    next_group: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A held case and what its log says about the wait.

    ``since`` is when it was held, ``asked_at`` since when this group is asked. ``tried`` are the groups that silence
    led to, ``agreed`` who has approved it already and waits for somebody else.
    """

    case: Case
    since: datetime
    asked_at: datetime
    snoozed_until: datetime | None = None
    tried: frozenset[str] = frozenset()
    agreed: frozenset[str] = frozenset()

    @property
    def counts_from(self) -> datetime:
        """From when on silence counts."""
        return max(self.asked_at, self.snoozed_until or self.asked_at)


@dataclass(frozen=True, slots=True)
class Memory:
    """What has to outlast a restart: who was reminded when, and since when a case has looked expired."""

    reminded: Mapping[str, datetime] = field(default_factory=dict)
    overdue: Mapping[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remind:
    """Send this person one mail about all that waits for them, oldest first."""

    to: str
    cases: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class Escalate:
    """Ask this group ("": everybody), which has people who were not asked before."""

    one: Waiting
    to: str

    @property
    def proof(self) -> str:
        return f"{_GROUP}{self.to}"


@dataclass(frozen=True, slots=True)
class Expire:
    """Close the case; nothing is sent and the customer's question stays open."""

    one: Waiting


Action = Remind | Escalate | Expire


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, what has looked expired since when, and when to look again (always later than now)."""

    actions: tuple[Action, ...]
    overdue: Mapping[int, datetime]
    next_look: datetime | None


def waiting(case: Case, log: Sequence[Decision], patience: Patience) -> Waiting:
    """Read the wait of a held case from its log. A new revision restarts nothing; a new group does."""
    since = case.held_at or case.opened_at
    entered = [number for number, row in enumerate(log) if _enters(row)]
    rows = log[entered[-1] :] if entered else log
    moves = [number for number, row in enumerate(rows) if row.event is Event.ESCALATE]
    asked_at = max(since, rows[moves[-1]].at) if moves else since
    snoozes = [row for row in rows[moves[-1] if moves else 0 :] if row.code == SNOOZE]
    until = snoozed_until(snoozes[-1].why, snoozes[-1].at, patience.zone, patience.office) if snoozes else None
    tried = frozenset(row.proof.removeprefix(_GROUP) for row in rows if row.code == SILENCE)
    agreed = approvers(rows, case.draft_digest) if case.draft_digest else frozenset()
    return Waiting(case, since, asked_at, until, tried, agreed)


def _enters(row: Decision) -> bool:
    return row.to_state is State.HELD and row.from_state is not State.HELD


def plan(cases: Sequence[Waiting], memory: Memory, team: Team, now: datetime, patience: Patience) -> Plan:
    """Return what the silence about these held cases leads to at this moment."""
    overdue = {one.case.id: _noticed(one, memory, now) for one in cases if now >= one.since + patience.expire}
    alive = [one for one in cases if one.case.id not in overdue]
    timed: list[tuple[datetime, Action]] = [(_closes(one, overdue, patience), Expire(one)) for one in cases]
    timed += [step for one in alive for step in _escalation(one, team, now, patience)]
    moved = {action.one.case.id for when, action in timed if isinstance(action, Escalate) and when <= now}
    timed += _reminders([one for one in alive if one.case.id not in moved], memory, team, now, patience)
    later = [when for when, _ in timed if when > now]
    return Plan(tuple(action for when, action in timed if when <= now), overdue, min(later, default=None))


def _noticed(one: Waiting, memory: Memory, now: datetime) -> datetime:
    """Since when it has looked expired. What was noticed later than now was noticed by a wrong clock."""
    return min(memory.overdue.get(one.case.id, now), now)


def _closes(one: Waiting, overdue: Mapping[int, datetime], patience: Patience) -> datetime:
    noticed = overdue.get(one.case.id)
    return noticed + patience.second_look if noticed else one.since + patience.expire


def _escalation(one: Waiting, team: Team, now: datetime, patience: Patience) -> Iterator[tuple[datetime, Action]]:
    to = _next_group(one, team)
    if to is not None and patience.escalate:
        yield _while_open(patience.office(one.counts_from, patience.escalate), now, patience), Escalate(one, to)


def _next_group(one: Waiting, team: Team) -> str | None:
    """The next group that silence has not led to yet and that has somebody new; None when everybody is asked."""
    asked, group = set(team.asked(one.case.group)), one.case.group.partition(",")[0]
    while True:
        group = team.next_group(group)
        if group not in one.tried and set(team.asked(group)) - asked:
            return group
        if not group:
            return None


def _reminders(
    cases: Sequence[Waiting], memory: Memory, team: Team, now: datetime, patience: Patience
) -> Iterator[tuple[datetime, Action]]:
    """One mail for each person, when the first of their cases is due; it lists the others too."""
    theirs: dict[str, list[Waiting]] = {}
    for one in sorted(cases, key=lambda one: (one.since, one.case.id)):
        for person in set(team.asked(one.case.group)) - one.agreed:
            theirs.setdefault(person, []).append(one)
    for person, mine in sorted(theirs.items()) if patience.remind else ():
        # A reminder from the future was sent by a wrong clock.
        last = memory.reminded.get(person)
        due = min(_remind_at(one, last if last and last <= now else None, patience) for one in mine)
        listed = tuple(one for one in mine if one.counts_from <= now)
        yield _while_open(due, now, patience), Remind(person, listed)


def _remind_at(one: Waiting, last: datetime | None, patience: Patience) -> datetime:
    if one.snoozed_until and (last is None or last < one.snoozed_until):
        return patience.office(one.snoozed_until, timedelta(0))
    return patience.office(max(one.asked_at, last or one.asked_at), patience.remind)


def _while_open(due: datetime, now: datetime, patience: Patience) -> datetime:
    """What fell due while nobody was there waits until somebody is."""
    return due if due > now else patience.office(now, timedelta(0))
