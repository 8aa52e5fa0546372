"""Machines that talk to machines, and piles of mail: caps hold, people hear once, nothing is dropped (24, 25, 60)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailhitl.backends.memory import SentMail
from mailhitl.case import State
from mailhitl.daemon import cycle, intake
from mailhitl.daemon.health.flood import PER_SENDER
from mailhitl.mail.automatic import why_automatic
from mailhitl.mail.parse import parse
from tests.story.world import CONFIG, VOUCHED, World, letter

MINUTE = timedelta(minutes=1)
ANNA = "anna@example.com"
ROBOT = "robot@customer.test"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def alerts(world: World, words: str) -> int:
    return sum(words in str(mail["Subject"]) for mail in world.sent_to(ANNA))


# -- 24: two machines


@pytest.mark.parametrize("threads", [True, False], ids=["in one thread", "in a new thread each time"])
def test_24_a_partner_that_answers_everything_gets_no_more_than_three_answers_a_day(
    world: World, threads: bool
) -> None:
    world.customer_writes("When are you open?", subject="Opening hours", sender=ROBOT)
    world.run()
    for _ in range(20):
        if not (answers := world.sent_to(ROBOT)):
            break
        last = answers[-1]
        about = {"In_Reply_To": str(last["Message-ID"]), "References": str(last["References"])} if threads else {}
        world.customer_writes("When are you open?", subject="Opening hours", sender=ROBOT, **about)
        world.run(later=MINUTE)
    assert len(world.sent_to(ROBOT)) <= (1 if threads else 3)
    assert alerts(world, "cap") + alerts(world, "automatic answers") <= 1
    assert [case.state for case in world.cases].count(State.HELD) >= 1


def relayed(sent: SentMail, *, bare: bool) -> bytes:
    """The same mail as another server hands it on; ``bare`` without any mark of a machine."""
    mail = message_from_bytes(sent.raw, policy=policy.SMTP)
    assert isinstance(mail, EmailMessage)
    if bare:
        for name in ("Auto-Submitted", "Precedence", "X-Auto-Response-Suppress", "X-Loop"):
            del mail[name]
    domain = sent.sender.rpartition("@")[2]
    return f"Authentication-Results: {VOUCHED.format(domain=domain)}\r\n".encode() + mail.as_bytes()


@pytest.mark.parametrize("bare", [False, True], ids=["with their marks", "with every mark lost on the way"])
def test_24_two_agents_that_write_to_each_other_fall_silent(tmp_path: Path, bare: bool) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one = World(tmp_path / "one")
    other = World(
        tmp_path / "other", CONFIG.replace("example.com", "other.test").replace("mx.other.test", "mx.example.com")
    )
    one.box.deliver("INBOX", letter("When are you open?", subject="Opening hours", sender="support@other.test"))
    passed = {id(one): 0, id(other): 0}
    for _ in range(12):
        for world, partner, address in ((one, other, "support@other.test"), (other, one, "support@example.com")):
            world.run(later=MINUTE)
            mails = [mail for mail in world.transport.sent if address in mail.recipients]
            for mail in mails[passed[id(world)] :]:
                partner.box.deliver("INBOX", relayed(mail, bare=bare))
            passed[id(world)] = len(mails)
    assert passed[id(one)] == 1
    assert passed[id(other)] <= 1


def test_24_what_an_alias_brings_back_to_us_is_not_answered(world: World) -> None:
    world.customer_writes("When are you open?", subject="Opening hours")
    world.run()
    [answer] = world.transport.outside.sent
    world.box.deliver("INBOX", answer.raw)
    world.box.deliver("INBOX", letter("When are you open?", subject="Opening hours", sender="help@example.com"))
    world.box.deliver("INBOX", letter("When are you open?", subject="Opening hours", X_Loop="support@example.com"))
    world.run()
    assert len(world.transport.outside.sent) == 1


def test_24_the_hourly_cap_holds_over_everybody_and_people_hear_once(tmp_path: Path) -> None:
    world = World(tmp_path, CONFIG.replace("[agent]", "[agent]\ncaps = { per_hour = 5 }"))
    for number in range(12):
        world.customer_writes("When are you open?", subject="Opening hours", sender=f"c{number}@company{number}.test")
    world.run()
    assert len(world.transport.outside.sent) == 5
    assert [case.state for case in world.cases].count(State.HELD) == 7
    assert alerts(world, "the hourly cap") == 1


# -- 25: what machines write


def test_25_a_storm_of_vacation_notices_is_answered_by_nobody_and_mailed_to_nobody(world: World) -> None:
    for number in range(200):
        world.customer_writes(
            "I am away until Monday. When are you open?",
            subject=f"Automatic reply: Opening hours {number}",
            sender=f"c{number}@company.test",
            Auto_Submitted="auto-replied",
        )
    world.run()
    assert world.transport.sent == []
    assert {case.state for case in world.cases} == {State.SKIPPED}
    assert len(world.box.locations("INBOX")) == 200


@pytest.fixture(scope="module")
def labelled(shared: Callable[[str], Path]) -> list[tuple[dict[str, object], bytes]]:
    corpus = shared("corpus")
    labels = map(json.loads, (corpus / "LABELS.jsonl").read_text("utf-8").splitlines())
    return [(label, (corpus / label["file"]).read_bytes()) for label in labels if label["role"] == "message"]


def test_25_no_machine_of_the_corpora_gets_an_answer_and_all_their_mail_stays_unread_in_the_inbox(
    tmp_path: Path, labelled: list[tuple[dict[str, object], bytes]]
) -> None:
    anything = 'when = { not = { subject = "no such subject" } }'
    eager = CONFIG.replace('when = { intent = "opening-hours", confidence = { at_least = 0.8 } }', anything)
    world = World(tmp_path, eager.replace("[review]", "[review]\nauto_send_unauthenticated = true"))
    machines = [raw for label, raw in labelled if (label["truth"] or {}).get("respond") is False]  # type: ignore[attr-defined]
    for raw in machines:
        world.box.deliver("INBOX", raw)
    world.run()
    assert len(machines) >= 150
    assert world.transport.outside.sent == []
    assert {case.state for case in world.cases} == {State.SKIPPED}
    standing = world.box.glance(world.box.locations("INBOX"))
    assert len(standing) == len(machines)
    assert not any({"\\Seen", "\\Answered"} & glance.flags for glance in standing)


#: Neither is a person's letter, whatever its label: an out-of-office notice among the ham, an invitation.
NO_LETTERS = {
    "spamassassin/t.rules/MIME_BASE64_TEXT/fp-bug-5909",
    "notmuch/attachment/text-calendar.eml",
}
#: What the sender's own side or our own border says of the mail in so many words.
DECLARED = {"marked as spam by the mail server", "sent from an address no person reads"}


def test_25_no_person_of_the_corpora_is_passed_over(labelled: list[tuple[dict[str, object], bytes]]) -> None:
    passed_over, people = [], 0
    for label, raw in labelled:
        truth, facts = dict(label["truth"] or {}), dict(label["facts"] or {})  # type: ignore[call-overload]
        marks = truth.keys() & {"respond", "bulk_or_list", "is_list_mail"} or truth.get("spam")
        if marks or any(facts.get(name) for name in ("list_headers", "precedence", "auto_submitted", "report_type")):
            continue
        why = why_automatic(parse(raw), own=frozenset({"support@example.com"}))
        people += why not in DECLARED
        if why is not None and why not in DECLARED:
            passed_over.append(label["file"])
    assert people > 500
    assert set(passed_over) == NO_LETTERS


# -- 60: piles


def test_60_a_backlog_is_told_once_and_an_approval_does_not_wait_behind_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "PER_ROUND", 50)
    world.customer_writes("I want my money back", subject="Refund")
    world.run()
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    cycle.run_once(world.app)
    for number in range(150):
        world.box.deliver(
            "INBOX", letter("Hello there", sender=f"c{number}@company.test", message_id=f"<pile-{number}@company.test>")
        )
    world.now += 2 * MINUTE
    cycle.run_once(world.app)
    assert len(world.sent_to("ann@customer.test")) == 1
    assert len(world.cases) < 151
    world.run()
    assert len(world.cases) == 151
    assert alerts(world, "a great many mails") == 1


def test_a_mail_bomb_of_one_sender_mails_no_bomb_to_the_reviewers(world: World) -> None:
    for number in range(PER_SENDER * 3):
        world.customer_writes(f"Refund number {number}, I want my money back", subject=f"Refund {number}", sender=ROBOT)
    world.run()
    for _ in range(20):
        world.run(later=MINUTE)
    packets = [mail for mail in world.sent_to(ANNA) if str(mail["Subject"]).startswith("[Review]")]
    assert len(packets) == PER_SENDER
    assert alerts(world, "of one sender wait") == 1
    assert len(world.standing("review")) == PER_SENDER * 3


def test_packets_follow_when_the_pile_has_become_smaller(world: World) -> None:
    for number in range(PER_SENDER + 1):
        world.customer_writes(f"Refund number {number}, I want my money back", subject=f"Refund {number}", sender=ROBOT)
    for _ in range(5):
        world.run(later=MINUTE)
    world.moves(world.standing("review")[0], "approve")
    for _ in range(5):
        world.run(later=MINUTE)
    packets = [mail for mail in world.sent_to(ANNA) if str(mail["Subject"]).startswith("[Review]")]
    assert len(packets) == PER_SENDER + 1
