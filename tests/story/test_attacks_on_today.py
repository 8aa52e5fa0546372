"""Attacks on what was built last: answers by hand, redrafts, what is told to a model, resumes by mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.case import Event, State
from mailhitl.daemon import alerts, cycle, intake, pause, worklist
from mailhitl.daemon.directory import Csv, Directory
from mailhitl.daemon.learning.teaching import from_decisions
from mailhitl.decision import Channel, Decision
from mailhitl.mail.message import Address
from mailhitl.mail.parse import parse
from mailhitl.mail.signature import Checked
from mailhitl.mail.stamp import read_id
from mailhitl.ports.knowledge import Question, Snippet
from tests.model_server import ModelServer, sentences, serving
from tests.story.test_model import ENGRAVE, world_with
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


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving() as server:
        yield server


@pytest.fixture
def writing(tmp_path: Path, server: ModelServer) -> Iterator[World]:
    """A world with a language model."""
    world = world_with(tmp_path, server)
    yield world
    server.release.set()
    world.store.close()


def test_a_reviewers_edit_is_not_written_over_by_a_redraft_that_comes_after_it(
    writing: World, server: ModelServer
) -> None:
    server.reply = sentences("Yes, we do.")
    writing.customer_writes(ENGRAVE)
    writing.run()
    writing.answers(writing.packet_for(ANNA), "redraft: shorter")
    server.mode = "slow"
    cycle.run_once(writing.app)
    cycle.run_once(writing.app)
    writing.edits(writing.standing("review")[0], "Yes, we do.", "Yes, Anna herself will do it.")
    for _ in range(3):
        writing.now += timedelta(seconds=100)
        cycle.run_once(writing.app)
    assert "Anna herself" in writing.store.cases.draft(writing.case).text
    server.reply = sentences("A machine will.")
    server.mode = "ok"
    server.release.set()
    writing.run()
    assert "Anna herself" in writing.store.cases.draft(writing.case).text
    assert "A machine will." not in writing.store.cases.draft(writing.case).text


def test_an_encrypted_mail_is_not_shown_to_a_model_by_a_redraft_either(writing: World, server: ModelServer) -> None:
    secret = "-----BEGIN PGP MESSAGE-----\n\nhQEMAcanary\n-----END PGP MESSAGE-----\n"
    writing.customer_writes(secret, subject="Secret")
    writing.run()
    writing.answers(writing.packet_for(ANNA), "redraft: write something nice")
    writing.run()
    assert server.asked == []
    assert writing.case.state is State.HELD
    assert any("was not written anew" in text_of(mail) for mail in writing.sent_to(ANNA))


def test_a_mail_that_was_set_aside_unread_is_not_shown_to_a_model_by_a_redraft(
    writing: World, server: ModelServer
) -> None:
    writing.customer_writes("Please engrave a canary.", subject="What does engraving cost?")
    [poison] = writing.box.locations("INBOX")
    for _ in range(intake.ATTEMPTS):
        writing.store.progress.begin_attempts("support", [poison])
    writing.run()
    decision = Decision(Event.RETRY, "admin", Channel.CLI, "retry", writing.now)
    writing.store.cases.move(writing.case, Event.RETRY, decision)
    writing.run()
    writing.answers(writing.packet_for(ANNA), "redraft: guess what they want")
    writing.run()
    assert server.asked == []
    assert any("was not written anew" in text_of(mail) for mail in writing.sent_to(ANNA))


@pytest.mark.parametrize("about", [{"Reply_To": EVE}, {"Cc": f"Eve <{EVE}>"}])
def test_54_whoever_joins_a_conversation_is_told_nothing_of_what_was_said_before(
    writing: World, server: ModelServer, about: dict[str, str]
) -> None:
    first = writing.customer_writes(f"{ENGRAVE} It is for my canary Zebulonia.", subject="Engraving")
    writing.run()
    writing.answers(writing.packet_for(ANNA), "approve")
    writing.run()
    writing.customer_writes("And a ring?", subject="Re: Engraving", In_Reply_To=first, References=first, **about)
    writing.run()
    assert len(server.asked) == 2
    assert "Zebulonia" not in server.text_of(server.asked[-1][1])
    assert EVE in writing.store.cases.draft(writing.cases[-1]).recipients


def test_a_draft_of_a_case_that_was_closed_while_it_was_written_is_dropped(writing: World, server: ModelServer) -> None:
    first = writing.customer_writes(ENGRAVE)
    server.mode = "slow"
    cycle.run_once(writing.app)
    writing.customer_writes("When are you open?", subject="Hours", In_Reply_To=first, References=first)
    cycle.run_once(writing.app)
    cycle.run_once(writing.app)
    assert writing.cases[0].state is State.SUPERSEDED
    assert not writing.app.writers.busy


def test_an_admin_who_wants_no_answer_to_all_gets_none(tmp_path: Path) -> None:
    world = World(tmp_path, CONFIG.replace("[[reviewer]]", "reply_all = false\n\n[[reviewer]]", 1))
    world.customer_writes("Please refund my order 4711.", Cc=f"Eve <{EVE}>")
    world.run()
    assert world.store.cases.draft(world.case).recipients == (ANN,)
    world.store.close()


def test_a_resume_that_somebody_has_kept_and_sends_again_under_another_id_resumes_nothing(world: World) -> None:
    said = letter("", sender=f"Anna <{ANNA}>", subject="resume", message_id="<resume-1@example.com>")
    for again in (b"<resume-1@example.com>", b"<resume-2@example.com>"):
        pause.stop(world.app, pause.ALL, pause.Entry(pause.PAUSE, "admin", pause.Channel.CLI, world.now))
        world.box.deliver("INBOX", said.replace(b"<resume-1@example.com>", again))
        world.run()
        world.now += MINUTE
    assert pause.current(world.store).what == pause.ALL
    assert len(world.store.journal.entries((pause.RESUME,))) == 1


def test_a_customers_file_that_is_being_written_makes_nobody_a_stranger(tmp_path: Path) -> None:
    path, seconds = tmp_path / "customers.csv", [0.0]
    path.write_text("address,vip\nbob@customer.test,no\nann@customer.test,yes\n")
    found = Directory(Csv(path), {"vip"}, lambda: seconds[0])
    ann = Address("Ann", ANN)
    assert found.row(ann)["vip"] == "yes"
    path.write_text("address,vip\nbob@customer.test,no\n")
    assert found.row(ann)["vip"] == "yes"
    seconds[0] += 1.0
    path.write_text("address,vip\nbob@customer.test,no\nann@customer.test,yes\nann@other.test,no\n")
    assert found.row(ann)["vip"] == "yes"
    seconds[0] += 10.0
    assert found.row(Address("", "ann@other.test"))["vip"] == "no"


def test_an_approved_answer_of_a_model_teaches_no_intent_that_nobody_has_judged(
    tmp_path: Path, server: ModelServer
) -> None:
    world = world_with(tmp_path, server, "model")
    world.customer_writes("I want my money back, please refund my order", subject="Refund")
    world.run()
    assert world.store.cases.draft(world.case).author == "drafter:model"
    world.answers(world.packet_for(ANNA), "approve")
    world.run()
    assert world.case.state is State.SENT
    assert from_decisions(world.store, world.now, {"refund", "opening-hours"}) == []
    world.store.close()


def test_a_list_of_one_mailbox_decides_nothing_in_another(world: World) -> None:
    world.customer_writes("Please refund my order 4711.")
    world.run()
    world.box.deliver("INBOX", letter("", sender=f"Anna <{ANNA}>", subject="queue", message_id="<q@example.com>"))
    world.run()
    [listed] = [mail for mail in world.sent_to(ANNA) if "wait" in str(mail["Subject"]).lower()][-1:]
    private = read_id(str(listed["Message-ID"]), world.app.key)
    assert private is not None
    other = replace(world.app, settings=replace(world.app.settings, mailbox="sales"))
    answer = parse(letter("1 approve", sender=f"Anna <{ANNA}>", message_id="<a@example.com>"))
    result = worklist.carry_out(other, answer, Checked("dmarc=pass"), private.token)
    assert not result.done
    assert world.case.state is State.HELD


class Counting:
    """A knowledge that knows nothing and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def refresh(self) -> int:
        return 0

    def search(self, question: Question, *, limit: int = 4) -> tuple[Snippet, ...]:
        self.asked += 1
        return ()


def test_what_waits_for_a_slow_model_is_not_looked_up_anew_in_every_round(writing: World, server: ModelServer) -> None:
    knowledge = Counting()
    writing.app = replace(writing.app, drafting=replace(writing.app.drafting, knowledge=knowledge))
    server.mode = "slow"
    for number in range(8):
        writing.customer_writes(ENGRAVE, sender=f"C <c{number}@c{number}.test>")
    for _ in range(5):
        cycle.run_once(writing.app)
    assert knowledge.asked == 8
    server.release.set()
    writing.run()
    assert {case.state for case in writing.cases} == {State.HELD}
