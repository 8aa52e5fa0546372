"""Two people in one mailbox: ours, who sorts, and another who moves, flags and expunges the same mails meanwhile.

What a mail is for follows from its number: ours moves every third to Drafts, removes the next, only reads the third.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from mailhitl.backends.imap import ImapMailbox
from mailhitl.backends.imap_connect import ImapSettings
from mailhitl.errors import MailhitlError
from mailhitl.ports.mailbox import Mailbox
from tests.contract.accounts import connected

#: So many mails lie about in the beginning, and so many come with every round.
MAILS, MORE = 60, 3
MOVE, REMOVE, READ = 0, 1, 2


@dataclass(slots=True)
class History:
    """What was done in one mailbox, and what became of it: ``wrong`` has a line for every mail that was mistreated."""

    ours: int = 0
    others: int = 0
    mails: int = 0
    expunged: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    @property
    def steps(self) -> int:
        return self.ours + self.others


def at_work(options: ImapSettings, steps: int, seed: int = 7) -> History:
    """Have both at work until so many steps were taken, then look where every mail is."""
    history, chance = History(), random.Random(seed)
    with connected(options) as mailbox:
        _arrive(mailbox, history, MAILS)
        with _meddling(options, history, chance):
            while history.steps < steps and not history.wrong:
                _sort_out(mailbox, history)
                _arrive(mailbox, history, MORE)
        _look(mailbox, history)
    return history


def _mail(number: int) -> bytes:
    return f"Subject: {number}\r\n\r\nbody {number}\r\n".encode()


def _number(header: bytes) -> int:
    return int(header.partition(b"Subject: ")[2].partition(b"\r\n")[0])


def _numbers(mailbox: Mailbox, folder: str) -> set[int]:
    return {_number(glance.header) for glance in mailbox.glance(mailbox.locations(folder))}


def _arrive(mailbox: Mailbox, history: History, mails: int) -> None:
    for number in range(history.mails, history.mails + mails):
        mailbox.append("INBOX", _mail(number))
    history.mails += mails


def _sort_out(mailbox: Mailbox, history: History) -> None:
    for glance in mailbox.glance(mailbox.locations("INBOX")):
        number = _number(glance.header)
        if number % 3 == MOVE:
            mailbox.move(glance.location, "Drafts")
        elif number % 3 == REMOVE:
            mailbox.remove([glance.location])
        elif mailbox.fetch(glance.location, limit=100) not in (_mail(number), None):
            history.wrong.append(f"{number} was asked for and another mail was read")
        history.ours += 1


@contextmanager
def _meddling(options: ImapSettings, history: History, chance: random.Random) -> Iterator[None]:
    """Another client at work all the time, so that UIDs change and mails vanish under our hands."""
    over, problems = threading.Event(), []

    def meddle() -> None:
        try:
            with connected(options) as mailbox:
                for step in count():
                    source, target = ("INBOX", "Sent") if step % 2 else ("Sent", "INBOX")
                    _meddle_once(mailbox, history, chance, source, target)
                    if over.is_set():
                        return
        except MailhitlError as problem:
            problems.append(problem)

    thread = threading.Thread(target=meddle)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    history.wrong += [f"the other one failed: {problem}" for problem in problems]


def _meddle_once(mailbox: ImapMailbox, history: History, chance: random.Random, source: str, target: str) -> None:
    for glance in mailbox.glance(mailbox.locations(source)):
        dice = chance.random()
        if dice < 0.02:
            history.expunged.add(_number(glance.header))
            mailbox.remove([glance.location])
        elif dice < 0.15:
            mailbox.flag(glance.location, add=("\\Flagged",), remove=("\\Seen",))
        elif dice < 0.4:
            mailbox.move(glance.location, target)
        else:
            continue
        history.others += 1


def _look(mailbox: Mailbox, history: History) -> None:
    moved, left = _numbers(mailbox, "Drafts"), _numbers(mailbox, "INBOX") | _numbers(mailbox, "Sent")
    for number in range(history.mails):
        if number in moved and number % 3 != MOVE:
            history.wrong.append(f"{number} was moved, and was not to be")
        if number not in left | moved | history.expunged and number % 3 != REMOVE:
            history.wrong.append(f"{number} is gone, and was not to be")
