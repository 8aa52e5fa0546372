"""What comes back after an answer has left is tied to it, told, charged, and never answered (checklist 57)."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailhitl.case import State
from mailhitl.daemon.trust import autonomy
from mailhitl.mail.stamp import Kind, PrivateId, write_id
from mailhitl.ports.journal import Entry
from mailhitl.rules.rule import Level
from tests.story.office import Office
from tests.story.world import DEMO_TEMPLATES, World, parsed

ANN = "ann@customer.test"
RULE = "Opening hours answer themselves"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def answered(world: World, text: str = "When are you open?") -> EmailMessage:
    """A customer's question gets its automatic answer."""
    world.customer_writes(text, subject="Opening hours")
    world.run()
    return world.sent_to(ANN)[-1]


def report(number: int, quoted: str, *, recipient: str = ANN, action: str = "failed", status: str = "5.1.1") -> bytes:
    return (
        "Return-Path: <>\r\nFrom: Mail Delivery System <MAILER-DAEMON@mx.customer.test>\r\n"
        "To: support@example.com\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"Message-ID: <bounce-{number}-{recipient}-{action}-{status}@mx.customer.test>\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNo.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.customer.test\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} no\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {quoted}\r\n\r\n--b--\r\n"
    ).encode()


def bounce(world: World, quoted: str, **about: str) -> None:
    world.box.deliver("INBOX", report(world.letters, quoted, **about))
    world.run()


def complaint(world: World, quoted: str) -> None:
    world.box.deliver(
        "INBOX",
        (
            "From: <abuse@provider.test>\r\nTo: support@example.com\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
            "Message-ID: <arf@provider.test>\r\n"
            'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
            "--b\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n"
            "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n\r\n"
            f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {quoted}\r\n\r\nhello\r\n--b--\r\n"
        ).encode(),
    )
    world.run()


def follow_up(world: World, text: str, answer: EmailMessage) -> None:
    references = f"{answer['References']} {answer['Message-ID']}"
    world.customer_writes(
        text, subject="Re: Opening hours", In_Reply_To=str(answer["Message-ID"]), References=references
    )
    world.run()


def entries(world: World, *kinds: str) -> list[Entry]:
    return list(world.store.journal.entries(kinds))


def notes(world: World, words: str) -> list[EmailMessage]:
    return [mail for mail in world.sent_to("anna@example.com") if words in str(mail.get_content())]


def level(world: World) -> Level:
    return next(rule.level for rule in autonomy.in_force(world.app) if rule.name == RULE)


def test_57_a_bounce_is_tied_to_the_answer_and_people_hear_what_to_do(world: World) -> None:
    answer = answered(world)
    bounce(world, str(answer["Message-ID"]))
    [entry] = entries(world, "bounce")
    assert (entry.case_id, entry.code, entry.subject) == (world.cases[0].id, "hard", ANN)
    [told] = notes(world, f"did not reach {ANN}")
    assert f"case {world.cases[0].id}" in str(told["Subject"])
    assert "unanswered again" in str(told.get_content())
    assert level(world) is Level.REVIEW


def test_57_the_question_of_a_bounced_answer_stands_open_again(world: World) -> None:
    answer = answered(world)
    assert "\\Answered" in world.flags(world.cases[0])
    bounce(world, str(answer["Message-ID"]), status="4.2.2")
    assert world.flags(world.cases[0]) >= {"\\Flagged"}
    assert "\\Answered" not in world.flags(world.cases[0])
    assert entries(world, "bounce")[0].code == "soft"


@pytest.mark.parametrize("status", ["4.2.2", "4.4.7", "5.2.2"])
def test_57_a_bounce_that_says_nothing_about_the_words_is_told_and_takes_no_rule_down(
    world: World, status: str
) -> None:
    answer = answered(world)
    bounce(world, str(answer["Message-ID"]), status=status)
    assert len(notes(world, f"did not reach {ANN}")) == 1
    assert len(entries(world, "bounce")) == 1
    assert entries(world, "demote") == []
    assert level(world) is Level.SEND


def test_57_the_same_bounce_twice_is_told_once(world: World) -> None:
    answer = answered(world)
    for status in ("5.1.1", "5.1.2"):
        bounce(world, str(answer["Message-ID"]), status=status)
    assert len(entries(world, "bounce")) == 1
    assert len(notes(world, f"did not reach {ANN}")) == 1


@pytest.mark.parametrize(
    "quoted",
    ["<sent.1.1.aaaaaaaaaaaaaaaa@example.com>", "<sent.999.1.aaaaaaaaaaaaaaaa@example.com>", "<other@example.com>"],
)
def test_57_a_bounce_that_does_not_quote_our_id_changes_nothing(world: World, quoted: str) -> None:
    answered(world)
    bounce(world, quoted)
    assert entries(world, "bounce", "demote") == []
    assert level(world) is Level.SEND
    assert "\\Answered" in world.flags(world.cases[0])
    [kept] = entries(world, "unattributed")
    assert kept.data["perhaps"] == str(world.cases[0].id)
    assert len(notes(world, "It does not say which one")) == 1


def test_57_a_true_id_of_an_answer_that_never_left_ties_nothing(world: World) -> None:
    world.customer_writes("I want my money back", subject="Refund")
    world.run()
    [draft] = world.standing("review")
    bounce(world, write_id(PrivateId(Kind.SENT, 1, 1), world.app.key, "example.com"))
    assert entries(world, "bounce") == []
    assert world.cases[0].state is State.HELD
    assert world.standing("review") == [draft]


