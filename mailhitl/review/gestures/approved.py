"""The draft, or its packet, was moved to Approve; perhaps edited on the way."""

from __future__ import annotations

from mailhitl.case import Event, State
from mailhitl.review.gesture import Gesture, Look, Role


def detect(look: Look) -> Gesture | None:
    """A copy counts like a move: mutt and Alpine leave the original behind for a while."""
    seen = look.at(Role.APPROVE)
    if look.case.state is not State.HELD or not seen:
        return None
    edits = look.new_versions(Role.APPROVE)
    owner = next((sighting.owner for sighting in seen if sighting.owner), "")
    if edits:
        edit = edits[0].edited
        why = "edited, then moved to Approve"
        return Gesture(
            look.case.id, Event.APPROVE, "approved-edited", why, edits[0].digest, edits[0].location, owner, edit
        )
    sights = look.case.draft_digest or ""
    return Gesture(look.case.id, Event.APPROVE, "approved", "moved to Approve", sights, seen[0].location, owner)
