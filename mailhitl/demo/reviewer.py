"""A played reviewer: what a person does in a mail client, with an IMAP connection and a login of their own."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid

from mailhitl.backends.imap import ImapMailbox
from mailhitl.backends.imap_connect import ImapSettings
from mailhitl.demo.loop_thread import HOST
from mailhitl.demo.shop import DOMAIN, PASSWORD, SUPPORT
from mailhitl.demo.stage import Stage
from mailhitl.mail.edited import draft_of
from mailhitl.ports.mailbox import Location

REVIEW, APPROVE, REJECT = "Drafts/Review", "Drafts/Approve", "Drafts/Reject"
ESCALATE, OUTGOING = "Drafts/Escalate", "Drafts/Outgoing"
#: Where something of ours may stand while it is being decided on; empty when all is done.
DECIDED = (APPROVE, REJECT, ESCALATE, OUTGOING)
WHOLE = 10_000_000


class Reviewer:
    """One person at a mail client, with the team's mailbox open and an inbox of their own."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self.name = name
        self.address = f"{name}@{DOMAIN}"

    # -- in the team's mailbox

    def sees_draft(self, customer: str, folder: str = REVIEW) -> str:
        """Wait until the draft for this customer stands there; return its words."""
        with self._mailbox() as box:
            return draft_of(self._stage.until(lambda: _raw(box, self._draft(box, customer, folder)))).text

    def moves(self, customer: str, to: str, *, source: str = REVIEW) -> None:
        """Drag the draft for this customer into another folder."""
        with self._mailbox() as box:
            box.move(self._stage.until(lambda: self._draft(box, customer, source)), to)

    def edits(self, customer: str, old: str, new: str) -> str:
        """Change words of the draft as Thunderbird does: saved in place, under a new Message-ID, our header dropped.

        Returns the whole text as it was saved.
        """
        with self._mailbox() as box:
            place = self._stage.until(lambda: self._draft(box, customer, REVIEW))
            raw = _raw(box, place)
            before = _parsed(raw)
            mail = EmailMessage(policy=policy.SMTP)
            for name in ("From", "To", "Subject", "Date", "In-Reply-To", "References"):
                mail[name] = " ".join(str(before[name]).split())
            mail["Message-ID"] = make_msgid(domain=DOMAIN)
            mail.set_content(draft_of(raw).text.replace(old, new))
            box.append(REVIEW, mail.as_bytes(), flags=("\\Draft",))
            box.remove([place])
            return draft_of(mail.as_bytes()).text

    def answers_customer(self, customer: str, subject: str, question: str, text: str) -> None:
        """Write to the customer oneself, as the team, and keep the copy in Sent as every client does."""
        mail = self._mail(SUPPORT, customer, f"Re: {subject}", text, answers=question)
        self._send("support", mail)
        with self._mailbox() as box:
            box.append("Sent", mail.as_bytes(), flags=("\\Seen",))

    # -- in their own inbox

    def gets_packet(self, subject: str) -> EmailMessage:
        """Wait for the newest packet about the mail with this subject."""
        with self._mailbox(self.name) as box:
            return self._stage.until(lambda: self._newest(box, re.compile(rf"\[Review\] .*: {re.escape(subject)}$")))

    def is_told(self, packet: EmailMessage) -> str:
        """Wait for the agent's answer to what was answered to this packet; return its text."""
        with self._mailbox(self.name) as box:
            answer = self._stage.until(
                lambda: self._newest(box, re.compile(re.escape(f"Re: {packet['Subject']}") + "$"))
            )
            return text_of(answer)

    def answers(self, packet: EmailMessage, words: str) -> None:
        """Answer a packet above its quoted text, logged in as oneself."""
        quoted = "\n".join(f"> {line}" for line in text_of(packet).splitlines())
        text = f"{words}\n\nOn Monday, Example Shop wrote:\n{quoted}\n"
        to, subject = str(packet["Reply-To"] or packet["From"]), f"Re: {packet['Subject']}"
        self._send(self.name, self._mail(self.address, to, subject, text, answers=str(packet["Message-ID"])))

    def _mail(self, author: str, to: str, subject: str, text: str, *, answers: str) -> EmailMessage:
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"], mail["To"], mail["Subject"] = author, to, subject
        mail["Date"] = format_datetime(localtime())
        mail["Message-ID"] = make_msgid(domain=DOMAIN)
        mail["In-Reply-To"] = mail["References"] = answers
        mail.set_content(text)
        return mail

    def _send(self, user: str, mail: EmailMessage) -> None:
        with smtplib.SMTP(HOST, self._stage.smtp.port, local_hostname=f"{self.name}.{DOMAIN}") as client:
            client.login(user, PASSWORD)
            client.send_message(mail)

    @contextmanager
    def _mailbox(self, user: str = "support") -> Iterator[ImapMailbox]:
        settings = ImapSettings(HOST, self._stage.imap.port, "none", user, lambda: PASSWORD)
        box = ImapMailbox.connect(settings)
        try:
            yield box
        finally:
            box.close()

    def _draft(self, box: ImapMailbox, customer: str, folder: str) -> Location | None:
        glances = box.glance(box.locations(folder))
        found = [glance.location for glance in glances if customer in str(_parsed(glance.header)["To"])]
        return found[-1] if found else None

    def _newest(self, box: ImapMailbox, subject: re.Pattern[str]) -> EmailMessage | None:
        glances = box.glance(box.locations("INBOX"))
        found = [g.location for g in glances if subject.match(str(_parsed(g.header)["Subject"]))]
        return _parsed(_raw(box, found[-1])) if found else None


def text_of(mail: EmailMessage) -> str:
    """The plain text of a mail, flowed lines joined (RFC 3676)."""
    body = mail.get_body(preferencelist=("plain",))
    return re.sub(r" \r?\n(?!>)", " ", str(body.get_content())) if body else ""


def _raw(box: ImapMailbox, place: Location | None) -> bytes:
    return (box.fetch(place, limit=WHOLE) if place else None) or b""


def _parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail
