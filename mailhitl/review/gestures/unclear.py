"""What was seen can be read in two ways: nothing happens, and we ask."""

from __future__ import annotations

from collections.abc import Iterator

from mailhitl.case import State
from mailhitl.review.gesture import DECISION_ROLES, Gesture, Look, Role


def detect(look: Look) -> Gesture | None:
    """Two decisions at once, two different versions, an outdated one, or keys that disagree."""
    if look.case.state is not State.HELD:
        return None
    question = next(_questions(look), None)
    if question is None:
        return None
    sights = ",".join(sorted(f"{s.role}/{s.location.uid}/{s.digest[:12]}" for s in look.sightings))
    return Gesture(look.case.id, None, "unclear", question, sights, look.sightings[0].location)


def _questions(look: Look) -> Iterator[str]:
    decided = sorted({seen.role for seen in look.at(*DECISION_ROLES)})
    if not decided:
        return
    if len(decided) > 1:
        yield f"It stands in {' and '.join(decided)} at once. Which one is meant? Leave it in one of them."
    yield from _about_versions(look)


def _about_versions(look: Look) -> Iterator[str]:
    moved = look.at(*DECISION_ROLES)
    if any(seen.claim.disagree for seen in moved):
        yield "Its marks name two different drafts. Please use the draft that stands in Review."
    approved = look.drafts(Role.APPROVE)
    if len({seen.digest for seen in approved}) > 1:
        yield "Two different versions of the answer stand in Approve. Leave the one that is meant."
    for seen in approved:
        if seen.edited and seen.edited.conflict and seen.digest not in look.revisions:
            yield f"{seen.edited.conflict} Please save it as plain text and move it again."
        known = look.revisions.get(seen.digest)
        if known is not None and not look.is_current(seen):
            yield "An older version of the answer was moved to Approve, and there is a newer one. Which one is meant?"
    yield from _about_edits_elsewhere(look)


def _about_edits_elsewhere(look: Look) -> Iterator[str]:
    moved = look.at(Role.APPROVE)
    if not moved:
        return
    here = {seen.digest for seen in look.drafts(Role.APPROVE)}
    elsewhere = {seen.digest for seen in look.new_versions(Role.REVIEW, Role.DRAFTS)} - here
    if elsewhere:
        yield "It was moved to Approve while another, edited version stands in Review or Drafts. Which one is meant?"
    if not here and any(seen.claim.revision != look.case.revision for seen in moved):
        yield "The packet of an older version was moved to Approve. Please decide on the newest one."
