"""An approved answer was taken back before it left."""

from __future__ import annotations

from collections.abc import Iterator

from mailhitl.case import Event, State
from mailhitl.decision import Channel
from mailhitl.review.gesture import Gesture, Look, Role, Sighting

#: A draft that waits in Outgoing belongs nowhere else: whoever moved or copied it wants to see it first.
ELSEWHERE = (Role.REVIEW, Role.APPROVE, Role.REJECT, Role.ESCALATE, Role.DRAFTS, Role.TRASH)


def detect(look: Look) -> Gesture | None:
    """Only what is seen somewhere counts: absence is no decision, and the outbox looks after Outgoing itself."""
    if look.case.state is not State.APPROVED:
        return None
    signs = _by_a_rule if look.approval is Channel.RULE else _by_a_person
    why, seen = next(signs(look), ("", None))
    if seen is None:
        return None
    return Gesture(look.case.id, Event.HOLD, "cancelled", why, str(look.case.revision), seen.location)


def _by_a_rule(look: Look) -> Iterator[tuple[str, Sighting]]:
    yield from (("dragged out of Outgoing", seen) for seen in look.drafts(*ELSEWHERE))
    yield from (("edited in Outgoing", seen) for seen in look.new_versions(Role.OUTGOING))


def _by_a_person(look: Look) -> Iterator[tuple[str, Sighting]]:
    """Approved by mail, the draft stands in Review as before; approved by a move, it stands in Approve."""
    edits = look.new_versions(Role.APPROVE, Role.REVIEW, Role.DRAFTS)
    yield from (("edited before it left", seen) for seen in edits if not seen.claim.disagree)
    yield from ((f"moved to {seen.role} before it left", seen) for seen in look.at(Role.REJECT, Role.ESCALATE))
    if not look.drafts(Role.APPROVE, Role.REVIEW, Role.DRAFTS):
        yield from (("moved to the trash before it left", seen) for seen in look.drafts(Role.TRASH))
    if look.approval is Channel.FOLDER and not look.at(Role.APPROVE):
        yield from (("dragged out of Approve", seen) for seen in look.drafts(Role.REVIEW, Role.DRAFTS))
