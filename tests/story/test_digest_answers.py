"""An admin answers the digest: a rule goes further, or everything stops."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailhitl.daemon.digest.answers import asked
from mailhitl.daemon.trust import autonomy
from mailhitl.decision import Channel
from mailhitl.mail.reply import Command
from mailhitl.ports.journal import Entry
from mailhitl.rules.rule import Level
from tests.story.test_digest import MONDAY_EIGHT, WEEKLY, at
from tests.story.world import World, text_of

ANNA, BEN, BOSS = "anna@example.com", "ben@example.com", "boss@example.com"
RULE = "Opening hours answer themselves"
CONFIG = (
    WEEKLY.replace('groups = ["support"]', 'groups = ["support", "admin"]')
    .replace('then = "send"\n', 'then = "send"\nlevel = "review"\n')
    .replace(f'to = ["{BOSS}"]', f'to = ["{BOSS}", "{ANNA}", "{BEN}"]')
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, CONFIG)
    [rule] = [rule for rule in world.app.rules if rule.name == RULE]
    data = {"from": "review", "to": "sampled", "when": rule.fingerprint, "good": "60", "decided": "60"}
    proposal = Entry("propose", "daemon", Channel.DAEMON, world.now, RULE, why="60 of 60 were right.", data=data)
    world.store.journal.add(proposal)
    at(world, MONDAY_EIGHT)
    yield world
    world.store.close()


def digest_of(world: World, reader: str) -> EmailMessage:
    return next(mail for mail in world.sent_to(reader) if "2026-W47" in str(mail["Subject"]))


def answer(world: World, text: str, *, reader: str = ANNA, sender: str = "", **more: str) -> str:
    """Answer the digest that this reader got; returns what is answered to that."""
    world.answers(digest_of(world, reader), text, sender=sender or f"X <{reader}>", **more)
    world.run()
    return text_of(world.sent_to(sender.partition("<")[2].rstrip(">") or reader)[-1])


def level(world: World) -> Level:
    rule = next(rule for rule in world.app.rules if rule.name == RULE)
    return autonomy.standing(rule, autonomy.steps(world.store)).level


def test_the_digest_numbers_what_a_rule_has_earned(world: World) -> None:
    assert f"* 1. {RULE}: 60 of 60 were right." in text_of(digest_of(world, ANNA))


def test_an_admin_who_answers_promote_1_lets_the_rule_go_further(world: World) -> None:
    said = answer(world, "promote 1")
    assert f"1: Done: “{RULE}” stands on “sampled” now." in said
    assert level(world) is Level.SAMPLED
    [moved] = world.store.journal.entries(("promote",))
    assert moved.by == ANNA
    assert "dmarc=pass" in moved.proof


def test_the_same_answer_twice_moves_it_once(world: World) -> None:
    answer(world, "promote 1")
    assert "has been moved since" in answer(world, "promote 1")
    assert level(world) is Level.SAMPLED


def test_a_number_that_is_not_in_it_is_told_so(world: World) -> None:
    assert "2: there is no such proposal in that digest." in answer(world, "promote 2")
    assert level(world) is Level.REVIEW


def test_who_is_no_admin_promotes_nothing(world: World) -> None:
    assert "only reviewers of the group “admin”" in answer(world, "promote 1", reader=BEN)
    assert "only a listed reviewer" in answer(world, "promote 1", reader=BOSS)
    assert level(world) is Level.REVIEW


def test_a_forged_or_forwarded_answer_promotes_nothing(world: World) -> None:
    assert "was sent to somebody else" in answer(world, "promote 1", reader=BOSS, sender=f"Anna <{ANNA}>")
    before = len(world.sent_to(ANNA))
    world.answers(digest_of(world, ANNA), "promote 1")
    [location] = [each for each in world.box.locations("INBOX") if b"Re: [mailhitl] 2026-W47" in world.raw(each)][-1:]
    forged = world.raw(location).replace(b"dmarc=pass", b"dmarc=fail")
    world.box.remove([location])
    world.box.deliver("INBOX", forged)
    world.run()
    assert "nothing proves who wrote this mail" in text_of(world.sent_to(ANNA)[before])
    assert level(world) is Level.REVIEW


def test_whoever_reads_the_digest_may_stop_what_nobody_has_seen(world: World) -> None:
    assert "No answer leaves without a person's approval" in answer(world, "pause auto", reader=BOSS)
    assert world.store.switches.get("pause") == "automatic"
    world.customer_writes("When are you open?", subject="Opening hours")
    world.run()
    assert world.sent_to("ann@customer.test") == []


def test_what_is_unclear_does_nothing_and_is_asked_back(world: World) -> None:
    for words in ("promote", "promote 1?", "don't promote 1", "promote 1\nor rather not", "thank you", "resume"):
        assert "Nothing was done" in answer(world, words)
    assert level(world) is Level.REVIEW
    assert world.store.switches.get("pause") == ""
    assert world.cases == []


def test_an_out_of_office_that_quotes_the_digest_does_nothing(world: World) -> None:
    world.answers(digest_of(world, ANNA), "promote 1", Auto_Submitted="auto-replied")
    world.run(later=timedelta(minutes=1))
    assert level(world) is Level.REVIEW


def test_several_wishes_may_stand_in_one_answer() -> None:
    assert asked("Promote 1, 3 and 4.") == tuple(Command("promote", number) for number in "134")
    assert asked("pause automatic") == asked("Pause auto") == (Command("pause", "automatic"),)
    assert asked("pause") == (Command("pause", "all"),)
    assert asked("promote rule 1") == asked("pause for a day") == ()