def test_57_a_forger_who_knows_our_id_cannot_flood_the_reviewers(world: World) -> None:
    answer = answered(world)
    for number in range(5):
        bounce(world, str(answer["Message-ID"]), recipient=f"victim{number}@elsewhere.test")
    assert len(notes(world, "Your answer did not reach")) == 1
    assert len(entries(world, "bounce")) == 1


def test_a_delay_is_no_failure_and_is_told_to_nobody(world: World) -> None:
    answer = answered(world)
    bounce(world, str(answer["Message-ID"]), action="delayed", status="4.4.1")
    assert entries(world, "bounce", "unattributed", "demote") == []
    assert notes(world, "did not reach") == []


def test_nothing_that_comes_back_is_answered_and_all_of_it_stays_in_the_inbox(world: World) -> None:
    answer = answered(world)
    bounce(world, str(answer["Message-ID"]))
    complaint(world, str(answer["Message-ID"]))
    assert len(world.transport.outside.sent) == 1
    assert [case.state for case in world.cases[1:]] == [State.SKIPPED, State.SKIPPED]
    assert len(world.box.locations("INBOX")) == 3


def test_57_who_complained_gets_no_automatic_answer_any_more(world: World) -> None:
    answer = answered(world)
    complaint(world, str(answer["Message-ID"]))
    [entry] = entries(world, "complaint")
    assert (entry.case_id, entry.subject, entry.code) == (world.cases[0].id, ANN, "abuse")
    assert level(world) is Level.REVIEW
    assert len(notes(world, "reports a complaint")) == 1
    world.customer_writes("When are you open?", subject="A new question")
    world.run()
    assert world.cases[-1].state is State.HELD
    assert any(reason.rule == "gate:complained" for reason in world.store.cases.log(world.cases[-1])[-1].reasons)


def test_a_customer_who_writes_again_after_an_automatic_answer_gets_a_person(world: World) -> None:
    answer = answered(world)
    follow_up(world, "And when are you open on Sunday?", answer)
    assert world.cases[-1].state is State.HELD
    assert len(world.sent_to(ANN)) == 1
    assert any(reason.rule == "gate:follow-up" for reason in world.store.cases.log(world.cases[-1])[-1].reasons)
    [entry] = entries(world, "reopened")
    assert entry.case_id == world.cases[0].id
    assert level(world) is Level.REVIEW


def test_a_customer_who_only_thanks_charges_no_rule(world: World) -> None:
    answer = answered(world)
    follow_up(world, "Thank you, that helped!", answer)
    assert entries(world, "reopened", "wrong", "demote") == []
    assert level(world) is Level.SEND


def test_a_customer_who_comes_back_long_after_charges_no_rule_and_still_gets_a_person(world: World) -> None:
    answer = answered(world)
    world.run(later=timedelta(days=8))
    follow_up(world, "When are you open at Christmas?", answer)
    assert entries(world, "reopened", "demote") == []
    assert world.cases[-1].state is State.HELD


@pytest.mark.parametrize("text", ["That's wrong, the door was closed.", "Das stimmt so nicht."])
def test_a_customer_who_says_that_it_was_wrong_is_noted_and_not_answered_by_a_machine(world: World, text: str) -> None:
    answer = answered(world)
    follow_up(world, text, answer)
    [entry] = entries(world, "wrong")
    assert entry.case_id == world.cases[0].id
    assert text not in entry.why
    assert level(world) is Level.REVIEW
    assert len(world.sent_to(ANN)) == 1


def test_a_stranger_who_writes_into_the_conversation_charges_no_rule(world: World) -> None:
    answer = answered(world)
    world.customer_writes(
        "That's wrong.", sender="Eve <eve@elsewhere.test>", References=str(answer["References"]), subject="Re: hours"
    )
    world.run()
    assert entries(world, "wrong", "reopened", "demote") == []


def test_a_colleague_whose_packets_come_back_is_named_to_the_others(world: World) -> None:
    world.customer_writes("I want my money back", subject="Refund")
    world.run()
    packet = world.packet_for("anna@example.com")
    bounce(world, str(packet["Message-ID"]), recipient="anna@example.com")
    told = [mail for mail in world.sent_to("ben@example.com") if "come back" in str(mail["Subject"])]
    assert len(told) == 1
    assert entries(world, "bounce", "unattributed") == []


SENDING = """
[[rule]]
name = "Hours"
why = "The same for everybody."
when = { intent = "opening-hours" }
then = "send"

[[intent]]
name = "opening-hours"
words = ["open", "hours"]
template = "opening-hours"
"""


def test_the_command_line_shows_what_came_back(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        config = office.usual()
        office.write(config.replace("[agent]", f'[agent]\ntemplates = "{DEMO_TEMPLATES}"') + SENDING)
        office.customer_writes("When are you open?", subject="Opening hours", message_id="<question@customer.test>")
        assert office.mailhitl("run", "--once").returncode == 0
        [copy] = office.standing("Sent")
        office.imap.deliver("support", report(1, str(parsed(copy)["Message-ID"])))
        assert office.mailhitl("run", "--once").returncode == 0
        shown = office.says("cases", "show", "1")["afterwards"]
        assert [entry["what"] for entry in shown] == ["bounce", "demote"]
        assert f"bounce: {ANN}, hard" in office.mailhitl("cases", "show", "1").stdout
