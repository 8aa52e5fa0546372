"""Attacks on what was built last: answers by hand, redrafts, what is told to a model, resumes by mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.case import State
from mailhitl.daemon import alerts
from tests.story.world import CONFIG, World, letter, text_of

MINUTE = timedelta(seconds=61)
ANN, ANNA, EVE = "ann@customer.test", "anna@example.com", "eve@evil.test"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.store.close()


def forged(text: str, **about: str) -> bytes:
    """A mail in Anna's name that our border has found to be nobody's."""
    return letter(text, sender=f"Anna <{ANNA}>", **about).replace(b"dmarc=pass", b"dmarc=fail")


def test_a_forged_answer_by_hand_closes_no_customers_question(world: World) -> None:
    question = world.customer_writes("Please refund my order 4711.")
    world.run()
    answer = forged("Done.", to=ANN, message_id="<forged@evil.test>", In_Reply_To=question, References=question)
    world.box.deliver("INBOX", answer)
    world.run(later=timedelta(minutes=5))
    assert world.case.state is State.HELD
    assert "\\Answered" not in world.flags(world.case)
    notes = [mail for mail in world.sent_to(ANNA) if "note on case" in str(mail["Subject"])]
    assert len(notes) == 1
    assert "anna@example.com" in text_of(notes[0])


def test_a_forged_answer_by_hand_keeps_a_machine_from_answering(tmp_path: Path) -> None:
    slow = CONFIG.replace('then = "send"\n', 'then = "send"\nundo = "10m"\n', 1)
    world = World(tmp_path, slow)
    question = world.customer_writes("When are you open?", subject="Hours")
    world.run()
    assert world.case.state is State.APPROVED
    answer = forged("Done.", to=ANN, message_id="<forged@evil.test>", In_Reply_To=question, References=question)
    world.box.deliver("INBOX", answer)
    world.run(later=timedelta(minutes=20))
    assert world.case.state is State.HELD
    assert world.sent_to(ANN) == []
    world.store.close()


def test_the_alarm_that_rings_outside_names_no_customer(tmp_path: Path) -> None:
    capped = CONFIG.replace("[mailbox.support]", "[agent.caps]\nper_correspondent_per_day = 1\n\n[mailbox.support]", 1)
    world = World(tmp_path, capped)
    for _ in range(3):
        world.customer_writes("When are you open?", subject="Hours")
        world.run()
    rung = world.store.journal.entries((alerts.TROUBLE,))
    assert rung
    assert not [entry for entry in rung if ANN in f"{entry.code} {entry.why} {entry.subject}"]
    world.store.close()
