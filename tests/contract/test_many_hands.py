"""Several people at work in one mailbox: whatever they do meanwhile, we never touch the wrong mail."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mailhitl.backends.imap import ImapMailbox
from mailhitl.backends.imap_connect import ImapSettings
from mailhitl.errors import MailhitlError
from mailhitl.ports.mailbox import Mailbox
from tests.contract.accounts import account_name, settings
from tests.contract.conftest import BARE
from tests.servers import Dovecot, DovecotOptions

MAILS = 60
ROUNDS = 25


def mail(number: int) -> bytes:
    return f"Subject: {number}\r\n\r\nbody {number}\r\n".encode()


def numbers(mailbox: Mailbox, folder: str) -> set[int]:
    return {_number(glance.header) for glance in mailbox.glance(mailbox.locations(folder))}


def _number(header: bytes) -> int:
    return int(header.partition(b"Subject: ")[2].partition(b"\r\n")[0])


@contextmanager
def meddling(options: ImapSettings) -> Iterator[None]:
    """Another client that moves mails out and back all the time, so that their UIDs change under our hands."""
    over, chance, problems = threading.Event(), random.Random(7), []

    def meddle() -> None:
        mailbox = ImapMailbox.connect(options)
        try:
            while not over.is_set():
                for source, target in (("INBOX", "Sent"), ("Sent", "INBOX")):
                    for location in mailbox.locations(source):
                        if chance.random() < 0.3:
                            mailbox.move(location, target)
        except MailhitlError as problem:
            problems.append(problem)
        finally:
            mailbox.close()

    thread = threading.Thread(target=meddle)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert problems == []


def sort_out(mailbox: Mailbox) -> None:
    """Move every third mail to Drafts, remove the next, read the third."""
    for glance in mailbox.glance(mailbox.locations("INBOX")):
        number = _number(glance.header)
        if number % 3 == 0:
            mailbox.move(glance.location, "Drafts")
        elif number % 3 == 1:
            mailbox.remove([glance.location])
        else:
            assert mailbox.fetch(glance.location, limit=100) in (mail(number), None)


@pytest.mark.servers
@pytest.mark.parametrize("options", [DovecotOptions(), BARE], ids=["full", "bare"])
def test_no_wrong_mail_is_moved_removed_or_read(
    dovecot: Callable[[DovecotOptions], Dovecot], options: DovecotOptions
) -> None:
    ours = settings(dovecot(options).port, account_name())
    mailbox = ImapMailbox.connect(ours)
    for number in range(MAILS):
        mailbox.append("INBOX", mail(number))
    with meddling(ours):
        for _ in range(ROUNDS):
            sort_out(mailbox)
            assert set(range(0, MAILS, 3)) >= numbers(mailbox, "Drafts")
    left = numbers(mailbox, "INBOX") | numbers(mailbox, "Sent")
    moved = numbers(mailbox, "Drafts")
    mailbox.close()
    assert left >= set(range(2, MAILS, 3)), "a mail that only was to be read is lost"
    assert left | moved >= set(range(0, MAILS, 3)), "a mail that was to be moved is lost"
