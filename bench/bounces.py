"""(bounces) What delivery reports say, read from every report of the corpora whose recipients are known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.place import Place
from mailhitl.mail.bounce import Fate, Report, read_report
from mailhitl.mail.parse import parse

#: Reports that nobody had labelled, read by hand: whom they name, and whether the failure is for good, only for now, or
#: none yet; None where the report does not say. No reader of wordings was made with them.
BY_HAND: dict[str, tuple[set[str], Fate | None]] = {
    "flanker/messages/bounce/broken-mime.eml": ({"info@example.net"}, None),
    "flanker/messages/bounce/delayed-broken.eml": ({"demo@example.com"}, Fate.SOFT),
    "flanker/messages/bounce/delayed.eml": ({"foo@example.com"}, Fate.SOFT),
    "flanker/messages/bounce/gmail-invalid-address.eml": ({"awfawfawfawfawfaw@someserverhere.com"}, Fate.HARD),
    "flanker/messages/bounce/gmail-no-dns.eml": ({"user@example.comm"}, Fate.HARD),
    "flanker/messages/bounce/mailbox-full.eml": ({"user@aol.com"}, Fate.HARD),
    "flanker/messages/bounce/no-mx.eml": ({"user@example.com"}, Fate.DELAYED),
    "flanker/messages/bounce/office365.eml": ({"noname@example.com"}, Fate.HARD),
    "flanker/messages/bounce/zed.eml": (
        {"asdfasdfasdfasdfasdfasdfewrqertrtyrthsfgdfgadfqeadvxzvz@gmail.com"},
        Fate.HARD,
    ),
    "ruby-mail/emails/multipart_report_emails/multi_address_bounce1.eml": (
        {
            "bbbbvhvbbvkjbhfbvbvjhb@gmail.com",
            "bscdbcjhasbcjhbdscbhbsdhcbj@gmail.com",
            "egyfefsdvsfvvhjsd@gmail.com",
            "kfhejkfbsjkjsbhds@gmail.com",
            "qfvhgsvhgsduiohncdhcvhsdfvsfygusd@gmail.com",
        },
        Fate.HARD,
    ),
    "ruby-mail/emails/multipart_report_emails/multipart_report_multiple_status.eml": ({"u@ci.com"}, Fate.HARD),
    "ruby-mail/emails/multipart_report_emails/report_422.eml": ({"fraser@oooooooo.com.au"}, Fate.DELAYED),
    "ruby-mail/emails/multipart_report_emails/report_530.eml": ({"edwin@zzzzzzz.com"}, Fate.HARD),
    "spamassassin/t.rules/BOUNCE_MESSAGE/1": ({"arted@arted.com.do"}, None),
    "spamassassin/t.rules/BOUNCE_MESSAGE/14": ({"s.woolcock@cris.unu.edu"}, Fate.HARD),
    "spamassassin/t.rules/BOUNCE_MESSAGE/2": ({"es@motoworld.com"}, Fate.HARD),
    "spamassassin/t.rules/BOUNCE_MESSAGE/3": ({"erulefoxvw@takacho.com"}, Fate.HARD),
    "spamassassin/t.rules/BOUNCE_MESSAGE/4": ({"sian.clifford@mandmproperties.co.uk"}, Fate.HARD),
    "spamassassin/t.rules/BOUNCE_MESSAGE/6": ({"abkowal@player.pl"}, Fate.HARD),
    "spamassassin/t.rules/BOUNCE_MESSAGE/7": ({"e00bc3e7@abto.bg"}, Fate.HARD),
    "spamassassin/t.rules/BOUNCE_MESSAGE/bug-5942-1": ({"marketing@moneypost.ru", "wowa@moneypost.ru"}, Fate.DELAYED),
    "spamassassin/t.rules/BOUNCE_MESSAGE/bug-5942-2": ({"doska@alldo.ru"}, Fate.DELAYED),
    "spamassassin/t.rules/BOUNCE_MESSAGE/bug5884_att4343_2": ({"vos01589@planet.nl"}, Fate.HARD),
    "spamassassin/t.rules/BOUNCE_MESSAGE/bug5884_att4343_centroshop": (
        {"aleshina@centroshop.ru", "i.aandrievskih@centroshop.ru", "i.alekhina@centroshop.ru"},
        Fate.HARD,
    ),
    "spamassassin/t.rules/BOUNCE_MESSAGE/bug5884_att4343_tbwamerlin": ({"b16f1252@tequila.ro"}, Fate.HARD),
    "spamassassin/t.rules/BOUNCE_MESSAGE/fp_bug5912_att4321": ({"wlycnh1@pacbell.net"}, Fate.HARD),
}

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


@dataclass(frozen=True, slots=True)
class Reading:
    """One labelled mail and what was read of it. ``truth`` is the label's; None when it has none."""

    file: str
    truth: dict[str, Any]
    tags: tuple[str, ...]
    report: Report | None

    @property
    def named(self) -> bool:
        """Whether the label says whom the mail did not reach."""
        return bool(self.truth.get("failed_recipients"))

    @property
    def recipients_right(self) -> bool:
        """Exactly those that the label names; the library's label lists delayed ones only where nothing failed."""
        found = self.report.recipients if self.report else ()
        told = {one.address.lower() for one in found if (one.fate is Fate.DELAYED) == self.truth["temporary"]}
        return told == {address.lower() for address in self.truth["failed_recipients"]}

    @property
    def hardness_right(self) -> bool:
        """Permanent where the label says so, and only there."""
        return self.report is not None and self.report.hard != self.truth["temporary"]


def misread(found: Report | None, names: set[str], fate: Fate | None) -> bool:
    """Whether a report is read otherwise than by hand."""
    told = found.recipients if found else ()
    return {one.address.lower() for one in told} != names or any(fate and one.fate is not fate for one in told)


def readings(corpus: Path = CORPUS) -> Iterator[Reading]:
    """Read every message of the corpora as if it had come in."""
    for line in (corpus / "LABELS.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        if label["role"] != "message":
            continue
        raw = (corpus / label["file"]).read_bytes()
        report = read_report(parse(raw), raw)
        yield Reading(label["file"], label.get("truth") or {}, tuple(label.get("tags") or ()), report)


def measure(place: Place) -> list[Figure]:
    read = list(readings())
    named = [reading for reading in read if reading.named]
    by_hand = [misread(each.report, *BY_HAND[each.file]) for each in read if each.file in BY_HAND]
    wrong = sum(not reading.recipients_right for reading in named) / len(named)
    misjudged = sum(not reading.hardness_right for reading in named) / len(named)
    note = (
        f"(bounces) {len(named)} reports with known recipients. The library that reads the wordings was made with "
        f"these very files; the {len(by_hand)} others that were read by hand show how it does elsewhere."
    )
    return [
        Figure("(bounces) recipients not exactly right", "share", [wrong], (), "max", 0.05, note),
        Figure("(bounces) hard and soft taken for each other", "share", [misjudged], (), "max", 0.10, note),
        Figure("(bounces) read otherwise than by hand", "share", [sum(by_hand) / len(by_hand)], (), "max", 0.10, note),
    ]
