"""An automatic answer was dragged out of Outgoing before it left."""

from __future__ import annotations

from mailhitl.case import Event, State
from mailhitl.review.gesture import Gesture, Look, Role

#: Any of these means that somebody wants to see it first.
ELSEWHERE = (Role.REVIEW, Role.APPROVE, Role.REJECT, Role.ESCALATE, Role.DRAFTS, Role.TRASH)


def detect(look: Look) -> Gesture | None:
    """Only what is seen elsewhere counts here; an answer that is seen nowhere is held back by the outbox."""
    if look.case.state is not State.APPROVED or not look.case.not_before:
        return None
    seen = look.drafts(*ELSEWHERE)
    if not seen or look.drafts(Role.OUTGOING):
        return None
    why, sights = "dragged out of Outgoing", str(look.case.revision)
    return Gesture(look.case.id, Event.HOLD, "cancelled", why, sights, seen[0].location)
