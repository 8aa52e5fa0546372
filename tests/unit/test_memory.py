"""The twins in memory: what they offer beyond the ports. The ports themselves are in the contract tests."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from mailhitl.backends.memory import Answer, MemoryMailbox, MemoryTransport, MemoryWatcher
from mailhitl.delivery import Phase, Status
from mailhitl.errors import StaleFolder, TemporaryFailure

MAIL = b"Subject: hello\r\nMessage-ID: <1@x.example>\r\n\r\nhello\r\n"
NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


def test_a_delivered_mail_has_a_place_flags_and_a_date() -> None:
    mailbox = MemoryMailbox(now=lambda: NOON)
    location = mailbox.deliver("INBOX", MAIL, flags=["\\Seen"])
    [glance] = mailbox.glance(mailbox.locations("INBOX"))
    assert (glance.location, glance.flags, glance.arrived) == (location, {"\\Seen"}, NOON)


def test_a_new_uidvalidity_voids_what_was_known() -> None:
    mailbox = MemoryMailbox()
    old = mailbox.deliver("INBOX", MAIL)
    mailbox.reset_uidvalidity("INBOX")
    with pytest.raises(StaleFolder):
        mailbox.remove([old])
    [new] = mailbox.find("INBOX", "<1@x.example>")
    assert new.uidvalidity > old.uidvalidity


def test_a_planned_failure_comes_once_and_changes_nothing() -> None:
    mailbox = MemoryMailbox()
    mailbox.fail_next("append", TemporaryFailure("away"))
    with pytest.raises(TemporaryFailure, match="away"):
        mailbox.append("INBOX", MAIL)
    assert mailbox.status("INBOX").messages == 0
    mailbox.append("INBOX", MAIL)
    assert mailbox.status("INBOX").messages == 1


def test_a_failure_of_a_method_that_is_not_there_is_a_slip_of_the_test() -> None:
    with pytest.raises(ValueError, match="no method apend"):
        MemoryMailbox().fail_next("apend", TemporaryFailure("away"))


def test_a_copy_leaves_the_original() -> None:
    mailbox = MemoryMailbox()
    original = mailbox.deliver("INBOX", MAIL)
    copy = mailbox.copy(original, "Drafts")
    assert mailbox.locations("INBOX") == [original]
    assert mailbox.locations("Drafts") == [copy]


def test_without_uidplus_a_removed_mail_lingers_unseen() -> None:
    mailbox = MemoryMailbox(capabilities=frozenset({"IMAP4REV1"}))
    location = mailbox.deliver("INBOX", MAIL)
    mailbox.move(location, "Trash")
    assert mailbox.locations("INBOX") == []
    assert mailbox.status("INBOX").messages == 1
    assert mailbox.status("INBOX").modseq is None


def test_a_server_without_keywords_forgets_them() -> None:
    mailbox = MemoryMailbox(keywords=False)
    location = mailbox.deliver("INBOX", MAIL, flags=["\\Draft", "$MailhitlPending"])
    mailbox.flag(location, add=["$Other", "\\Flagged"])
    [glance] = mailbox.glance([location])
    assert glance.flags == {"\\Draft", "\\Flagged"}


def test_several_hands_lose_no_mail() -> None:
    mailbox = MemoryMailbox()

    def work() -> None:
        for _ in range(50):
            mailbox.move(mailbox.deliver("INBOX", MAIL), "Drafts")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mailbox.locations("INBOX") == []
    assert [location.uid for location in mailbox.locations("Drafts")] == list(range(1, 201))


def test_a_watcher_tells_of_its_folders_only_until_it_is_stopped() -> None:
    mailbox, told = MemoryMailbox(), []
    watcher = MemoryWatcher(mailbox, ["INBOX"])
    watcher.start(told.append)
    mailbox.deliver("Drafts", MAIL)
    mailbox.deliver("inbox", MAIL)
    watcher.stop()
    watcher.stop()
    mailbox.deliver("INBOX", MAIL)
    assert told == ["INBOX"]


def test_what_is_handed_over_is_kept() -> None:
    transport, phases = MemoryTransport(), []
    handover = transport.hand_over(MAIL, "support@x.example", ["a@y.example", "b@y.example"], on_phase=phases.append)
    assert handover.accepted == ("a@y.example", "b@y.example")
    assert handover.phase is Phase.DONE
    assert phases == [Phase.CONNECT, Phase.GREET, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.BODY]
    [sent] = transport.sent
    assert (sent.raw, sent.sender, sent.recipients) == (MAIL, "support@x.example", ("a@y.example", "b@y.example"))


def test_a_script_says_how_attempts_end() -> None:
    refused = Answer(Status.REFUSED, reply="550 no such user", only=frozenset({"b@y.example"}))
    transport = MemoryTransport(Answer(Status.DEFERRED, Phase.RCPT, "450 later"), refused)
    phases: list[Phase] = []
    first = transport.hand_over(MAIL, "s@x.example", ["a@y.example"], on_phase=phases.append)
    assert (first.deferred, first.phase, phases[-1]) == (("a@y.example",), Phase.RCPT, Phase.RCPT)
    assert transport.sent == []

    second = transport.hand_over(MAIL, "s@x.example", ["a@y.example", "b@y.example"], on_phase=phases.append)
    assert (second.accepted, second.refused) == (("a@y.example",), ("b@y.example",))
    assert transport.sent[0].recipients == ("a@y.example",)
    assert transport.attempts == 2


def test_a_mail_may_arrive_although_nobody_heard_so() -> None:
    transport = MemoryTransport(Answer(Status.UNKNOWN, Phase.BODY, "connection lost", delivered=True))
    handover = transport.hand_over(MAIL, "s@x.example", ["a@y.example"], on_phase=lambda phase: None)
    assert handover.unknown == ("a@y.example",)
    assert len(transport.sent) == 1


def test_a_phase_that_cannot_be_recorded_does_not_happen() -> None:
    def full(phase: Phase) -> None:
        if phase is Phase.BODY:
            raise OSError("disk full")

    transport = MemoryTransport()
    with pytest.raises(OSError, match="disk full"):
        transport.hand_over(MAIL, "s@x.example", ["a@y.example"], on_phase=full)
    assert transport.sent == []
