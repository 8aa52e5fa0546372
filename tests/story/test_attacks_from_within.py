"""What our own people do in all innocence, and what of it would have let a customer's mail be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.case import State
from tests.story.world import CONFIG, World, letter

MINUTE = timedelta(seconds=61)
ANN, ANNA, BEN = "ann@customer.test", "anna@example.com", "ben@example.com"
ALIAS = CONFIG.replace('address = "anna@example.com"', 'address = "anna@example.com"\naliases = ["anna@home.test"]')


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
