"""A new version of the draft was saved in Review or in the client's own Drafts: an edit in progress, no approval."""

from __future__ import annotations

from mailhitl.case import Event, State
from mailhitl.review.gesture import Gesture, Look, Role


def detect(look: Look) -> Gesture | None:
    """The newest version counts; several at once are a client's autosaves, or two people at work."""
    if look.case.state is not State.HELD:
        return None
    versions = look.new_versions(Role.REVIEW, Role.DRAFTS)
    if not versions or any(seen.claim.disagree for seen in versions):
        return None
    newest = max(versions, key=lambda seen: (seen.role is Role.DRAFTS, seen.location.uid))
    why, edit = f"edited in {newest.role}", newest.edited
    return Gesture(look.case.id, Event.REVISE, "edited", why, newest.digest, newest.location, edit=edit)
