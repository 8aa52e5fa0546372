"""How a conversation ended, seen from outside: in the store, in the customer's inbox and in the folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy

from mailhitl.backends.imap import ImapMailbox
from mailhitl.case import Case, Event
from mailhitl.decision import Decision
from mailhitl.demo.stage import Stage
from mailhitl.mail.edited import draft_of
from mailhitl.ports.mailbox import Location

#: Decisions that settle what becomes of a case; the outbox's own steps are not among them.
SETTLING = (Event.SKIP, Event.HOLD, Event.ESCALATE, Event.APPROVE, Event.REJECT, Event.SUPERSEDE)


@dataclass(frozen=True, slots=True)
class Ending:
    """What can be seen of one conversation. ``received`` has one line per mail that the customer got.

    ``flags`` are those of the customer's own mail, ``copies`` how many answers of it stand in Sent.
    """

    state: str
    decided: str
    received: tuple[str, ...] = ()
    flags: str = ""
    copies: int = 0

    def lines(self) -> list[str]:
        """One line per aspect, worded for the table."""
        mails = [f"1 mail: {line}" for line in self.received] or ["no mail"]
        return [self.state, self.decided, *mails, self.flags or "not flagged", f"{self.copies} in Sent"]


def ending(stage: Stage, box: ImapMailbox, question: str, words: str) -> Ending:
    """Look at everything that became of the mail with this Message-ID; ``words`` are what its answer has to say."""
    case = case_of(stage, question)
    answers = [mail for mail in stage.smtp.outside if mail.recipient == case.sender and question in _answered(mail.raw)]
    got = tuple(_received(mail.raw, question, words) for mail in answers)
    flags, copies = _flags(box, case), _copies(box, question)
    return Ending(str(case.state), _decided(stage.store.cases.log(case)), got, flags, copies)


def case_of(stage: Stage, question: str) -> Case:
    """The case of the mail with this Message-ID, once there is one."""

    def found() -> Case | None:
        return next((case for case in stage.store.cases.recent(limit=500) if case.message_id == question), None)

    return stage.until(found)


def _decided(log: Sequence[Decision]) -> str:
    """Who settled it and how, without the rules' or the reviewer's words."""
    settled = [row for row in log if row.event in SETTLING]
    return f"{settled[-1].event} by {settled[-1].by} ({settled[-1].channel})" if settled else "nothing decided"


def _answered(raw: bytes) -> str:
    """The Message-ID that this mail says it answers, as the customer's program reads it."""
    return str(message_from_bytes(raw, policy=policy.default)["In-Reply-To"])


def _received(raw: bytes, question: str, words: str) -> str:
    """What one mail to the customer is like, in the words of the table."""
    mail = message_from_bytes(raw, policy=policy.default)
    references = str(mail["References"]).split()
    threaded = str(mail["In-Reply-To"]) == question and references[-1:] == [question] and "<mh." not in str(references)
    leaks = [name for name in mail.keys() if name.lower().startswith("x-mailhitl")]  # noqa: SIM118
    said = " ".join(draft_of(raw).text.split())
    return ", ".join(
        (
            "word for word" if said == " ".join(words.split()) else f"other words: {said[:60]}…",
            "in thread" if threaded else "in no thread",
            "marked automatic" if mail["Auto-Submitted"] else "not automatic",
            *(f"leaks {name}" for name in leaks),
        )
    )


def _flags(box: ImapMailbox, case: Case) -> str:
    [glance] = box.glance([Location(case.folder, case.uidvalidity, case.uid)])
    return " ".join(sorted(glance.flags & {"\\Answered", "\\Flagged"}))


def _copies(box: ImapMailbox, question: str) -> int:
    headers = [message_from_bytes(glance.header, policy=policy.default) for glance in box.glance(box.locations("Sent"))]
    return sum(str(header["In-Reply-To"]) == question for header in headers)
