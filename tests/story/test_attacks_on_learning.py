"""Attacks on what is learned: words that reach another customer's packet or outlast their erasure, code in edits."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import structlog

from mailhitl.case import State
from mailhitl.daemon.learning.teaching import FILE, TaughtTriage, learn
from mailhitl.decision import Channel
from mailhitl.drafting.library import Library
from mailhitl.drafting.triage import IntentExamples, WordTriage
from mailhitl.mail.parse import parse
from mailhitl.ports.journal import Entry
from mailhitl.ports.knowledge import Question
from mailhitl.templating import folders
from tests.story.test_learning import EXAMPLES, KNOWING, corrected, mailhitl
from tests.story.world import CONFIG, World, letter, text_of

TEMPLATE = (
    "intent: refund\nlanguage: en\n---\nHello{% if customer_name %} {{ customer_name }}{% endif %},\n\n"
    "we have your request. We look at it\nwithin 5 days.\n\nKind regards\n{{ mailbox_name }}\n"
)
#: What nobody but Bea should ever read.
BEAS = "Please give me my money back, my daughter Zebulonia is in the clinic of Xanten"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("SUPPORT_PASSWORD", "x")
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "examples.csv").write_text(EXAMPLES)
    own = tmp_path / "templates" / "reply"
    own.mkdir(parents=True)
    (own / "refund-received.txt.j2").write_text(TEMPLATE)
    config = CONFIG.replace("[[rule]]", KNOWING, 1).replace("TEMPLATES", "templates")
    config = config.replace("[mailbox.support]", '[store]\nurl = "sqlite:///mailhitl.db"\n\n[mailbox.support]')
    world = World(tmp_path, f'{config}\n[triage]\ncsv = "examples.csv"\n')
    yield world
    world.store.close()
    # The command line has had the log written to its own standard error, which is closed.
    structlog.reset_defaults()


def bea_is_answered(world: World) -> None:
    world.customer_writes(BEAS, sender="Bea <bea@customer.test>", subject="Hello")
    world.run()
    world.answers(world.packet_for("anna@example.com"), "approve")
    world.run()
    assert world.case.state is State.SENT


def test_54_a_packet_quotes_no_mail_of_another_customer_that_triage_has_learned_from(world: World) -> None:
    bea_is_answered(world)
    assert "learned from" in mailhitl(world, "learn", "now").output
    world.restart()
    world.customer_writes(BEAS.replace("Zebulonia", "Anna").replace("Xanten", "Bonn"), subject="Hello")
    world.run()
    packet = text_of(world.packet_for("anna@example.com"))
    assert "intent refund" in packet
    assert "Zebulonia" not in packet
    assert "Xanten" not in packet
    assert not [line for line in world.store.cases.draft(world.cases[-1]).evidence if "Zebulonia" in line]


def test_what_triage_has_learned_from_a_customer_goes_when_they_are_forgotten(world: World) -> None:
    bea_is_answered(world)
    mailhitl(world, "learn", "now")
    kept = world.folder / world.config.agent.data_dir / FILE
    assert b"zebulonia" in kept.read_bytes().lower()
    mailhitl(world, "forget", "bea@customer.test", "--yes")
    assert not kept.exists() or b"zebulonia" not in kept.read_bytes().lower()


@pytest.mark.parametrize("ruin", [b"cos\nno_such_name\n.", b"I12x\n.", b"\x80\x05h\x07.", b"\x80\x05K\x01K\x02s.", b""])
def test_a_learned_file_that_is_ruined_stops_no_mail(tmp_path: Path, ruin: bytes) -> None:
    kept = tmp_path / FILE
    learn(kept, [(row["text"], row["intent"]) for row in csv.DictReader(StringIO(EXAMPLES))])
    head = kept.read_bytes().split(b"\n", 2)[:2]
    kept.write_bytes(b"\n".join([*head, ruin]))
    words = WordTriage([IntentExamples("refund", ("I want my money back",), ("refund",), "")])
    mail = parse(letter("I want my money back", subject="Refund"))
    assert TaughtTriage(kept, words).triage(mail) == words.triage(mail)


@pytest.mark.parametrize("new", ["{{ 7 * 7 }} days", "{# soon #} 2 weeks", "{% include 'secret.txt.j2' %} days"])
def test_what_a_reviewer_writes_never_becomes_code_of_a_template(world: World, new: str) -> None:
    corrected(world, "Ann", "Bea", "Cora", new="2 weeks")
    mailhitl(world, "learn", "now")
    [proposal] = world.store.journal.entries({"correction"})
    changed = {**proposal.data, "new": proposal.data["new"].replace("2 weeks", new)}
    world.store.journal.add(replace(proposal, data=changed, key="changed", id=0))
    last = world.store.journal.entries({"correction"})[-1]
    assert mailhitl(world, "learn", "accept", str(last.id)).exit_code == 1
    assert (world.folder / "templates" / "reply" / "refund-received.txt.j2").read_text() == TEMPLATE


def test_answers_that_are_no_longer_wanted_as_knowledge_are_dropped(world: World) -> None:
    bea_is_answered(world)
    mailhitl(world, "learn", "now")
    index = world.app.drafting.knowledge
    assert index is not None
    path = world.folder / "config.toml"
    path.write_text(path.read_text().replace("[knowledge]\n", "[knowledge]\nanswers = false\n"))
    mailhitl(world, "learn", "now")
    assert [one.source for one in index.search(Question("request within 5 days look"))] == []


def test_54_an_answer_that_is_learned_names_nobody_whom_the_customer_has_put_into_copy(world: World) -> None:
    world.customer_writes(
        "I want my money back", sender="Bea <bea@customer.test>", subject="Hello", Cc="Zebulon Krax <zk@customer.test>"
    )
    world.run()
    [draft] = world.standing("review")
    world.edits(draft, "within 5 days.", "within 5 days, and Zebulon gets a copy.", folder="approve")
    world.run(later=timedelta(minutes=3))
    world.run(later=timedelta(minutes=3))
    mailhitl(world, "learn", "now")
    assert world.app.drafting.knowledge is not None
    [learned] = world.app.drafting.knowledge.search(Question("request within 5 days look"))
    assert "gets a copy" in learned.text
    assert "Zebulon" not in learned.text


def test_a_correction_of_one_language_takes_no_other_language_away(world: World) -> None:
    own = world.folder / "templates" / "reply" / "refund-received.txt.j2"
    own.unlink()
    before = Library(folders(world.config.agent.templates)).named("refund-received")
    assert set(before) == {"en", "de"}
    old = next(
        line for line in before["en"].file.read_text().splitlines()[3:] if line.endswith(".") and "{" not in line
    )
    data = {"kind": "tone", "old": old, "new": "We will write to you soon.", "cases": "1"}
    said = Entry("correction", "learning", Channel.DAEMON, world.now, "refund-received.txt.j2", data=data)
    world.store.journal.add(said)
    mailhitl(world, "learn", "accept", str(world.store.journal.entries({"correction"})[-1].id))
    after = Library(folders(world.config.agent.templates)).named("refund-received")
    assert "We will write to you soon." in own.read_text()
    assert set(after) == {"en", "de"}
