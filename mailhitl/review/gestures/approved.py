"""The draft, or its packet, was moved to Approve; perhaps edited on the way."""

from __future__ import annotations

from mailhitl.case import Event, State
from mailhitl.review.gesture import Gesture, Look, Role, Sighting


def detect(look: Look) -> Gesture | None:
    """A copy counts like a move: mutt and Alpine leave the original behind for a while."""
    seen = look.at(Role.APPROVE)
    if look.case.state is not State.HELD or not seen:
        return None
    edits = look.new_versions(Role.APPROVE) or _blind_copies(look)
    owner = next((sighting.owner for sighting in seen if sighting.owner), "")
    if edits:
        edit = edits[0].edited
        why = "edited, then moved to Approve"
        return Gesture(
            look.case.id, Event.APPROVE, "approved-edited", why, edits[0].digest, edits[0].location, owner, edit
        )
    sights = look.case.draft_digest or ""
    return Gesture(look.case.id, Event.APPROVE, "approved", "moved to Approve", sights, seen[0].location, owner)


def _blind_copies(look: Look) -> tuple[Sighting, ...]:
    """Drafts in which a blind copy is all that is new: it is never sent, and whoever added it believes that it is.

    Asked about once: what names an earlier revision than the case's was asked about when that one was held again.
    """
    current = (seen for seen in look.drafts(Role.APPROVE) if seen.claim.revision == look.case.revision)
    return tuple(seen for seen in current if seen.edited and seen.edited.bcc and look.is_current(seen))
