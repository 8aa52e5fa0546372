"""All that waits in one mail, and one reply that decides it all."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

from mailhitl.case import State
from tests.story.world import World, letter, text_of

ANNA = "anna@example.com"


def three_wait(world: World) -> None:
    for number, name in enumerate(("Ann", "Bob", "Eve"), 1):
        world.customer_writes(
            f"Please refund my order 471{number}.",
            sender=f"{name} <{name.lower()}@customer.test>",
            subject=f"Order 471{number}",
        )
    world.run()


def asks_for_the_list(world: World) -> EmailMessage:
    """Anna writes a mail with the one word as its subject; returns what she gets."""
    world.letters += 1
    asking = letter("", sender=f"Anna <{ANNA}>", subject="queue", message_id=f"<q{world.letters}@example.com>")
    world.box.deliver("INBOX", asking)
    world.run()
    return next(mail for mail in reversed(world.sent_to(ANNA)) if not str(mail["Subject"]).startswith("Re:"))


def test_one_reply_decides_all_that_waits_and_every_part_is_answered(world: World) -> None:
    three_wait(world)
    worklist = asks_for_the_list(world)
    world.answers(worklist, "1,3 approve; 2 reject: wrong price; 9 approve")
    world.run()
    assert [case.state for case in world.cases] == [State.SENT, State.REJECTED, State.SENT]
    assert [len(world.sent_to(f"{name}@customer.test")) for name in ("ann", "bob", "eve")] == [1, 0, 1]
    answer = text_of(world.sent_to(ANNA)[-1])
    assert "1 (Order 4711): Approved" in answer
    assert "2 (Order 4712): Rejected" in answer
    assert "9: there is no such item" in answer


def test_an_item_that_has_changed_since_the_list_is_not_sent(world: World) -> None:
    three_wait(world)
    worklist = asks_for_the_list(world)
    [first, *_] = world.standing("review")
    world.edits(first, "Kind regards", "Best wishes")
    world.run()
    world.run(later=timedelta(seconds=91))
    world.answers(worklist, "1-3 approve")
    world.run()
    assert sorted(str(case.state) for case in world.cases) == ["held", "sent", "sent"]
    assert "changed" in text_of(world.sent_to(ANNA)[-1])


def test_a_list_in_somebody_elses_hand_decides_nothing(world: World) -> None:
    three_wait(world)
    worklist = asks_for_the_list(world)
    world.answers(worklist, "1-3 approve", sender="Ben <ben@example.com>")
    world.run()
    assert [case.state for case in world.cases] == [State.HELD] * 3


def test_a_list_that_nobody_vouches_for_approves_nothing(world: World) -> None:
    three_wait(world)
    worklist = asks_for_the_list(world)
    forged = letter("1-3 approve", sender=f"Anna <{ANNA}>", In_Reply_To=str(worklist["Message-ID"]))
    world.box.deliver("INBOX", forged.replace(b"dmarc=pass", b"dmarc=fail"))
    world.run()
    assert [case.state for case in world.cases] == [State.HELD] * 3


def test_what_is_not_clear_is_asked_back_and_decides_nothing(world: World) -> None:
    three_wait(world)
    worklist = asks_for_the_list(world)
    world.answers(worklist, "looks all good to me")
    world.run()
    assert [case.state for case in world.cases] == [State.HELD] * 3
    assert "numbers first" in text_of(world.sent_to(ANNA)[-1])


def test_a_reviewer_with_nothing_to_do_is_told_so(world: World) -> None:
    world.box.deliver("INBOX", letter("", sender=f"Anna <{ANNA}>", subject="queue", message_id="<q@example.com>"))
    world.run()
    assert "Nothing waits for you" in text_of(world.sent_to(ANNA)[-1])
    assert world.cases == []


def test_an_answer_to_a_mere_note_is_told_where_decisions_go(world: World) -> None:
    three_wait(world)
    world.answers(world.packet_for(ANNA), "approve?")
    world.run()
    world.answers(world.sent_to(ANNA)[-1], "approve")
    world.run()
    assert [case.state for case in world.cases] == [State.HELD] * 3
    assert "packet" in text_of(world.sent_to(ANNA)[-1])


def test_a_customer_whose_subject_is_queue_is_a_customer(world: World) -> None:
    world.customer_writes("Is there a queue at your shop?", subject="queue")
    world.run()
    assert len(world.cases) == 1
