"""What our own people do in all innocence: no customer's mail is forgotten by it, and no answer leaves against them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailhitl.backends.memory import Answer
from mailhitl.case import State
from mailhitl.delivery import Status
from mailhitl.errors import MailboxFull
from mailhitl.ports.mailbox import Addition, Location
from tests.story.world import CONFIG, World, letter

MINUTE = timedelta(seconds=61)
ANN, BOB, ANNA, BEN = "ann@customer.test", "bob@customer.test", "anna@example.com", "ben@example.com"
ALIAS = CONFIG.replace('address = "anna@example.com"', 'address = "anna@example.com"\naliases = ["anna@home.test"]')
NAMED = CONFIG.replace('reviewers = "support"', 'reviewers = "support"\nnamed = true')


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, ALIAS)
    yield world
    world.store.close()


def writes(world: World, text: str, *, sender: str, to: str, answers: str, **more: str) -> None:
    """One of our own people writes in a customer's thread."""
    world.letters += 1
    mine = f"<colleague-{world.letters}@example.com>"
    raw = letter(text, sender=sender, to=to, message_id=mine, In_Reply_To=answers, References=answers, **more)
    world.box.deliver("INBOX", raw)
    world.run(later=MINUTE)


def test_a_question_to_a_colleague_whom_the_customer_had_put_into_cc_is_no_answer_to_the_customer(world: World) -> None:
    question = world.customer_writes("Please refund my order 4711.", Cc=BEN)
    world.run()
    writes(world, "Ben, did we?", sender=f"Anna <{ANNA}>", to=BEN, answers=question, Cc="support@example.com")
    assert world.cases[0].state is State.HELD


def test_a_word_to_the_customer_and_that_colleague_is_an_answer_all_the_same(world: World) -> None:
    question = world.customer_writes("Please refund my order 4711.", Cc=BEN)
    world.run()
    writes(world, "We did.", sender=f"Anna <{ANNA}>", to=f"{BEN}, {ANN}", answers=question, Cc="support@example.com")
    assert world.case.state is State.SUPERSEDED


@pytest.mark.parametrize("copy", [ANNA, "anna@home.test"])
@pytest.mark.parametrize("answered", [False, True])
def test_a_reviewer_who_is_the_customer_may_ask_once_more_with_a_copy_to_themselves(
    world: World, copy: str, answered: bool
) -> None:
    question = world.customer_writes("Please refund my order 4711.", sender=f"Anna <{ANNA}>")
    world.run()
    if answered:
        world.moves(world.standing("review")[0], "reject")
        world.run(later=MINUTE)
    more = "Please refund my order 4712 as well."
    writes(world, more, sender=f"Anna <{ANNA}>", to="support@example.com", answers=question, Cc=copy)
    assert len(world.cases) == 2
    assert world.cases[1].state is State.HELD


def test_what_a_colleague_answers_a_reviewer_who_is_the_customer_closes_the_question(world: World) -> None:
    question = world.customer_writes("Please refund my order 4711.", sender=f"Anna <{ANNA}>")
    world.run()
    writes(world, "Done.", sender=f"Ben <{BEN}>", to=ANNA, answers=question, Cc="support@example.com")
    assert world.case.state is State.SUPERSEDED


class Narrow:
    """A mailbox whose folders for review and for sent mail have no room for another mail."""

    def __init__(self, world: World) -> None:
        self._box, self._full = world.box, (world.app.folders.review, world.app.folders.sent)
        world.app = replace(world.app, mailbox=self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._box, name)

    def move(self, location: Location, folder: str) -> bool:
        self._make_sure(folder)
        return self._box.move(location, folder)

    def append(self, folder: str, *mail: Any, **about: Any) -> None:
        self._make_sure(folder)
        self._box.append(folder, *mail, **about)

    def append_all(self, folder: str, mails: Sequence[Addition]) -> Sequence[Location]:
        self._make_sure(folder)
        return self._box.append_all(folder, mails)

    def _make_sure(self, folder: str) -> None:
        if folder in self._full:
            raise MailboxFull("[OVERQUOTA] no room")


def test_66_whoever_takes_an_answer_back_is_heard_though_another_draft_has_no_room_to_go_back(tmp_path: Path) -> None:
    world = World(tmp_path, NAMED)
    world.customer_writes("Please refund my order 4711.")
    world.customer_writes("Something else entirely, my chair squeaks.", sender=f"Bob <{BOB}>")
    world.run()
    hers, his = world.standing("review")
    world.transport.answers(*[Answer(Status.DEFERRED, reply="451 later")] * 2)
    world.edits(his, "[… write your answer here …]", "Please oil it.", folder="approve")
    world.run()
    world.run(later=2 * MINUTE)
    Narrow(world)
    [his] = world.standing("approve")
    world.moves(hers, "approve")
    world.run()
    world.run(later=2 * MINUTE)
    assert [case.state for case in world.cases] == [State.HELD, State.APPROVED]
    world.moves(his, "review")
    world.run(later=timedelta(minutes=30))
    assert [case.state for case in world.cases] == [State.HELD, State.HELD]
    assert world.sent_to(BOB) == []


def test_66_in_a_full_mailbox_too_every_mail_that_has_an_answer_is_marked_so_that_nobody_answers_it_again(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, CONFIG.replace('then = "send"\n', 'then = "send"\nundo = "0s"\n', 1))
    Narrow(world)
    for name in (ANN, BOB):
        world.customer_writes("When are you open?", subject="Hours", sender=f"C <{name}>")
    world.run(later=MINUTE)
    assert [case.state for case in world.cases] == [State.SENT, State.SENT]
    assert all("\\Answered" in world.flags(case) for case in world.cases)


def test_66_in_a_full_mailbox_what_is_decided_makes_room_and_the_customers_mail_is_flagged(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    Narrow(world)
    world.answers(world.packet_for(ANNA), "reject: wrong order")
    world.customer_writes("Please refund my order 4712.", sender=f"Bob <{BOB}>")
    world.run(later=MINUTE)
    assert [case.state for case in world.cases] == [State.REJECTED, State.HELD]
    assert world.standing("review") == []
    assert "\\Flagged" in world.flags(world.cases[0])
