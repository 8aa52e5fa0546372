"""What the folders should hold of each case, compared with what they hold.

The store is the truth and the folders follow. So a crash between any two steps heals itself: the next look plans again,
and the same case never gets two drafts. Absence is no decision: mutt and Alpine take a draft out of the folder while it
is open, so what has vanished is restored only after a while.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailhitl.case import CLOSED, State
from mailhitl.decision import Channel
from mailhitl.mail.stamp import Kind
from mailhitl.ports.store import Filed
from mailhitl.review.gesture import DECISION_ROLES, Look, Role, Sighting


@dataclass(frozen=True, slots=True)
class File:
    """Put the draft or packet of this case into the folder. ``restore``: it stood there once and has vanished."""

    case_id: int
    revision: int
    kind: Kind
    role: Role
    restore: bool = False

    @property
    def row_kind(self) -> str:
        """The kind of row that remembers it: what stands in Outgoing is no draft that waits for a person."""
        return OUTGOING if self.role is Role.OUTGOING else self.kind


@dataclass(frozen=True, slots=True)
class Confirm:
    """It stands there: remember so."""

    case_id: int
    revision: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Miss:
    """It stood there and cannot be seen any more: remember since when."""

    filed: Filed


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take this mail out of the folder: all it says is in the store."""

    sighting: Sighting


@dataclass(frozen=True, slots=True)
class Return:
    """Move this mail into the review folder: its words are the current draft."""

    sighting: Sighting


@dataclass(frozen=True, slots=True)
class Forget:
    """Nothing of it stands any more, and nothing should."""

    filed: Filed


@dataclass(frozen=True, slots=True)
class Late:
    """Somebody's words stand here that came too late to count: leave them, and say so."""

    sighting: Sighting


Action = File | Confirm | Miss | Withdraw | Return | Forget | Late

#: The kind of row that remembers a draft in Outgoing.
OUTGOING = "outgoing"
#: Where a draft that waits for a person may stand.
WORKPLACES = (Role.REVIEW, Role.APPROVE, Role.REJECT, Role.ESCALATE, Role.DRAFTS)


def plan(look: Look, filed: Sequence[Filed], now: datetime, restore_after: timedelta) -> Iterator[Action]:
    """Yield what to do for one case. ``filed`` is what the store remembers of it; filing comes before withdrawing."""
    case = look.case
    if case.state is State.HELD:
        if case.draft_digest is not None:
            yield from _stand(look, filed, Kind.DRAFT, now, restore_after)
        yield from _stand(look, filed, Kind.PACKET, now, restore_after)
        yield from _tidy(look)
        yield from (Forget(row) for row in filed if row.revision != case.revision or row.kind == OUTGOING)
    elif case.state is State.APPROVED and case.not_before and look.approval is Channel.RULE:
        yield from _show_outgoing(look, filed)
    elif case.state in CLOSED or case.state is State.SHUNTED:
        yield from _clear(look)
        yield from (Forget(row) for row in filed)


def _seen(look: Look, *roles: Role) -> tuple[Sighting, ...]:
    """The sightings that are the current revision, word for word."""
    return tuple(seen for seen in look.at(*roles) if look.is_current(seen))


def _thrown_away(look: Look) -> bool:
    return any(seen.claim.revision == look.case.revision for seen in look.drafts(Role.TRASH))


def _stand(look: Look, filed: Sequence[Filed], kind: Kind, now: datetime, restore_after: timedelta) -> Iterator[Action]:
    case = look.case
    row = next((row for row in filed if row.kind == kind and row.revision == case.revision), None)
    standing = [seen for seen in _seen(look, *WORKPLACES) if seen.claim.kind is kind]
    if standing:
        if row is None or row.filed_at is None or row.missing_since is not None:
            yield Confirm(case.id, case.revision, kind)
        if kind is Kind.DRAFT and all(seen.role is Role.DRAFTS for seen in standing):
            yield Return(standing[0])
    elif kind is Kind.DRAFT and (look.new_versions(*WORKPLACES, Role.OUTGOING) or _thrown_away(look)):
        # An edit in progress stands in its place; or it lies in the trash, which is read as a gesture in its own time.
        return
    elif row is None or row.filed_at is None:
        yield File(case.id, case.revision, kind, Role.REVIEW)
    elif row.missing_since is None:
        yield Miss(row)
    elif now - row.missing_since >= restore_after and not look.drafts(*WORKPLACES):
        yield File(case.id, case.revision, kind, Role.REVIEW, restore=True)


def _tidy(look: Look) -> Iterator[Action]:
    """Withdraw outdated drafts and packets, and second copies in Review.

    What stands in a decision folder is read, unless the very same words were filed anew. Nothing waits in Outgoing.
    """
    kept: set[Kind] = set()
    for seen in look.at(Role.REVIEW, Role.DRAFTS):
        current = seen in _seen(look, Role.REVIEW, Role.DRAFTS)
        if current and seen.claim.kind not in kept:
            kept.add(seen.claim.kind)
        elif seen.edited is None or seen.digest in look.revisions:
            yield Withdraw(seen)
    for seen in look.drafts(*DECISION_ROLES):
        if seen.digest == look.case.draft_digest and not look.is_current(seen):
            yield Withdraw(seen)
    for seen in look.at(Role.OUTGOING):
        yield Withdraw(seen) if seen.edited is None or seen.digest in look.revisions else Return(seen)


def _show_outgoing(look: Look, filed: Sequence[Filed]) -> Iterator[Action]:
    case = look.case
    row = next((row for row in filed if row.kind == OUTGOING and row.revision == case.revision), None)
    if row is None or row.filed_at is None:
        yield File(case.id, case.revision, Kind.DRAFT, Role.OUTGOING)
    for seen in look.at(Role.REVIEW):
        if seen.edited is None or seen.digest in look.revisions:
            yield Withdraw(seen)


def _clear(look: Look) -> Iterator[Action]:
    for seen in look.sightings:
        if seen.role is Role.TRASH:
            continue
        if seen.edited is not None and seen.digest not in look.revisions:
            yield Late(seen)
        else:
            yield Withdraw(seen)
