"""A changed rules file is tried on what was judged before, against what people made of it."""

from __future__ import annotations

import zlib
from datetime import timedelta

from mailhitl.case import Outcome
from mailhitl.config.load import load
from mailhitl.config.schema import Config
from mailhitl.daemon.trust.backtest import Backtest, Fate, backtest
from mailhitl.decision import Channel
from mailhitl.ports.journal import Entry
from tests.story.world import CONFIG, DEMO_TEMPLATES, World

LATER = timedelta(seconds=160)
BRAVE = CONFIG.replace(
    'when = { intent = "refund" }\nthen = "review"\nreviewers = "support"',
    'when = { intent = "refund" }\nthen = "send"',
)
CAREFUL = CONFIG.replace("confidence = { at_least = 0.8 } }", 'confidence = { at_least = 0.8 }, subject = "nothing" }')


def other(world: World, text: str, folder: str = "changed") -> Config:
    path = world.folder / f"{folder}.toml"
    path.write_text(text.replace("TEMPLATES", str(DEMO_TEMPLATES)))
    return load(path)


def tried(world: World, text: str) -> Backtest:
    begin = world.now - timedelta(days=90)
    return backtest(world.store, world.config, other(world, text), begin, world.now + timedelta(days=1))


def asks_for_a_refund(world: World, *, name: str, folder: str = "", edit: str = "") -> int:
    """A customer asks, and a reviewer puts the draft where they want it; returns the case's number."""
    world.customer_writes("Please refund my order.", sender=f"{name} <{name}@customer.test>", subject=f"For {name}")
    world.run()
    [draft] = world.standing("review")
    if edit:
        world.edits(draft, "Kind regards", edit, folder=folder)
    elif folder:
        world.moves(draft, folder)
    world.run(later=LATER)
    world.run(later=LATER)
    return world.cases[-1].id


def test_a_rule_that_is_to_send_is_held_against_what_reviewers_did(world: World) -> None:
    approved = asks_for_a_refund(world, name="ann", folder="approve")
    edited = asks_for_a_refund(world, name="bob", folder="approve", edit="Best wishes")
    rejected = asks_for_a_refund(world, name="cem", folder="reject")
    off = BRAVE.replace("[review]", '[review]\ngates_off = ["money", "echo"]')
    found = tried(world, off)
    [rule] = [rule for rule in found.rules if rule.change == "changed"]
    assert (rule.name, rule.matched, rule.sent) == ("Refunds and credits", 3, 3)
    assert rule.against == {Fate.EDITED: 1, Fate.REJECTED: 1}
    assert found.moved == {(Outcome.REVIEW, Outcome.SEND): 3}
    assert [(one.case_id, one.fate, one.subject) for one in found.cases] == [
        (rejected, Fate.REJECTED, "For cem"),
        (edited, Fate.EDITED, "For bob"),
        (approved, Fate.APPROVED, "For ann"),
    ]
    assert found.cases[0].doubtful
    assert not found.cases[-1].doubtful


def test_the_gates_stop_in_the_replay_what_they_would_stop_tomorrow(world: World) -> None:
    asks_for_a_refund(world, name="ann")
    found = tried(world, BRAVE)
    assert found.moved == {(Outcome.REVIEW, Outcome.REVIEW): 1}
    assert [rule.matched for rule in found.rules if rule.change == "changed"] == [1]
    assert found.cases == []


def test_a_stricter_file_shows_what_it_would_hold(world: World) -> None:
    world.customer_writes("When are you open?", subject="Hours")
    world.run()
    found = tried(world, CAREFUL)
    [one] = found.cases
    assert (one.was, one.would, one.fate) == (Outcome.SEND, Outcome.REVIEW, Fate.SENT)


def test_the_same_file_changes_nothing(world: World) -> None:
    world.customer_writes("When are you open?", subject="Hours")
    world.customer_writes("I will call my lawyer.")
    world.run()
    found = tried(world, CONFIG)
    assert found.tried == 2
    assert found.cases == []
    assert {rule.change for rule in found.rules} == {"same"}
    assert len(found.caveats) == 1


def test_a_rule_that_is_gone_and_an_intent_that_differs_are_said(world: World) -> None:
    gone = CONFIG.partition('[[rule]]\nname = "Legal')[0].replace('words = ["refund"', 'words = ["reimburse"')
    found = tried(world, gone)
    assert found.gone == ["Legal threats are for people"]
    assert [text for text in found.caveats if text.startswith("the intents differ")]


def test_a_case_whose_words_are_erased_is_counted_as_unknown(world: World) -> None:
    asks_for_a_refund(world, name="ann")
    database = world.store.cases._database
    with database.tx():
        database.engine.execute_sql("UPDATE judgments SET facts = ?", (zlib.compress(b""),))
    assert (tried(world, BRAVE).tried, tried(world, BRAVE).unknown) == (0, 1)


def test_an_automatic_answer_that_went_wrong_is_remembered(world: World) -> None:
    world.customer_writes("When are you open?", subject="Hours")
    world.run()
    case = world.case
    world.store.journal.add(Entry("bounce", "daemon", Channel.DAEMON, world.now, case_id=case.id))
    [one] = tried(world, CONFIG).cases
    assert (one.fate, one.doubtful) == (Fate.WRONG, True)
