"""A reviewer works in neomutt on a real server, the daemon looks on, and the customer gets what was meant, once.

Each story begins with a customer's mail and a draft that stands in Review. Whatever is done in folders is done on a
Dovecot with and on one without MOVE, UIDPLUS and IDLE.
"""

from __future__ import annotations

import pytest

from mailhitl.case import State
from tests.interop.conftest import ComeIn, OpenOffice
from tests.interop.office import Office, words

pytestmark = pytest.mark.servers

REFUND = "Hello,\n\nplease refund my order 4711. It came too late – I paid 25 €.\n\nCarla\n"
REVIEW, APPROVE, REJECT, ESCALATE = (f"Drafts/{name}" for name in ("Review", "Approve", "Reject", "Escalate"))
#: The subjects of what stands in Review, as far as they tell the two apart.
DRAFT, PACKET = "Re: My order", "Review"

#: For stories about mails, whose way is the same on every server.
on_one_server = pytest.mark.parametrize("open_office", ["dovecot"], indirect=True)


def test_a_draft_moved_to_approve_reaches_the_customer_word_for_word(office: Office, come_in: ComeIn) -> None:
    question = office.customer_writes(REFUND)
    [draft] = office.drafts("Review")
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.move_to(APPROVE)

    answer = office.answer()
    assert words(answer) == words(draft)
    assert answer["Subject"] == "Re: My order"
    assert answer["In-Reply-To"] == answer["References"] == question
    assert not [name for name in answer if name.lower().startswith("x-")]
    assert office.codes == ["review", "approved", "claim", "accepted"]
    assert b"\\Answered" in office.source_flags()
    [copy] = office.sent()
    assert (copy["Message-ID"], words(copy)) == (answer["Message-ID"], words(answer))


