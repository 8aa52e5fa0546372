"""More gestures in neomutt: packets, several at once, automatic answers in Outgoing, and answers that leave no copy."""

from __future__ import annotations

import pytest

from mailhitl.case import State
from tests.interop.conftest import ComeIn, OpenOffice
from tests.interop.office import Office, words

pytestmark = pytest.mark.servers

REFUND = "Hello,\n\nplease refund my order 4711. It came too late – I paid 25 €.\n\nCarla\n"
REVIEW, REJECT, ESCALATE, OUTGOING = (f"Drafts/{name}" for name in ("Review", "Reject", "Escalate", "Outgoing"))
DRAFT, PACKET = "Re: My order", "Review"


def test_a_packet_moved_to_reject_rejects_its_draft(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(PACKET)
    reviewer.move_to(REJECT)
    office.reaches(State.REJECTED)
    office.until("a tidied mailbox", office.tidy)
    assert office.received == []


def test_a_packet_moved_to_escalate_asks_the_next_group(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(PACKET)
    reviewer.move_to(ESCALATE)
    office.until("another group", lambda: office.case.group == "billing")
    office.until("the packet back in Review", lambda: office.packets("Review"))
    assert office.drafts("Review")
    assert office.received == []


def test_several_drafts_are_rejected_with_one_gesture(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND, subject="First order")
    office.customer_writes(REFUND, subject="Second order")
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.move_all_to("^Re: ", REJECT)
    office.until("two rejected", lambda: [case.state for case in office.cases] == [State.REJECTED, State.REJECTED])
    office.until("a tidied mailbox", office.tidy)
    assert office.received == []


def test_a_rejection_that_the_reviewer_syncs_long_afterwards_is_one(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.save_to(REJECT)
    office.reaches(State.REJECTED)
    reviewer.keys("$")
    reviewer.open("INBOX")
    office.rounds(3)
    assert office.tidy()
    assert office.codes == ["review", "rejected"]


def test_an_edit_moved_to_escalate_is_what_the_next_group_sees(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    [draft] = office.drafts("Review")
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.edit("s/billing team/money department/")
    office.until("the edit as the draft", lambda: "edited" in office.codes)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.move_to(ESCALATE)
    office.until("another group", lambda: office.case.group == "billing")
    office.until("the draft back in Review", lambda: office.drafts("Review"))
    assert words(office.drafts("Review")[0]) == words(draft).replace("billing team", "money department")


def test_an_automatic_answer_dragged_out_of_outgoing_is_cancelled(office: Office, come_in: ComeIn) -> None:
    office.customer_writes("When are you open?", subject="Opening hours", folder="Outgoing")
    assert office.case.state is State.APPROVED
    reviewer = come_in(office)
    reviewer.open(OUTGOING)
    reviewer.select("Our opening hours")
    reviewer.move_to(REVIEW)
    office.reaches(State.HELD)
    office.until("a draft in Review", lambda: office.drafts("Review"))
    office.rounds(2)
    assert office.drafts("Outgoing") == []
    assert office.codes[-1] == "cancelled"
    assert office.received == []


def test_an_automatic_answer_that_is_deleted_in_outgoing_does_not_leave(
    open_office: OpenOffice, come_in: ComeIn
) -> None:
    office = open_office(undo="8s")
    office.customer_writes("When are you open?", subject="Opening hours", folder="Outgoing")
    reviewer = come_in(office)
    reviewer.open(OUTGOING)
    reviewer.select("Our opening hours")
    reviewer.delete()
    office.reaches(State.HELD)
    assert office.received == []


def test_an_automatic_answer_that_nobody_touches_leaves(open_office: OpenOffice) -> None:
    office = open_office(undo="1s")
    office.customer_writes("When are you open?", subject="Opening hours", folder="Outgoing")
    assert office.answer()["Subject"] == "Our opening hours"


def test_a_customer_answered_by_a_client_that_keeps_no_copy_is_asked_about(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    reviewer = come_in(office, record="")
    reviewer.select("My order")
    reviewer.reply("1i Done, Carla.")
    reviewer.sync()
    office.until("a mail to the customer", lambda: office.received)
    office.until("the mark as seen", lambda: "answered-mark" in office.codes)
    office.until("a question", lambda: [mail for mail in office.told(office.anna) if "arrived" in words(mail)])
    assert b"\\Answered" in office.source_flags()
    assert office.case.state is State.HELD
    assert len(office.received) == 1
