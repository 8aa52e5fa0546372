"""What must never happen, however the mailbox, the servers and the people behave (safety checklist, by its numbers)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailhitl.backends.memory import Answer
from mailhitl.case import Event, State
from mailhitl.daemon import cycle, outbox
from mailhitl.delivery import Phase, Status
from mailhitl.errors import TemporaryFailure
from tests.story.world import World, letter, parsed, text_of

MINUTE = timedelta(seconds=61)
REFUND = "Hello,\n\nplease refund my order 4711.\n\nAnn"
ANN = "ann@customer.test"


def approve(world: World) -> None:
    """A reviewer moves the one draft, and the grace period passes."""
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.run(later=MINUTE)


def held(world: World, text: str = REFUND, **about: str) -> None:
    world.customer_writes(text, **about)
    world.run()
    assert world.cases[-1].state is State.HELD


# -- 2, 3, 5: what the SMTP server does


def test_2_a_cut_after_the_final_dot_is_never_sent_again_by_itself(world: World) -> None:
    held(world)
    world.transport.answers(Answer(Status.UNKNOWN, Phase.BODY, "connection lost", delivered=True))
    approve(world)
    world.run(later=timedelta(days=1))
    assert len(world.sent_to(ANN)) == 1
    assert world.case.state is State.HELD
    packet = text_of(world.packet_for("anna@example.com"))
    assert "may have gone out" in str(world.packet_for("anna@example.com")["Subject"])
    assert "arrived" in packet


def test_2_a_person_says_that_it_arrived_and_the_case_is_closed(world: World) -> None:
    held(world)
    world.transport.answers(Answer(Status.UNKNOWN, Phase.BODY, "connection lost", delivered=True))
    approve(world)
    world.answers(world.packet_for("anna@example.com"), "arrived")
    world.run()
    assert world.case.state is State.SUPERSEDED
    assert len(world.sent_to(ANN)) == 1


def test_2_sent_again_by_a_person_it_keeps_its_message_id(world: World) -> None:
    held(world)
    world.transport.answers(Answer(Status.UNKNOWN, Phase.BODY, "connection lost", delivered=True))
    approve(world)
    world.answers(world.packet_for("anna@example.com"), "approve")
    world.run()
    first, second = world.sent_to(ANN)
    assert first["Message-ID"] == second["Message-ID"]
    assert world.case.state is State.SENT


@pytest.mark.parametrize("phase", [Phase.CONNECT, Phase.GREET, Phase.MAIL, Phase.RCPT, Phase.DATA])
def test_3_a_cut_before_the_body_is_tried_again_and_delivered_once(world: World, phase: Phase) -> None:
    held(world)
    world.transport.answers(Answer(Status.DEFERRED, phase, "connection lost"))
    approve(world)
    assert world.case.state is State.APPROVED
    world.run(later=timedelta(minutes=2))
    assert len(world.sent_to(ANN)) == 1
    assert world.case.state is State.SENT


def test_5_temporary_refusals_are_waited_out_for_days_and_survive_a_restart(world: World) -> None:
    held(world)
    world.transport.answers(*[Answer(Status.DEFERRED, Phase.RCPT, "451 later")] * 60)
    approve(world)
    waited = timedelta(0)
    while world.case.state is State.APPROVED:
        assert world.case.not_before is not None
        step = world.case.not_before - world.now
        waited += step
        world.restart()
        world.run(later=step)
    assert waited >= timedelta(days=4)
    assert world.case.state is State.HELD
    assert "451 later" in text_of(world.packet_for("anna@example.com"))


def test_5_a_permanent_refusal_goes_back_to_a_person_with_the_servers_words(world: World) -> None:
    held(world)
    world.transport.answers(Answer(Status.REFUSED, Phase.RCPT, "550 5.1.1 no such user"))
    approve(world)
    world.run(later=timedelta(days=6))
    assert world.sent_to(ANN) == []
    assert world.case.state is State.HELD
    assert "550 5.1.1 no such user" in text_of(world.packet_for("anna@example.com"))


def test_5_a_recipient_who_was_accepted_never_gets_a_second_copy(world: World) -> None:
    held(world, Cc="bob@customer.test, eve@customer.test")
    bob, eve = frozenset({"bob@customer.test"}), frozenset({"eve@customer.test"})
    world.transport.answers(Answer(Status.DEFERRED, Phase.RCPT, "451 later", only=bob | eve))
    approve(world)
    assert (len(world.sent_to(ANN)), len(world.sent_to("bob@customer.test"))) == (1, 0)
    world.transport.answers(Answer(Status.REFUSED, Phase.RCPT, "550 gone", only=eve))
    world.run(later=timedelta(minutes=2))
    assert (len(world.sent_to(ANN)), len(world.sent_to("bob@customer.test"))) == (1, 1)
    assert world.case.state is State.HELD
    assert "550 gone" in text_of(world.packet_for("anna@example.com"))


# -- 7, 8: identity of the customer's mail


def test_7_a_new_uidvalidity_answers_nothing_again_and_skips_nothing_new(world: World) -> None:
    held(world)
    approve(world)
    world.box.reset_uidvalidity("INBOX")
    world.customer_writes(REFUND, subject="Another order")
    world.run()
    assert [case.state for case in world.cases] == [State.SENT, State.HELD]
    assert len(world.sent_to(ANN)) == 1
    assert any("rebuilt" in str(mail["Subject"]) for mail in world.sent_to("anna@example.com"))


def test_8_different_mails_under_one_message_id_are_all_cases(world: World) -> None:
    world.customer_writes(REFUND, message_id="<same@customer.test>")
    world.customer_writes("Something else entirely.", message_id="<same@customer.test>", subject="Other")
    world.run()
    assert len(world.cases) == 2


def test_8_the_same_mail_delivered_again_is_one_case(world: World) -> None:
    raw = letter(REFUND, message_id="<once@customer.test>")
    world.box.deliver("INBOX", raw)
    world.run()
    world.box.deliver(
        "INBOX", b"Received: from elsewhere by mx.example.com\r\nDelivered-To: help@example.com\r\n" + raw
    )
    world.run()
    assert len(world.cases) == 1


def test_8_mails_without_a_message_id_are_told_apart_by_their_words(world: World) -> None:
    first, second = letter(REFUND), letter("Please refund order 4712.")
    world.box.deliver("INBOX", first)
    world.box.deliver("INBOX", second)
    world.box.deliver("INBOX", first)
    world.run()
    assert len(world.cases) == 2


# -- 10: two at once


def test_10_a_case_that_another_process_has_claimed_is_left_alone(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.now += MINUTE
    cycle.RUNNERS["watch"](world.app)
    stale = world.case
    outbox.run_once(world.app)
    assert world.case.state is State.SENT
    assert stale.version < world.case.version
    outbox.run_once(world.app)
    assert len(world.sent_to(ANN)) == 1


# -- 11, 12: what was approved is what is sent


def test_11_an_old_packet_cannot_release_a_changed_draft(world: World) -> None:
    held(world)
    old = world.packet_for("anna@example.com")
    [draft] = world.standing("review")
    world.edits(draft, "Kind regards", "Best wishes")
    world.run()
    world.run(later=timedelta(seconds=91))
    world.answers(old, "approve")
    world.run()
    assert world.sent_to(ANN) == []
    assert "changed" in text_of(world.sent_to("anna@example.com")[-1])


def test_12_an_edit_that_adds_a_stranger_needs_a_second_confirmation(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    raw = world.raw(draft).replace(b"To: ann@customer.test", b"To: ann@customer.test, eve@evil.test")
    world.box.remove([draft])
    world.box.deliver(world.app.folders.approve, raw)
    world.run()
    world.run(later=MINUTE)
    assert world.sent_to(ANN) == []
    assert world.case.state is State.HELD
    assert "eve@evil.test" in text_of(world.packet_for("anna@example.com"))
    assert world.standing("approve") == []
    world.run(later=timedelta(hours=1))
    assert world.sent_to(ANN) == []
    approve(world)
    assert len(world.sent_to("eve@evil.test")) == 1


# -- 13, 14, 17, 18: who may approve


def test_13_an_approval_that_nobody_vouches_for_does_nothing(world: World) -> None:
    held(world)
    packet = world.packet_for("anna@example.com")
    forged = letter("approve", sender="Anna <anna@example.com>", In_Reply_To=str(packet["Message-ID"]))
    world.box.deliver("INBOX", forged.replace(b"dmarc=pass", b"dmarc=fail"))
    world.run(later=MINUTE)
    assert world.sent_to(ANN) == []
    assert world.case.state is State.HELD


def test_13_a_token_from_somebody_elses_address_is_burned_and_told(world: World) -> None:
    held(world)
    packet = world.packet_for("anna@example.com")
    world.answers(packet, "approve", sender="Eve <eve@evil.test>")
    world.run()
    assert world.sent_to(ANN) == []
    assert any("no reviewer" in str(mail["Subject"]) for mail in world.sent_to("anna@example.com"))
    world.answers(packet, "approve")
    world.run()
    assert world.sent_to(ANN) == []


def test_18_an_out_of_office_that_quotes_the_packet_decides_nothing(world: World) -> None:
    held(world)
    packet = world.packet_for("anna@example.com")
    world.answers(packet, "approve", Auto_Submitted="auto-replied")
    world.run(later=MINUTE)
    assert world.sent_to(ANN) == []
    assert world.case.state is State.HELD


def test_21_a_customer_who_knows_our_ids_is_still_a_customer(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    world.customer_writes(
        "approve",
        sender="Eve <eve@evil.test>",
        In_Reply_To=str(parsed(world.raw(draft))["Message-ID"]),
        X_Mailhitl_Approval=str(parsed(world.raw(draft))["X-Mailhitl-Approval"]),
    )
    world.run(later=MINUTE)
    assert world.sent_to(ANN) == []
    assert len(world.cases) == 2


# -- 22, 23: folders


def test_22_foreign_mail_in_approve_is_never_sent_and_goes_back_with_a_note(world: World) -> None:
    world.box.deliver(world.app.folders.approve, letter("Buy now!", subject="Newsletter", sender="shop@shop.test"))
    world.run()
    world.run(later=MINUTE)
    assert world.sent_to("shop@shop.test") == []
    assert world.box.locations(world.app.folders.approve) == []
    assert len(world.cases) == 1, "it is in the inbox, where somebody looks after it"
    assert any("not one of our drafts" in str(mail["Subject"]) for mail in world.sent_to("anna@example.com"))


def test_23_a_copied_draft_is_sent_once_and_every_copy_is_tidied_up(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    world.box.copy(draft, world.app.folders.approve)
    world.box.copy(draft, world.app.folders.approve)
    world.run()
    world.run(later=MINUTE)
    assert len(world.sent_to(ANN)) == 1
    assert world.standing("review") + world.standing("approve") == []


def test_23_a_copy_that_turns_up_later_is_tidied_up_and_not_sent(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    raw = world.raw(draft)
    approve(world)
    world.box.deliver(world.app.folders.approve, raw)
    world.run(later=MINUTE)
    world.run(later=MINUTE)
    assert len(world.sent_to(ANN)) == 1
    assert world.standing("approve") == []


def test_23_approved_and_deleted_within_the_grace_period_is_not_sent(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.box.remove(world.standing("approve"))
    world.run(later=timedelta(minutes=5))
    assert world.sent_to(ANN) == []
    assert world.case.state is State.HELD


def test_a_draft_that_vanished_is_put_back_after_a_while_and_nothing_else(world: World) -> None:
    held(world)
    world.box.remove(world.standing("review"))
    world.run(later=timedelta(minutes=5))
    assert world.standing("review") == []
    world.run(later=timedelta(minutes=31))
    assert len(world.standing("review")) == 1
    assert world.sent_to(ANN) == []


def test_a_draft_that_lies_in_the_trash_is_rejected_and_not_put_back(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    raw = world.raw(draft)
    # mutt copies and deletes in two steps: a look in between sees it nowhere.
    world.box.remove([draft])
    world.run()
    world.box.deliver("Trash", raw)
    world.run(later=timedelta(minutes=1))
    world.run(later=timedelta(minutes=29, seconds=30))
    assert world.standing("review") == []
    world.run(later=timedelta(minutes=1))
    assert world.case.state is State.REJECTED
    assert world.standing("review") == []


# -- 37, 38: the mailbox breaks between two steps


def test_37_a_cut_after_the_append_leaves_one_draft(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    raw = world.raw(draft)
    world.customer_writes("Please refund order 4713", subject="Second", sender="Bob <bob@customer.test>")
    world.box.fail_next("append", TemporaryFailure("cut"))
    with pytest.raises(TemporaryFailure):
        cycle.run_once(world.app)
    world.run()
    assert len(world.standing("review")) == 2
    world.box.remove(world.standing("review"))
    assert raw


def test_38_when_only_the_sent_copy_fails_only_that_is_tried_again(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.now += MINUTE
    world.box.fail_next("append", TemporaryFailure("over quota"))
    with pytest.raises(TemporaryFailure):
        cycle.run_once(world.app)
    assert world.case.state is State.SENT
    world.restart()
    world.run()
    assert len(world.sent_to(ANN)) == 1
    assert len(world.box.locations("Sent")) == 1
    assert "\\Answered" in world.flags(world.case)


# -- pause


def test_a_pause_holds_everything_back_and_a_resume_lets_it_go(world: World) -> None:
    held(world)
    world.store.switches.set("pause", "all", "admin", world.now)
    approve(world)
    assert world.sent_to(ANN) == []
    world.store.switches.set("pause", "", "admin", world.now)
    world.run()
    assert len(world.sent_to(ANN)) == 1


def test_every_send_has_an_approval_of_exactly_its_words_in_the_log(world: World) -> None:
    held(world)
    approve(world)
    log = world.store.cases.log(world.case)
    [approval] = [row for row in log if row.event is Event.APPROVE]
    [accepted] = [row for row in log if row.event is Event.ACCEPT]
    assert approval.draft_digest == accepted.draft_digest == world.case.draft_digest
    assert world.store.broken() == ""
