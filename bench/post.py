"""Customers' mails, the same ones at every run, put into a Maildir as a delivery agent would."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

#: What customers ask for: a third fits no template, a fifth is long, a third has an HTML part.
QUESTIONS = (
    ("Refund for order", "I want my money back for order {n}. The parcel came late and the box was open."),
    ("Opening hours", "When are you open on Saturday? I live far away and would come by train."),
    ("Where is my parcel", "What is the status of my order {n}? It should have been here last week."),
    ("Rechnung", "Meine Rechnung {n} stimmt nicht, bitte prüfen Sie den Betrag von 49,90 EUR."),
    ("A question", "My neighbour told me that you also repair old lamps. Could somebody call me about one?"),
    ("Wattage", "Does the lamp from your shop window work with a bulb of 60 watts, and is there a green one?"),
)
WORDS = (
    *("the", "shop", "sent", "me", "a", "lamp", "and", "it", "was", "fine", "until", "last", "week", "when", "its"),
    *("switch", "began", "to", "make", "strange", "sound", "which", "nobody", "here", "can", "explain"),
)
#: A hard-linked file may have so many names on most file systems.
LINKS = 30_000


#: The question whose template leaves nothing for a person to fill in, and how to search for its drafts.
ANSWERED = 2
COMPLETE = ["SUBJECT", "Re: Where is my parcel", "NOT", "SUBJECT", "[Review]"]


def mails(count: int) -> Iterator[bytes]:
    """Yield ``count`` mails, all from different senders."""
    for number in range(count):
        yield _mail(number)


def answerable(count: int) -> Iterator[bytes]:
    """Yield ``count`` mails whose drafts may leave as they stand."""
    for number in range(count):
        yield _mail(ANSWERED + number * len(QUESTIONS))


def _mail(number: int) -> bytes:
    chance = random.Random(number)
    subject, question = QUESTIONS[number % len(QUESTIONS)]
    paragraphs = 12 if number % 5 == 0 else 3
    story = "\n\n".join(" ".join(chance.choices(WORDS, k=60)) + "." for _ in range(paragraphs))
    mail = EmailMessage()
    mail["Received"] = f"from mx.example.net by mx.example.com with ESMTPS id {number:08x}; {_date(number)}"
    mail["From"] = f"Customer {number} <customer{number}@example.net>"
    mail["To"] = "Support <support@example.com>"
    mail["Subject"] = f"{subject} {number}"
    mail["Date"] = _date(number)
    mail["Message-ID"] = f"<bench.{number}@example.net>"
    text = f"Hello,\n\n{question.format(n=1000 + number)}\n\n{story}\n\nKind regards\nCustomer {number}\n"
    mail.set_content(text, cte="quoted-printable")
    if number % 3 == 0:
        body = "".join(f"<p>{line}</p>" for line in text.split("\n\n"))
        mail.add_alternative(f"<html><body>{body}</body></html>", subtype="html")
    return mail.as_bytes().replace(b"\n", b"\r\n")


def _date(number: int) -> str:
    return format_datetime(datetime.now(UTC) - timedelta(hours=1, seconds=-number % 3000))


def big_mail(size: int) -> bytes:
    """One mail of about ``size`` bytes: a short question with one attachment."""
    mail = EmailMessage()
    mail["From"] = "Customer <customer@example.net>"
    mail["To"] = "Support <support@example.com>"
    mail["Subject"] = "Where is my parcel"
    mail["Date"] = _date(0)
    mail["Message-ID"] = f"<big.{size}@example.net>"
    mail.set_content("What is the status of my order 4711? A film of the parcel is attached.\n")
    mail.add_attachment(random.Random(size).randbytes(size * 57 // 78), "video", "mp4", filename="parcel.mp4")
    return mail.as_bytes().replace(b"\n", b"\r\n")


def deliver(maildir: Path, raws: Iterator[bytes]) -> None:
    """Put mails into ``new``, owned like the directory above."""
    new = _prepared(maildir)
    owner = new.stat()
    for number, raw in enumerate(raws):
        # Readers must never see half a mail.
        waiting = new.with_name("tmp") / f"{number:07}.bench"
        waiting.write_bytes(raw)
        os.chown(waiting, owner.st_uid, owner.st_gid)
        waiting.rename(new / f"{datetime.now(UTC).timestamp():.6f}.{number:07}.bench")


def fill(maildir: Path, raw: bytes, count: int) -> None:
    """Make ``count`` mails of the same bytes, quickly: names of a few files."""
    new = _prepared(maildir)
    owner = new.stat()
    for number in range(count):
        name = new / f"1.{number:07}.bench"
        if number % LINKS == 0:
            first = name
            first.write_bytes(raw)
            os.chown(first, owner.st_uid, owner.st_gid)
        else:
            os.link(first, name)


def _prepared(maildir: Path) -> Path:
    """Make the Maildir where it is missing, for the owner of the mail directory; return its ``new``."""
    owner = next(parent for parent in maildir.parents if parent.exists()).stat()
    missing = [folder for folder in (maildir.parent, maildir) if not folder.exists()]
    for folder in (*missing, *(maildir / name for name in ("cur", "new", "tmp"))):
        if not folder.exists():
            folder.mkdir()
            os.chown(folder, owner.st_uid, owner.st_gid)
    return maildir / "new"
