"""The draft, or its packet, was moved to Reject, or the draft to the trash."""

from __future__ import annotations

from mailhitl.case import Event, State
from mailhitl.review.gesture import Gesture, Look, Role


def detect(look: Look) -> Gesture | None:
    """A draft in the trash is a rejection only when no other copy of it stands where one can work on it."""
    if look.case.state is not State.HELD:
        return None
    seen = look.at(Role.REJECT)
    if seen:
        owner = next((sighting.owner for sighting in seen if sighting.owner), "")
        sights = str(look.case.revision)
        return Gesture(look.case.id, Event.REJECT, "rejected", "moved to Reject", sights, seen[0].location, owner)
    trashed = [s for s in look.drafts(Role.TRASH) if s.claim.revision == look.case.revision and not s.claim.disagree]
    standing = look.drafts(Role.REVIEW, Role.APPROVE, Role.ESCALATE, Role.DRAFTS)
    if trashed and not standing:
        place = trashed[0].location
        return Gesture(look.case.id, Event.REJECT, "trashed", "moved to the trash", str(look.case.revision), place)
    return None
