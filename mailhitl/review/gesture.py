"""A gesture: what a reviewer did in a mail client, before its meaning is carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailhitl.case import Case, Event
from mailhitl.decision import Channel
from mailhitl.mail.edited import EditedDraft
from mailhitl.mail.stamp import Kind
from mailhitl.ports.mailbox import Location
from mailhitl.review.identity import Claim


class Role(StrEnum):
    """What a watched folder is for."""

    REVIEW = "review"
    APPROVE = "approve"
    REJECT = "reject"
    ESCALATE = "escalate"
    OUTGOING = "outgoing"
    DRAFTS = "drafts"
    TRASH = "trash"


#: Standing here, a draft or packet says something; elsewhere it only stands.
DECISION_ROLES = (Role.APPROVE, Role.REJECT, Role.ESCALATE)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A mail of ours seen in a watched folder. ``edited`` is what a draft says now; None for a packet.

    ``owner`` is the reviewer's name when the folder is that reviewer's own (``Approve/anna``), "" otherwise.
    """

    role: Role
    location: Location
    claim: Claim
    edited: EditedDraft | None = None
    owner: str = ""

    @property
    def digest(self) -> str:
        return self.edited.draft.digest if self.edited else ""


@dataclass(frozen=True, slots=True)
class Look:
    """All that one look at the folders showed of one case.

    ``revisions`` maps the digest of every stored revision to its number, the newest that has it. ``renewed``: an
    earlier revision had the current words already, and everybody is asked anew about them. ``approval`` is the road by
    which an approved case was approved. IMAP never says who moved a mail; what is seen is all there is.
    """

    case: Case
    revisions: Mapping[str, int]
    sightings: tuple[Sighting, ...]
    renewed: bool = False
    approval: Channel | None = None

    def at(self, *roles: Role) -> tuple[Sighting, ...]:
        return tuple(seen for seen in self.sightings if seen.role in roles)

    def drafts(self, *roles: Role) -> tuple[Sighting, ...]:
        return tuple(seen for seen in self.at(*roles) if seen.claim.kind is Kind.DRAFT and seen.edited is not None)

    def new_versions(self, *roles: Role) -> tuple[Sighting, ...]:
        """Drafts whose words stand in no stored revision: somebody's edit."""
        return tuple(seen for seen in self.drafts(*roles) if seen.digest not in self.revisions)

    def is_current(self, seen: Sighting) -> bool:
        """Whether this is the current revision, word for word.

        A reviewer's own version goes on naming the revision that it was made of. But words that everybody is asked
        about anew stand only in the mail that was filed for that: what lay in a folder before is no answer.
        """
        named = seen.claim.revision == self.case.revision
        if seen.edited is None:
            return named
        return seen.digest == self.case.draft_digest and (named or not self.renewed)


@dataclass(frozen=True, slots=True)
class Gesture:
    """One intention seen in the folders.

    ``event`` is None for a sight nobody can read (``why`` asks the question). ``sights`` identifies what was seen: the
    grace period runs as long as it stays the same. ``place`` is the mail that shows it, ``edit`` is set when the words
    are a reviewer's own.
    """

    case_id: int
    event: Event | None
    code: str
    why: str
    sights: str
    place: Location
    owner: str = ""
    edit: EditedDraft | None = None

    @property
    def key(self) -> str:
        """Names this sight among all others, for the grace period."""
        return f"{self.case_id}:{self.code}:{self.sights}"


Detector = Callable[[Look], Gesture | None]
