"""The product's whole promise, told as conversations."""

from __future__ import annotations

from datetime import timedelta

from mailhitl.case import State
from tests.story.world import World, letter, text_of

MINUTE = timedelta(seconds=61)
REFUND = "Hello,\n\nplease refund my order 4711.\n\nAnn"


def test_a_held_answer_leaves_only_after_a_reviewer_moves_it(world: World) -> None:
    question = world.customer_writes(REFUND)
    world.run()
    assert world.case.state is State.HELD
    assert world.sent_to("ann@customer.test") == []

    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    assert world.sent_to("ann@customer.test") == [], "the grace period runs"
    world.run(later=MINUTE)

    [answer] = world.sent_to("ann@customer.test")
    assert answer["In-Reply-To"] == question
    assert world.case.state is State.SENT
    assert "\\Answered" in world.flags(world.case)
    assert len(world.box.locations("Sent")) == 1
    assert world.standing("review") + world.standing("approve") == []


def test_an_obvious_question_is_answered_without_a_person(world: World) -> None:
    world.customer_writes("When are you open?", subject="Opening hours")
    world.run()
    [answer] = world.sent_to("ann@customer.test")
    assert answer["Auto-Submitted"] == "auto-replied"
    assert world.case.state is State.SENT


def test_the_words_the_reviewer_wrote_are_the_words_that_are_sent(world: World) -> None:
    world.customer_writes(REFUND)
    world.run()
    [draft] = world.standing("review")
    world.edits(draft, "Example Support", "Anna from Example Support")
    [edited] = world.standing("review")
    world.moves(edited, "approve")
    world.run()
    world.run(later=MINUTE)
    [answer] = world.sent_to("ann@customer.test")
    assert "Anna from Example Support" in text_of(answer)
    assert [row.code for row in world.store.cases.log(world.case) if row.code.startswith("approved")] == [
        "approved-edited"
    ]


def test_a_reviewer_approves_by_answering_the_packet(world: World) -> None:
    world.customer_writes(REFUND)
    world.run()
    world.answers(world.packet_for("anna@example.com"), "approve")
    world.run()
    assert len(world.sent_to("ann@customer.test")) == 1
    [approval] = [row for row in world.store.cases.log(world.case) if row.code == "reply-approve"]
    assert approval.by == "anna@example.com"
    assert "dmarc=pass" in approval.proof
    assert "Approved" in text_of(world.sent_to("anna@example.com")[-1])


def test_a_rejected_answer_stays_a_question_for_a_person(world: World) -> None:
    world.customer_writes(REFUND)
    world.run()
    world.answers(world.packet_for("anna@example.com"), "reject: wrong tone")
    world.run(later=MINUTE)
    assert world.case.state is State.REJECTED
    assert world.sent_to("ann@customer.test") == []
    assert "\\Flagged" in world.flags(world.case)
    assert [row.why for row in world.store.cases.log(world.case)][-1] == "wrong tone"


def test_an_escalated_draft_is_asked_about_in_the_next_group(world: World) -> None:
    world.customer_writes(REFUND)
    world.run()
    [draft] = world.standing("review")
    world.moves(draft, "escalate")
    world.run()
    world.run(later=MINUTE)
    assert world.case.group == "billing"
    assert len(world.standing("review")) == 1
    assert world.standing("escalate") == []
    assert world.packet_for("ben@example.com")


def test_a_blocked_mail_gets_no_draft_and_is_flagged_for_a_person(world: World) -> None:
    world.customer_writes("My lawyer will write to you. Refund me.")
    world.run()
    assert world.case.state is State.HELD
    assert world.standing("review") == []
    assert len(world.standing("review", packet=True)) == 1
    assert "\\Flagged" in world.flags(world.case)


def test_without_a_template_nothing_is_invented(world: World) -> None:
    world.customer_writes("Do you know the way to San Jose?")
    world.run()
    [skeleton] = world.standing("review")
    world.moves(skeleton, "approve")
    world.run()
    world.run(later=MINUTE)
    assert world.sent_to("ann@customer.test") == []
    assert world.case.state is State.HELD
    assert len(world.standing("review")) == 1


def test_machines_are_not_answered(world: World) -> None:
    world.customer_writes("When are you open?", Auto_Submitted="auto-replied")
    world.run()
    assert world.case.state is State.SKIPPED
    assert world.transport.sent == []


def test_a_draft_taken_back_within_the_grace_period_is_not_sent(world: World) -> None:
    world.customer_writes(REFUND)
    world.run()
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run(later=timedelta(seconds=30))
    [moved] = world.standing("approve")
    world.moves(moved, "review")
    world.run(later=timedelta(minutes=10))
    assert world.sent_to("ann@customer.test") == []
    assert world.case.state is State.HELD


def test_a_customer_who_writes_again_gets_one_answer(world: World) -> None:
    first = world.customer_writes(REFUND)
    world.run()
    world.customer_writes("PS: please refund the shipping too.", In_Reply_To=first, References=first)
    world.run()
    assert [case.state for case in world.cases] == [State.SUPERSEDED, State.HELD]
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.run(later=MINUTE)
    assert len(world.sent_to("ann@customer.test")) == 1


def test_an_answer_by_hand_closes_the_case(world: World) -> None:
    question = world.customer_writes(REFUND)
    world.run()
    world.box.deliver(
        "Sent",
        letter(
            "Done, Ann.",
            sender="Example Support <support@example.com>",
            to="ann@customer.test",
            message_id="<by-hand@example.com>",
            In_Reply_To=question,
        ),
    )
    world.run()
    assert world.case.state is State.SUPERSEDED
    assert world.standing("review") + world.standing("review", packet=True) == []
    assert "\\Answered" in world.flags(world.case)
