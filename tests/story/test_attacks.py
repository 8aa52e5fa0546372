"""What a fresh pair of eyes tried in order to make the agent send, send twice or forget: on the way
out, and while an answer waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.backends.memory import Answer
from mailhitl.case import Event, State
from mailhitl.daemon import cycle, outbox
from mailhitl.decision import Finding
from mailhitl.delivery import Handover, Phase, Status
from mailhitl.draft import Draft
from mailhitl.mail.message import Message
from tests.story.world import CONFIG, World, text_of

MINUTE = timedelta(seconds=61)
REFUND = "Hello,\n\nplease refund my order 4711.\n\nAnn"
OPENING = "When are you open?"
ANN = "ann@customer.test"
LATER = Answer(Status.DEFERRED, Phase.RCPT, "451 later")
LOST = Answer(Status.UNKNOWN, Phase.BODY, "connection lost", delivered=True)


def held(world: World, text: str = REFUND, **about: str) -> None:
    world.customer_writes(text, **about)
    world.run()
    assert world.cases[-1].state is State.HELD


def state(world: World) -> State:
    return world.case.state


def approve(world: World) -> None:
    """A reviewer moves the one draft, and the grace period passes."""
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.run(later=MINUTE)


@pytest.fixture
def patient(tmp_path: Path) -> World:
    """A world whose automatic answers can be stopped for five minutes."""
    return World(tmp_path, CONFIG.replace('then = "send"', 'then = "send"\nundo = "5m"'))


# -- two daemons


def test_a_daemon_that_was_frozen_before_the_body_cannot_send_what_another_has_taken_over(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.now += MINUTE
    cycle.RUNNERS["watch"](world.app)
    hand_over = world.transport.hand_over

    def frozen(raw: bytes, sender: str, recipients: list[str], *, on_phase: Callable[[Phase], None]) -> Handover:
        world.transport.hand_over = hand_over  # type: ignore[method-assign]
        world.run()  # the other daemon: it takes the case over and sends
        return hand_over(raw, sender, recipients, on_phase=on_phase)

    world.transport.hand_over = frozen  # type: ignore[assignment,method-assign]
    outbox.run_once(world.app)
    assert len(world.sent_to(ANN)) == 1
    assert state(world) is State.SENT


def test_two_daemons_that_have_both_read_an_approved_case_send_it_once(world: World) -> None:
    held(world)
    world.answers(world.packet_for("anna@example.com"), "approve")
    for runner in ("intake", "watch"):
        cycle.RUNNERS[runner](world.app)
    assert state(world) is State.APPROVED
    frame = world.app.drafting.frame

    def slow(draft: Draft, body: str) -> str | None:
        world.run()  # the other daemon is through before this one has composed the mail
        return frame(draft, body)

    slow_app = replace(world.app, drafting=replace(world.app.drafting, frame=slow))
    assert outbox.run_once(slow_app) == 0
    assert len(world.sent_to(ANN)) == 1
    assert state(world) is State.SENT
    assert world.store.broken() == ""


def test_a_daemon_that_stood_still_before_it_claims_sets_nothing_aside(world: World) -> None:
    world.customer_writes(OPENING, subject="Opening hours")
    for runner in ("intake", "judging", "watch"):
        cycle.RUNNERS[runner](world.app)
    assert state(world) is State.APPROVED
    world.transport.answers(LOST)
    findings = world.app.drafting.findings

    def slow(draft: Draft, message: Message) -> tuple[Finding, ...]:
        if state(world) is State.APPROVED:
            world.run()  # the other daemon's hand-over breaks, and people are asked whether it arrived
        return findings(draft, message)

    slow_app = replace(world.app, drafting=replace(world.app.drafting, findings=slow))
    assert outbox.run_once(slow_app) == 0
    assert state(world) is State.HELD
    assert world.store.broken() == ""


# -- waiting for the server, and for a change of mind


def test_an_answer_that_a_person_approved_is_not_held_because_the_server_says_later(world: World) -> None:
    held(world)
    world.transport.answers(*[LATER] * 4)
    approve(world)
    for _ in range(40):
        world.run(later=timedelta(seconds=31))
    assert state(world) is State.SENT
    assert len(world.sent_to(ANN)) == 1


def test_an_answer_approved_by_mail_is_not_shown_in_outgoing_while_it_waits_for_the_server(world: World) -> None:
    held(world)
    world.transport.answers(*[LATER] * 4)
    world.answers(world.packet_for("anna@example.com"), "approve")
    world.run()
    assert state(world) is State.APPROVED
    assert world.standing("outgoing") == []
    for _ in range(40):
        world.run(later=timedelta(seconds=31))
    assert state(world) is State.SENT


def test_a_draft_dragged_out_of_approve_while_it_waits_for_the_server_is_withdrawn(world: World) -> None:
    held(world)
    world.transport.answers(*[LATER] * 7)
    approve(world)
    world.run(later=timedelta(hours=1))
    [draft] = world.standing("approve")
    world.moves(draft, "review")
    world.run(later=timedelta(days=1))
    assert world.sent_to(ANN) == []
    assert state(world) is State.HELD
    assert len(world.standing("review")) == 1


@pytest.mark.parametrize("folder", ["review", "reject", "escalate"])
def test_a_draft_dragged_out_of_approve_during_a_pause_is_withdrawn(world: World, folder: str) -> None:
    held(world)
    world.store.switches.set("pause", "all", "admin", world.now)
    approve(world)
    [draft] = world.standing("approve")
    world.moves(draft, folder)
    world.run()
    world.store.switches.set("pause", "", "admin", world.now)
    world.run(later=timedelta(hours=1))
    assert world.sent_to(ANN) == []
    assert state(world) is not State.APPROVED


def test_a_draft_dragged_out_between_the_look_and_the_send_is_not_sent(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.now += MINUTE
    cycle.RUNNERS["watch"](world.app)
    assert state(world) is State.APPROVED
    [approved] = world.standing("approve")
    world.moves(approved, "review")
    outbox.run_once(world.app)
    world.run(later=MINUTE)
    assert world.sent_to(ANN) == []
    assert state(world) is State.HELD


def test_a_draft_that_is_edited_in_approve_while_it_waits_is_not_sent_as_it_was(world: World) -> None:
    held(world)
    world.transport.answers(*[LATER] * 7)
    approve(world)
    world.run(later=timedelta(hours=1))
    [draft] = world.standing("approve")
    world.edits(draft, "Kind regards", "Best wishes", folder="approve")
    world.run(later=timedelta(hours=4))
    assert all("Best wishes" in text_of(mail) for mail in world.sent_to(ANN))


def test_an_automatic_answer_that_the_server_defers_goes_out_later(world: World) -> None:
    world.transport.answers(LATER)
    world.customer_writes(OPENING, subject="Opening hours")
    for runner in ("intake", "judging", "outbox"):
        cycle.RUNNERS[runner](world.app)  # and then the power goes, before anything is filed
    world.restart()
    world.run(later=timedelta(minutes=10))
    assert len(world.sent_to(ANN)) == 1
    assert state(world) is State.SENT


def test_an_undo_window_that_nobody_could_see_is_given_again(patient: World) -> None:
    patient.customer_writes(OPENING, subject="Opening hours")
    for runner in ("intake", "judging"):
        cycle.RUNNERS[runner](patient.app)
    patient.restart()
    patient.run(later=timedelta(minutes=10))
    assert patient.sent_to(ANN) == [], "nobody could stop it yet"
    assert len(patient.standing("outgoing")) == 1
    patient.run(later=timedelta(minutes=6))
    assert len(patient.sent_to(ANN)) == 1


@pytest.mark.parametrize("folder", ["review", "reject", "approve"])
def test_an_automatic_answer_dragged_out_of_outgoing_waits_for_a_person(patient: World, folder: str) -> None:
    patient.customer_writes(OPENING, subject="Opening hours")
    patient.run()
    [draft] = patient.standing("outgoing")
    patient.moves(draft, folder)
    patient.run(later=timedelta(minutes=2))
    assert state(patient) in (State.HELD, State.REJECTED) or folder == "approve"
    patient.run(later=timedelta(minutes=10))
    approvals = [row.channel for row in patient.store.cases.log(patient.case) if row.event is Event.APPROVE]
    assert len(patient.sent_to(ANN)) == (folder == "approve")
    assert len(approvals) == 1 + (folder == "approve")


def test_an_automatic_answer_that_somebody_edits_in_outgoing_is_not_sent_as_it_was(patient: World) -> None:
    patient.customer_writes(OPENING, subject="Opening hours")
    patient.run()
    [draft] = patient.standing("outgoing")
    raw = patient.raw(draft).replace(b"Kind regards", b"Best wishes")
    assert raw != patient.raw(draft)
    patient.box.remove([draft])
    patient.box.deliver(patient.app.folders.outgoing, raw, flags=("\\Draft",))
    patient.run(later=timedelta(minutes=10))
    assert patient.sent_to(ANN) == []
    assert state(patient) is State.HELD
    patient.run(later=timedelta(minutes=2))
    approve(patient)
    [answer] = patient.sent_to(ANN)
    assert "Best wishes" in text_of(answer)


def test_an_answer_held_back_at_the_last_moment_leaves_nothing_in_outgoing(patient: World) -> None:
    patient.customer_writes(OPENING, subject="Opening hours")
    patient.run()
    patient.box.remove(patient.standing("outgoing"))
    patient.run(later=timedelta(minutes=6))
    assert state(patient) is State.HELD
    assert patient.standing("outgoing") == []
    assert len(patient.standing("review")) == 1


# -- after a send that failed


def test_a_second_copy_in_approve_does_not_send_a_lost_answer_again(world: World) -> None:
    held(world)
    world.transport.answers(LOST)
    [draft] = world.standing("review")
    world.box.copy(draft, world.app.folders.approve)
    world.box.copy(draft, world.app.folders.approve)
    world.run()
    world.now += MINUTE
    for runner in ("watch", "outbox"):
        cycle.RUNNERS[runner](world.app)
    assert state(world) is State.HELD
    world.box.move(world.standing("approve")[0], world.app.folders.review)  # and then the connection broke
    world.restart()
    world.run(later=MINUTE)
    world.run(later=timedelta(hours=1))
    assert len(world.sent_to(ANN)) == 1


def test_approve_numbered_anew_does_not_send_a_lost_answer_again(world: World) -> None:
    held(world)
    world.transport.answers(LOST)
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.now += MINUTE
    for runner in ("watch", "outbox"):
        cycle.RUNNERS[runner](world.app)
    world.box.reset_uidvalidity(world.app.folders.approve)
    world.restart()
    world.run(later=MINUTE)
    world.run(later=timedelta(hours=1))
    assert len(world.sent_to(ANN)) == 1
    assert state(world) is State.HELD


def test_a_lost_answer_is_sent_again_when_a_person_moves_its_draft_again(world: World) -> None:
    held(world)
    world.transport.answers(LOST)
    approve(world)
    world.run(later=timedelta(hours=1))
    approve(world)
    assert len(world.sent_to(ANN)) == 2
    assert state(world) is State.SENT


def test_an_approval_of_before_a_loss_does_not_count_towards_the_next(tmp_path: Path) -> None:
    four_eyes = CONFIG.replace('reviewers = "support"', 'reviewers = "support"\napprovals = 2')
    world = World(tmp_path, four_eyes.replace('groups = ["billing"]', 'groups = ["support"]'))
    held(world)
    world.transport.answers(LOST)
    world.answers(world.packet_for("anna@example.com"), "approve")
    world.answers(world.packet_for("ben@example.com"), "approve", sender="Ben <ben@example.com>")
    world.run()
    assert state(world) is State.HELD
    world.answers(world.packet_for("ben@example.com"), "approve", sender="Ben <ben@example.com>")
    world.run()
    assert len(world.sent_to(ANN)) == 1
    assert state(world) is State.HELD


def test_new_words_reach_everybody_although_the_old_ones_reached_some(world: World) -> None:
    held(world, Cc="bob@customer.test")
    bob = frozenset({"bob@customer.test"})
    world.transport.answers(Answer(Status.REFUSED, Phase.RCPT, "550 gone", only=bob))
    approve(world)
    assert state(world) is State.HELD
    [draft] = world.standing("review")
    raw = world.raw(draft).replace(b"Kind regards", b"Best wishes").replace(b"Cc: bob@customer.test\r\n", b"")
    world.box.remove([draft])
    world.box.deliver(world.app.folders.approve, raw, flags=("\\Draft",))
    world.run(later=MINUTE)
    world.run(later=MINUTE)
    assert state(world) is State.SENT
    assert "Best wishes" in text_of(world.sent_to(ANN)[-1])