def test_a_draft_edited_where_it_stands_arrives_as_edited(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    [draft] = office.drafts("Review")
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.edit("s/billing team/money department/")
    office.until("the edit as the draft", lambda: "edited" in office.codes)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.move_to(APPROVE)

    assert words(office.answer()) == words(draft).replace("billing team", "money department")
    assert office.codes == ["review", "edited", "approved", "claim", "accepted"]


def test_an_edit_moved_at_once_arrives_as_edited(open_office: OpenOffice, come_in: ComeIn) -> None:
    office = open_office(settle="10m")
    office.customer_writes(REFUND)
    [draft] = office.drafts("Review")
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.edit("s/billing team/money department/")
    reviewer.select(DRAFT)
    reviewer.move_to(APPROVE)

    assert words(office.answer()) == words(draft).replace("billing team", "money department")
    assert office.codes == ["review", "approved-edited", "claim", "accepted"]


def test_a_draft_that_is_open_is_neither_lost_nor_filed_again(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    [draft] = office.drafts("Review")
    reviewer = come_in(office, postponed=REVIEW)
    reviewer.recall(DRAFT, "s/Kind regards/Warm regards/")
    office.rounds(3)
    assert office.drafts("Review") == []
    assert office.case.state is State.HELD

    reviewer.postpone()
    office.until("the edit as the draft", lambda: "edited" in office.codes)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.move_to(APPROVE)
    assert words(office.answer()) == words(draft).replace("Kind regards", "Warm regards")
    assert office.codes == ["review", "edited", "approved", "claim", "accepted"]


def test_a_draft_open_for_too_long_is_put_back_and_the_later_edit_still_counts(
    open_office: OpenOffice, come_in: ComeIn
) -> None:
    office = open_office(restore_after="1s")
    office.customer_writes(REFUND)
    [draft] = office.drafts("Review")
    reviewer = come_in(office, postponed=REVIEW)
    reviewer.recall(DRAFT, "s/Kind regards/Warm regards/")
    office.until("the draft put back", lambda: office.drafts("Review"))

    reviewer.postpone()
    office.until("the edit as the draft", lambda: "edited" in office.codes)
    office.until("one version only", lambda: len(office.drafts("Review")) == 1)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.move_to(APPROVE)
    assert words(office.answer()) == words(draft).replace("Kind regards", "Warm regards")


def test_an_edit_saved_into_drafts_replaces_the_one_in_review(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    [draft] = office.drafts("Review")
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.edit_as_new("s/Kind regards/Warm regards/")
    reviewer.postpone()
    office.until("the edit as the draft", lambda: "edited" in office.codes)
    office.until("no draft in Drafts", lambda: not office.raw("Drafts"))
    office.until("one version only", lambda: len(office.drafts("Review")) == 1)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.move_to(APPROVE)
    assert words(office.answer()) == words(draft).replace("Kind regards", "Warm regards")


@on_one_server
def test_an_answer_to_the_packet_releases_the_draft(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    [draft] = office.drafts("Review")
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(PACKET)
    reviewer.reply("1i approve")

    assert words(office.answer()) == words(draft)
    told = office.until("a word about what was done", lambda: office.told(office.support))
    assert "Approved" in words(told[-1])
    office.rounds(2)
    assert office.codes == ["review", "reply-approve", "claim", "accepted"]
    [approval] = [row for row in office.log(office.case) if row.code == "reply-approve"]
    assert "dmarc=pass" in approval.proof


@on_one_server
def test_an_answer_to_the_packet_in_a_reviewers_own_inbox_carries_a_name(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    [draft] = office.drafts("Review")
    office.until("a packet for Anna", lambda: office.mailed(office.anna))
    anna = come_in(office, office.anna)
    anna.select(PACKET)
    anna.reply("1i approve")

    assert words(office.answer()) == words(draft)
    [approval] = [row for row in office.log(office.case) if row.code == "reply-approve"]
    assert approval.by == f"{office.anna}@demo.test"


@on_one_server
def test_words_written_into_the_answer_to_a_packet_are_sent_instead(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(PACKET)
    reviewer.reply("1i edit:\\nDear Carla,\\n\\nyour money is on its way.\\n\\nAnna\n")

    answer = words(office.answer())
    assert answer.startswith("Dear Carla,\n\nyour money is on its way.\n\nAnna\n")
    assert "> please refund my order 4711." in answer


@on_one_server
def test_a_rejecting_answer_keeps_its_reason_and_leaves_the_question_to_a_person(
    office: Office, come_in: ComeIn
) -> None:
    office.customer_writes(REFUND)
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(PACKET)
    reviewer.reply("1i reject: wrong tone")

    office.reaches(State.REJECTED)
    office.until("a tidied mailbox", office.tidy)
    office.until("a flag on the question", lambda: b"\\Flagged" in office.source_flags())
    assert office.log(office.case)[-1].why == "wrong tone"
    assert office.received == []


@on_one_server
def test_an_answer_without_a_clear_word_does_nothing_and_is_asked_about(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(PACKET)
    reviewer.reply("1i approve? I am not sure.")

    told = office.until("a question back", lambda: office.told(office.support))
    assert "nothing was done" in words(told[-1])
    assert office.case.state is State.HELD
    assert office.received == []


def test_a_draft_moved_to_reject_is_not_sent(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.move_to(REJECT)

    office.reaches(State.REJECTED)
    office.until("a tidied mailbox", office.tidy)
    office.until("a flag on the question", lambda: b"\\Flagged" in office.source_flags())
    assert office.received == []


def test_a_draft_moved_to_escalate_is_asked_about_in_the_next_group(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    [draft] = office.drafts("Review")
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.move_to(ESCALATE)

    office.until("another group", lambda: office.case.group == "billing")
    office.until("the draft back in Review", lambda: office.drafts("Review"))
    assert words(office.drafts("Review")[0]) == words(draft)
    office.until("a packet for Ben", lambda: office.mailed(office.ben))
    assert office.received == []


def test_a_packet_counts_like_its_draft(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    [draft] = office.drafts("Review")
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(PACKET)
    reviewer.move_to(APPROVE)
    assert words(office.answer()) == words(draft)


def test_a_copy_counts_like_a_move_and_what_is_left_is_tidied(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    [draft] = office.drafts("Review")
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.copy_to(APPROVE)
    assert words(office.answer()) == words(draft)
    assert len(office.received) == 1


def test_a_move_that_the_reviewer_syncs_long_afterwards_is_one_approval(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.save_to(APPROVE)
    office.answer()
    reviewer.keys("$")
    reviewer.open("INBOX")
    office.rounds(3)
    assert len(office.received) == 1
    assert office.tidy()
    assert office.codes == ["review", "approved", "claim", "accepted"]


def test_several_drafts_are_approved_with_one_gesture(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND, subject="First order")
    office.customer_writes(REFUND, subject="Second order")
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.move_all_to("^Re: ", APPROVE)
    office.until("two answers", lambda: len(office.received) == 2)
    office.until("a tidied mailbox", office.tidy)
    assert {mail["Subject"] for mail in office.received} == {"Re: First order", "Re: Second order"}


def test_a_draft_taken_back_out_of_approve_is_not_sent(open_office: OpenOffice, come_in: ComeIn) -> None:
    office = open_office(grace="3s")
    office.customer_writes(REFUND, subject="First order")
    office.customer_writes(REFUND, subject="Second order")
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select("Re: First order")
    reviewer.move_to(APPROVE)
    reviewer.open(APPROVE)
    reviewer.select("Re: First order")
    reviewer.move_to(REVIEW)
    reviewer.open(REVIEW)
    reviewer.select("Re: Second order")
    reviewer.move_to(APPROVE)
    # It was moved later, so the other would be gone by now.
    office.until("the other answer", lambda: office.received)
    assert [mail["Subject"] for mail in office.received] == ["Re: Second order"]
    assert [str(mail["Subject"]) for mail in office.drafts("Review")] == ["Re: First order"]


def test_a_deleted_draft_is_no_decision_and_comes_back(open_office: OpenOffice, come_in: ComeIn) -> None:
    office = open_office(restore_after="2s")
    office.customer_writes(REFUND)
    [draft] = office.drafts("Review")
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.delete()
    office.until("the draft gone", lambda: not office.drafts("Review"))
    office.until("the draft put back", lambda: office.drafts("Review"))
    assert words(office.drafts("Review")[0]) == words(draft)
    assert office.case.state is State.HELD
    assert office.received == []


def test_a_draft_thrown_into_the_trash_is_rejected_after_a_while(open_office: OpenOffice, come_in: ComeIn) -> None:
    office = open_office(restore_after="2s")
    office.customer_writes(REFUND)
    reviewer = come_in(office, trash="Trash")
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.delete()
    office.reaches(State.REJECTED)
    assert office.codes[-1] == "trashed"
    assert office.received == []


def test_a_draft_that_the_reviewer_sends_from_review_closes_the_case(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    reviewer = come_in(office, postponed=REVIEW)
    reviewer.recall(DRAFT, "s/Kind regards/Warm regards/")
    reviewer.send()

    assert "Warm regards" in words(office.answer())
    assert office.reaches(State.SUPERSEDED)
    assert office.codes == ["review", "answered-by-hand"]
    assert b"\\Answered" in office.source_flags()
    office.rounds(3)
    assert len(office.received) == 1
    assert office.tidy()


def test_a_copy_of_the_draft_that_the_reviewer_sends_closes_the_case(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    reviewer = come_in(office)
    reviewer.open(REVIEW)
    reviewer.select(DRAFT)
    reviewer.edit_as_new("s/Kind regards/Warm regards/")
    reviewer.send()

    assert "Warm regards" in words(office.answer())
    assert office.reaches(State.SUPERSEDED)
    office.rounds(3)
    assert len(office.received) == 1


def test_a_customer_answered_by_hand_gets_no_second_answer(office: Office, come_in: ComeIn) -> None:
    office.customer_writes(REFUND)
    reviewer = come_in(office)
    reviewer.select("My order")
    reviewer.reply("1i Done, Carla.")
    assert words(office.answer()).startswith("Done, Carla.")
    assert office.reaches(State.SUPERSEDED)
    office.rounds(3)
    assert len(office.received) == 1
