"""What is seen of one case in the folders, and what it means: one line per sight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailhitl.case import Case, Event, State
from mailhitl.draft import Draft
from mailhitl.mail.edited import EditedDraft
from mailhitl.mail.stamp import Kind
from mailhitl.ports.mailbox import Location
from mailhitl.review.gesture import Look, Role, Sighting
from mailhitl.review.gestures import read
from mailhitl.review.identity import Claim

NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
OLD = Draft(("ann@customer.test",), (), "Re: order", "The first words.", "drafter:template")
CURRENT = Draft(("ann@customer.test",), (), "Re: order", "The words.", "drafter:template")
EDITED = Draft(("ann@customer.test",), (), "Re: order", "Other words.", "")
OTHER_EDIT = Draft(("ann@customer.test",), (), "Re: order", "Still other words.", "")


def case(state: State = State.HELD, not_before: datetime | None = None) -> Case:
    return Case(
        id=7,
        mailbox="support",
        state=state,
        version=3,
        message_id="<m@customer.test>",
        thread="<m@customer.test>",
        sender="ann@customer.test",
        subject="order",
        opened_at=NOW,
        folder="INBOX",
        uidvalidity=1,
        uid=1,
        revision=2,
        draft_digest=CURRENT.digest,
        not_before=not_before,
    )


def draft(role: Role, words: Draft, *, uid: int = 1, revision: int = 2, **more: object) -> Sighting:
    edited = EditedDraft(words, (), str(more.get("conflict", "")))
    claim = Claim(Kind.DRAFT, 7, revision, disagree=bool(more.get("disagree")))
    return Sighting(role, Location(str(role), 1, uid), claim, edited, str(more.get("owner", "")))


def packet(role: Role, *, revision: int = 2) -> Sighting:
    return Sighting(role, Location(str(role), 1, 50), Claim(Kind.PACKET, 7, revision))


def look(*seen: Sighting, state: State = State.HELD, not_before: datetime | None = None) -> Look:
    return Look(case(state, not_before), {OLD.digest: 1, CURRENT.digest: 2}, seen)


SIGHTS: dict[str, tuple[Look, Event | None, str]] = {
    "moved to Approve": (look(draft(Role.APPROVE, CURRENT)), Event.APPROVE, "approved"),
    "copied to Approve, the original lingers": (
        look(draft(Role.APPROVE, CURRENT), draft(Role.REVIEW, CURRENT)),
        Event.APPROVE,
        "approved",
    ),
    "the packet moved to Approve": (look(packet(Role.APPROVE), draft(Role.REVIEW, CURRENT)), Event.APPROVE, "approved"),
    "edited, then moved": (look(draft(Role.APPROVE, EDITED)), Event.APPROVE, "approved-edited"),
    "edited copy moved, the original lingers": (
        look(draft(Role.APPROVE, EDITED), draft(Role.REVIEW, CURRENT)),
        Event.APPROVE,
        "approved-edited",
    ),
    "moved to Reject": (look(draft(Role.REJECT, CURRENT)), Event.REJECT, "rejected"),
    "the packet moved to Reject": (look(packet(Role.REJECT), draft(Role.REVIEW, CURRENT)), Event.REJECT, "rejected"),
    "in the trash and nowhere else": (look(draft(Role.TRASH, CURRENT)), Event.REJECT, "trashed"),
    "moved to Escalate": (look(draft(Role.ESCALATE, CURRENT)), Event.ESCALATE, "escalated"),
    "edited in Review": (look(draft(Role.REVIEW, EDITED)), Event.REVISE, "edited"),
    "edited into Drafts": (look(draft(Role.DRAFTS, EDITED), draft(Role.REVIEW, CURRENT)), Event.REVISE, "edited"),
    "in Approve and Reject": (look(draft(Role.APPROVE, CURRENT), draft(Role.REJECT, CURRENT)), None, "unclear"),
    "two different edits in Approve": (
        look(draft(Role.APPROVE, EDITED), draft(Role.APPROVE, OTHER_EDIT, uid=2)),
        None,
        "unclear",
    ),
    "an older version in Approve": (look(draft(Role.APPROVE, OLD, revision=1)), None, "unclear"),
    "in Approve while an edit stands in Review": (
        look(draft(Role.APPROVE, CURRENT), draft(Role.REVIEW, EDITED)),
        None,
        "unclear",
    ),
    "an old packet in Approve": (look(packet(Role.APPROVE, revision=1), draft(Role.REVIEW, CURRENT)), None, "unclear"),
    "keys that disagree": (look(draft(Role.APPROVE, CURRENT, disagree=True)), None, "unclear"),
    "text and HTML that disagree": (look(draft(Role.APPROVE, EDITED, conflict="They disagree.")), None, "unclear"),
}


@pytest.mark.parametrize("name", SIGHTS)
def test_a_sight_means_what_the_protocol_says(name: str) -> None:
    seen, event, code = SIGHTS[name]
    gesture = read(seen)
    assert gesture is not None
    assert (gesture.event, gesture.code) == (event, code)


NOTHING: dict[str, Look] = {
    "it stands in Review": look(draft(Role.REVIEW, CURRENT), packet(Role.REVIEW)),
    "it is in no folder: open in mutt or Alpine": look(),
    "only the packet is left": look(packet(Role.REVIEW)),
    "an older copy stands in Review": look(draft(Role.REVIEW, OLD, revision=1), draft(Role.REVIEW, CURRENT, uid=2)),
    "in the trash, and in Review as well": look(draft(Role.TRASH, CURRENT), draft(Role.REVIEW, CURRENT)),
    "an older version in the trash": look(draft(Role.TRASH, OLD, revision=1)),
    "sent already": look(draft(Role.APPROVE, CURRENT), state=State.SENT),
    "rejected already": look(draft(Role.APPROVE, CURRENT), state=State.REJECTED),
    "waiting in Outgoing": look(
        draft(Role.OUTGOING, CURRENT), state=State.APPROVED, not_before=NOW + timedelta(minutes=5)
    ),
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_sight_that_means_nothing_decides_nothing(name: str) -> None:
    assert read(NOTHING[name]) is None


def test_the_grace_period_starts_again_when_the_words_change() -> None:
    first, second = read(look(draft(Role.APPROVE, EDITED))), read(look(draft(Role.APPROVE, OTHER_EDIT)))
    assert first is not None
    assert second is not None
    assert first.key != second.key


def test_a_folder_of_ones_own_names_its_owner() -> None:
    gesture = read(look(draft(Role.APPROVE, CURRENT, owner="anna")))
    assert gesture is not None
    assert gesture.owner == "anna"
