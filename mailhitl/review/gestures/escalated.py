"""The draft, or its packet, was moved to Escalate."""

from __future__ import annotations

from mailhitl.case import Event, State
from mailhitl.review.gesture import Gesture, Look, Role


def detect(look: Look) -> Gesture | None:
    seen = look.at(Role.ESCALATE)
    if look.case.state is not State.HELD or not seen:
        return None
    owner = next((sighting.owner for sighting in seen if sighting.owner), "")
    edits = look.new_versions(Role.ESCALATE)
    edit = edits[0].edited if edits else None
    sights = edits[0].digest if edits else str(look.case.revision)
    place = (edits or seen)[0].location
    return Gesture(look.case.id, Event.ESCALATE, "escalated", "moved to Escalate", sights, place, owner, edit)
