"""What a fresh pair of eyes tried in order to make the agent send, forget or babble: by mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from mailhitl.case import Event, State
from mailhitl.daemon import copies, cycle
from mailhitl.decision import Channel, Decision
from mailhitl.draft import Draft
from mailhitl.errors import TemplateProblem
from mailhitl.mail.stamp import Kind, PrivateId, write_id
from tests.story.world import CONFIG, World, letter, parsed, text_of

MINUTE = timedelta(seconds=61)
REFUND = "Hello,\n\nplease refund my order 4711.\n\nAnn"
ANN = "ann@customer.test"
ANNA = "anna@example.com"


def held(world: World, text: str = REFUND, **about: str) -> str:
    question = world.customer_writes(text, **about)
    world.run()
    assert world.cases[-1].state is State.HELD
    return question


def approve(world: World) -> None:
    """A reviewer moves the one draft, and the grace period passes."""
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.run(later=MINUTE)


# -- a customer who writes again


def test_an_easy_second_mail_does_not_bury_the_difficult_first_one(world: World) -> None:
    first = held(world)
    world.customer_writes("When are you open?", subject="Opening hours", In_Reply_To=first, References=first)
    world.run()
    assert world.sent_to(ANN) == [], "a machine answered the one question and closed the other"
    assert [case.state for case in world.cases] == [State.SUPERSEDED, State.HELD]
    assert "not been answered" in text_of(world.packet_for(ANNA))


def test_an_easy_second_mail_does_not_bury_the_first_one_after_a_crash_either(world: World) -> None:
    first = held(world)
    world.customer_writes("When are you open?", subject="Opening hours", In_Reply_To=first, References=first)
    cycle.RUNNERS["intake"](world.app)
    older, newer = world.cases
    why = f"the customer wrote again (case {newer.id})"
    superseded = Decision(Event.SUPERSEDE, "intake", Channel.DAEMON, why, world.now, code="customer-wrote-again")
    world.store.cases.move(older, Event.SUPERSEDE, superseded)  # and then the power went
    world.restart()
    world.run()
    assert world.sent_to(ANN) == []
    assert world.cases[1].state is State.HELD


def test_a_thank_you_that_wants_no_answer_does_not_close_the_question_before_it(tmp_path: Path) -> None:
    skipping = '[[rule]]\nname = "Thanks"\nwhen = { text = { contains = ["thank you"] } }\nthen = "skip"\n'
    world = World(tmp_path, CONFIG + skipping)
    first = held(world)
    world.customer_writes("Thank you!", subject="Bye", In_Reply_To=first, References=first)
    world.run()
    assert [case.state for case in world.cases] == [State.HELD, State.SKIPPED]


def test_a_stranger_who_uses_a_customers_message_id_closes_nothing(world: World) -> None:
    first = held(world)
    world.customer_writes("Me too!", sender="Eve <eve@evil.test>", In_Reply_To=first, References=first)
    world.run()
    assert world.cases[0].state is State.HELD


def test_a_forged_mail_in_a_customers_name_closes_nothing(world: World) -> None:
    first = held(world)
    forged = letter("Never mind.", In_Reply_To=first, References=first, message_id="<forged@evil.test>")
    world.box.deliver("INBOX", forged.replace(b"dmarc=pass", b"dmarc=fail"))
    world.run()
    assert world.cases[0].state is State.HELD


def test_the_cap_for_one_correspondent_holds_for_where_the_answers_go(world: World) -> None:
    for number in range(5):
        world.customer_writes(
            f"When are you open on day {number}?",
            subject="Opening hours",
            sender=f"Robot <robot{number}@customer.test>",
            Reply_To="loop@customer.test",
        )
        world.run(later=MINUTE)
    assert len(world.sent_to("loop@customer.test")) <= 3


def test_a_customer_whose_address_cannot_be_answered_is_not_taken_for_answered(world: World) -> None:
    world.customer_writes(
        "When are you open?", subject="Opening hours", Reply_To="support@example.com", sender="help@example.com"
    )
    world.customer_writes("When are you open?", subject="Opening hours", sender="Ann at home <ann at customer.test>")
    world.run()
    assert State.SENT not in [case.state for case in world.cases]


def test_a_customers_mail_under_an_id_of_ours_is_a_case(world: World) -> None:
    held(world)
    approve(world)
    [answer] = world.sent_to(ANN)
    world.customer_writes("And where is my money?", message_id=str(answer["Message-ID"]))
    world.run()
    assert len(world.cases) == 2


# -- Sent


def test_an_answer_by_hand_counts_until_the_very_moment_before_ours_would_leave(world: World) -> None:
    question = held(world)
    world.answers(world.packet_for(ANNA), "approve")
    for runner in ("intake", "byhand", "watch"):
        cycle.RUNNERS[runner](world.app)
    by_hand = letter("Done, Ann.", sender="support@example.com", to=ANN, In_Reply_To=question)
    world.box.deliver("Sent", by_hand)
    cycle.RUNNERS["outbox"](world.app)
    assert world.sent_to(ANN) == []
    assert world.case.state is State.SUPERSEDED


def test_a_question_forwarded_to_a_colleague_is_not_an_answer(world: World) -> None:
    question = held(world)
    forward = letter("Can you look?", sender="support@example.com", to="tech@example.com", References=question)
    world.box.deliver("Sent", forward)
    world.run()
    assert world.case.state is State.HELD
    assert "\\Answered" not in world.flags(world.case)


def test_a_mail_in_sent_that_names_a_case_nobody_knows_stops_nothing(world: World) -> None:
    ghost = write_id(PrivateId(Kind.MH, 4711, 1), world.store.key(), "example.com")
    world.box.deliver("Sent", letter("Done.", sender="support@example.com", to=ANN, References=ghost))
    held(world)
    assert len(world.standing("review")) == 1


def test_a_copy_for_sent_that_cannot_be_made_stops_no_other_work(world: World) -> None:
    held(world)
    approve_until_sent(world)
    world.customer_writes(REFUND, sender="Bob <bob@customer.test>", subject="Another")
    world.run()
    assert len(world.standing("review")) == 1


def approve_until_sent(world: World) -> None:
    """The answer leaves, and then its frame breaks, before the copy in Sent is made."""
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.now += MINUTE
    for runner in ("watch", "outbox"):
        cycle.RUNNERS[runner](world.app)
    assert world.case.state is State.SENT

    def broken(draft: Draft, body: str) -> str | None:
        raise TemplateProblem("the admin is at work on it")

    world.app = replace(world.app, drafting=replace(world.app.drafting, frame=broken))
    assert copies.run_once(world.app) == 0


# -- reviewers and their machines


def test_an_answer_by_mail_does_not_release_a_draft_that_somebody_is_editing(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    world.edits(draft, "Kind regards", "Best wishes", folder="drafts", keep=True)
    world.answers(world.packet_for(ANNA), "approve")
    world.run()
    assert world.sent_to(ANN) == []
    assert "edited" in text_of(world.sent_to(ANNA)[-1])


def test_a_machine_that_answers_every_mail_of_ours_is_not_argued_with(world: World) -> None:
    held(world)
    answered: set[str] = set()
    for _ in range(30):
        for mail in [m for m in world.sent_to(ANNA) if m["Message-ID"] not in answered]:
            answered.add(str(mail["Message-ID"]))
            world.letters += 1
            world.box.deliver(
                "INBOX",
                letter(
                    "I am at the seaside.",
                    sender="Anna <anna@example.com>",
                    subject=f"Re: {mail['Subject']}",
                    message_id=f"<away-{world.letters}@example.com>",
                    In_Reply_To=str(mail["Message-ID"]),
                ),
            )
        world.run(later=timedelta(minutes=1))
    assert len(world.sent_to(ANNA)) < 10
    assert len(world.cases) == 1, "her machine is no customer"


def test_an_out_of_office_from_somebody_else_burns_no_token(world: World) -> None:
    held(world)
    packet = world.packet_for(ANNA)
    world.answers(packet, "I am away", sender="List <list@example.com>", Auto_Submitted="auto-replied")
    world.run()
    assert not any("no reviewer" in str(mail["Subject"]) for mail in world.sent_to(ANNA))
    world.answers(packet, "approve")
    world.run()
    assert len(world.sent_to(ANN)) == 1


def test_whoever_reads_the_shared_mailbox_cannot_sign_as_two_people(tmp_path: Path) -> None:
    four_eyes = CONFIG.replace('reviewers = "support"', 'reviewers = "support"\napprovals = 2')
    world = World(tmp_path, four_eyes.replace("[review]", '[review]\nreply_approval = "token"'))
    held(world)
    for sender in ("Anna <anna@example.com>", "Ben <ben@example.com>"):
        [packet] = world.standing("review", packet=True)
        forged = parsed(world.raw(packet))
        world.answers(forged, "approve", sender=sender)
        world.run()
    assert world.sent_to(ANN) == []
    assert world.case.state is State.HELD
