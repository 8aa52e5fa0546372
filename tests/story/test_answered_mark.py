"""The answered mark on a customer's mail, set by somebody else: nothing is sent twice, and nobody is forgotten."""

from __future__ import annotations

from datetime import timedelta

from mailhitl.backends.memory import Answer
from mailhitl.case import State
from mailhitl.daemon.marks import ANSWERED_MARK
from mailhitl.delivery import Phase, Status
from mailhitl.ports.mailbox import Location
from tests.story.world import World, letter, text_of

MINUTE = timedelta(seconds=61)
SETTLED = timedelta(seconds=91)
ANN, ANNA = "ann@customer.test", "anna@example.com"


def marks(world: World) -> None:
    """Somebody's client marks the customer's mail, as it does when they send an answer."""
    case = world.cases[0]
    world.box.flag(Location(case.folder, case.uidvalidity, case.uid), add=("\\Answered",))


def questions(world: World) -> list[str]:
    return [text for mail in world.sent_to(ANNA) if "note on case" in str(mail["Subject"]) for text in [text_of(mail)]]


def held(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    assert world.case.state is State.HELD


def test_a_marked_mail_is_not_answered_by_a_machine(world: World) -> None:
    raw = letter("When are you open?", subject="Opening hours", message_id="<1@customer.test>")
    world.box.deliver("INBOX", raw, flags=("\\Answered",))
    world.run()
    world.run(later=SETTLED)
    assert world.case.state is State.HELD
    assert world.sent_to(ANN) == []
    assert "say “arrived”" in text_of(world.packet_for(ANNA))


def test_people_are_asked_once_when_the_answer_s_copy_had_time_to_turn_up(world: World) -> None:
    held(world)
    marks(world)
    world.run()
    assert questions(world) == []
    for _ in range(3):
        world.run(later=SETTLED)
    [question] = questions(world)
    assert "no copy of an answer has been found" in question
    assert world.case.state is State.HELD
    assert len(world.standing("review")) == 1
    assert len([row for row in world.store.cases.log(world.case) if row.code == ANSWERED_MARK]) == 1


def test_a_copy_in_sent_that_comes_later_than_the_mark_closes_the_case_and_nobody_is_asked(world: World) -> None:
    held(world)
    marks(world)
    world.run()
    world.box.deliver(
        "Sent",
        letter(
            "Dear Ann, it is on its way.",
            sender="Example Support <support@example.com>",
            to=ANN,
            message_id="<by-hand@example.com>",
            In_Reply_To="<letter-1@customer.test>",
        ),
    )
    world.run(later=SETTLED)
    assert world.case.state is State.SUPERSEDED
    assert questions(world) == []


def test_whoever_says_that_the_answer_has_arrived_closes_the_case(world: World) -> None:
    held(world)
    marks(world)
    world.run()
    world.run(later=SETTLED)
    world.answers(world.packet_for(ANNA), "arrived")
    world.run()
    assert world.case.state is State.SUPERSEDED
    assert world.sent_to(ANN) == []


def test_whoever_approves_all_the_same_is_not_asked_again(world: World) -> None:
    held(world)
    marks(world)
    world.run()
    world.moves(world.standing("review")[0], "approve")
    world.run()
    world.run(later=MINUTE)
    assert world.case.state is State.SENT
    assert len(world.sent_to(ANN)) == 1


def test_an_answer_that_the_server_has_put_off_is_taken_back_when_the_mark_appears(world: World) -> None:
    held(world)
    world.transport.answers(Answer(Status.DEFERRED, Phase.RCPT, "451 4.7.1 later"))
    world.moves(world.standing("review")[0], "approve")
    world.run()
    world.run(later=MINUTE)
    assert world.case.state is State.APPROVED
    marks(world)
    world.run(later=timedelta(hours=1))
    assert world.case.state is State.HELD
    assert world.sent_to(ANN) == []
    world.run(later=SETTLED)
    assert len(questions(world)) == 1
    world.answers(world.packet_for(ANNA), "approve")
    world.run()
    assert world.case.state is State.SENT


def test_the_mark_that_we_set_ourselves_asks_nothing(world: World) -> None:
    held(world)
    world.answers(world.packet_for(ANNA), "approve")
    world.run()
    assert "\\Answered" in world.flags(world.case)
    world.run(later=SETTLED)
    assert questions(world) == []


def test_what_was_seen_outlasts_a_restart(world: World) -> None:
    held(world)
    marks(world)
    world.run()
    world.restart()
    world.run(later=SETTLED)
    world.restart()
    world.run(later=SETTLED)
    assert len(questions(world)) == 1
