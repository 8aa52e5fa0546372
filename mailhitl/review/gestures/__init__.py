"""Every gesture we understand in the folders. To add one: write a detector, name it here, test it.

The first that sees something wins, so doubt comes before every decision.
"""

from __future__ import annotations

from mailhitl.review.gesture import Detector, Gesture, Look
from mailhitl.review.gestures import approved, cancelled, edited, escalated, rejected, unclear

DETECTORS: tuple[Detector, ...] = (
    unclear.detect,
    rejected.detect,
    escalated.detect,
    approved.detect,
    cancelled.detect,
    edited.detect,
)


def read(look: Look) -> Gesture | None:
    """Return what the reviewers' hands say about this case, or None when they say nothing."""
    return next((gesture for detect in DETECTORS if (gesture := detect(look))), None)
