"""Targets that read what customers and reviewers write beyond the first look, and the files an admin keeps."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailhitl.config.hours import office_hours
from mailhitl.daemon import pause
from mailhitl.daemon.digest import answers as digest_answers
from mailhitl.daemon.directory import Csv, Directory
from mailhitl.draft import Draft
from mailhitl.drafting.findings import MAX_PER_KIND, MAX_TEXT, findings
from mailhitl.drafting.knowledge import LONGEST, passages
from mailhitl.drafting.language import language_of
from mailhitl.drafting.quoting import answer_words, with_quote
from mailhitl.drafting.reading import Reader
from mailhitl.drafting.redaction import anonymous
from mailhitl.drafting.triage import IntentExamples, WordTriage
from mailhitl.errors import TemplateProblem
from mailhitl.mail import plus
from mailhitl.mail.html import to_text
from mailhitl.mail.message import Address
from mailhitl.mail.parse import parse
from mailhitl.mail.reply import read_command, read_verdict, said
from mailhitl.mail.signature import checked
from mailhitl.mail.stamp import Kind, PrivateId
from mailhitl.mail.text import flow
from mailhitl.ports.knowledge import Question
from mailhitl.review import packet as packets
from mailhitl.review import worklist as worklists
from mailhitl.review.snooze import snoozed_until
from mailhitl.review.worklist import Worklist
from mailhitl.store.knowledge import KnowledgeIndex
from mailhitl.templating import PACKAGED, environment
from tests.signing import records, signed
from tests.story.world import letter
from tests.unit.packets import CARLA, MALLORY, PACKETS

KEY = b"k" * 32
NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = office_hours("Mon-Thu 09:00-17:00")
SUPPORT = Address("Support", "support@example.com")
OURS = PrivateId(Kind.MH, 12, 3)
DIGEST = "Your week\n\n1. “Opening hours” may go further: answer “promote 1”.\n\npause automatic\n"


def wishes(raw: bytes) -> None:
    """An answer to a digest or a question stops or promotes only by a word that says so; a snooze ends some day."""
    seen = parse(raw)
    words = seen.new_text.casefold()
    asked = [*digest_answers.read(seen, DIGEST), *filter(None, [read_verdict(seen, DIGEST)])]
    for one in asked:
        assert one.word not in ("promote", "right") or re.search("[pr]rom|right|correct|richtig|beförder|ok", words), (
            one
        )
    pause.wish(seen)
    for line in seen.new_text.splitlines():
        until = snoozed_until(line, NOW, BERLIN, lambda at, wait: OFFICE.after(at.astimezone(BERLIN), wait))
        assert until is None or until.tzinfo is not None


def plus_address(raw: bytes) -> None:
    """Nobody who has not the key makes an address that names a draft of ours."""
    seen = parse(raw)
    assert set(plus.drafts(seen, SUPPORT, KEY)) <= {OURS}
    for kind, token in plus.tokens(seen, SUPPORT):
        assert kind in (Kind.PACKET, Kind.WORKLIST)
        assert len(token) < 64


def signature(raw: bytes) -> None:
    """Whatever was done to a signed mail, where it still proves something it says what was signed."""
    seen = parse(raw, size=len(raw))
    if checked(raw, seen, now=NOW, key_record=records("customer.test").get).proof:
        told = [(one.sender.spec, one.subject, one.in_reply_to, one.new_text) for one in map(parse, _signed())]
        assert (seen.sender.spec, seen.subject, seen.in_reply_to, seen.new_text) in told


@cache
def _signed() -> tuple[bytes, ...]:
    mails = letter("approve\n\n> x"), letter("promote 1", In_Reply_To="<a@b.test>")
    return tuple(signed(mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), "customer.test") for mail in mails)


def gates(raw: bytes) -> None:
    """What is looked for in a mail and its answer is found or not, in short words, whatever they say."""
    seen = parse(raw)
    draft = Draft((seen.sender.spec or "a@b.test",), (), seen.subject, seen.new_text, "drafter:x")
    found = findings(with_quote(draft, seen), seen, sources=("We are open.",), language=language_of(seen.new_text))
    assert all(len(one.text) <= MAX_TEXT for one in found)
    assert len(found) <= 40 * MAX_PER_KIND
    _triage().triage(seen)
    anonymous(seen.new_text, [seen.sender.name])
    answer_words(seen.new_text, seen)


@cache
def _triage() -> WordTriage:
    return WordTriage([IntentExamples("hours", ("When are you open?",), ("open", "hours"))])


@cache
def _templates() -> ImmutableSandboxedEnvironment:
    return environment([folder for folder in PACKAGED if folder.is_dir()])


#: What a packet is made of.
TAGS = frozenset({"html", "head", "meta", "body", "div", "p", "b", "s", "i", "bdi", "br", "ul", "li", "span"})


def packet(raw: bytes) -> None:
    """No mail puts anything into a packet that can be followed, loaded, run, or taken for a command of a reviewer's."""
    seen = parse(raw)
    edited = replace(PACKETS["ordinary"], source=seen, answer=seen.new_text, previous=seen.subject)
    _in_packet(*worklists.render(Worklist((edited,), 3), _templates()))
    _in_packet(*packets.render(edited, _templates()))
    text, html = packets.render(replace(PACKETS["ordinary"], source=seen), _templates())
    _in_packet(text, html)
    # Wrapped, a line of the customer's may end in a "no" of its own: known by the words above it.
    for quote in (flow(text), to_text(html)):
        back = f"From: anna@example.com\nContent-Type: text/plain; charset=utf-8\n\n{quote}"
        assert read_command(parse(back.encode()), text) is None


def _in_packet(text: str, html: str) -> None:
    assert {tag.lower() for tag in re.findall("</?([A-Za-z!?][^ />]*)", html)} <= TAGS | {"!doctype"}, html
    for part in (text, html):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2028\u2029\u2066-\u2069]", part)
    for line in (*text.splitlines(), *to_text(html).splitlines()):
        assert said(line) is None, line


def customers(raw: bytes) -> None:
    """A file is a customer directory, or is told of as none; nobody becomes a customer by an odd file."""
    with _file("customers.csv", raw) as path:
        directory = Directory(Csv(path, rest=0.0), ("tier",))
        row = directory.row(Address("", "ann@customer.test"))
        assert directory.known or directory.problem
        assert all(isinstance(text, str) for text in row.values())
        assert not row or b"customer.test" in raw.lower()


def knowledge(raw: bytes) -> None:
    """A file is cut into passages that a reviewer can read, and whatever a customer asks, it can be looked for."""
    content = raw.decode("utf-8", "replace")
    assert all(len(one.text) <= LONGEST + 2 for one in passages("k.md", content))
    for found in _index().search(Question(content, orders=("4711",))):
        assert found.score >= 0


@cache
def _index() -> KnowledgeIndex:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    (folder / "hours.md").write_text("# Opening hours\n\nWe are open from 9 to 5, order 4711 too.\n")
    index = KnowledgeIndex(folder / "index.db", [folder])
    index.refresh()
    return index


VALUES = {
    "customer_name": "Anna",
    "subject": "{{ 7 * 7 }}",
    "order_numbers": ("1", "2"),
    "order_number": "1",
    "customer": {"tier": "gold"},
    "intent": "hours",
    "mailbox_name": "Support",
    "mailbox_address": "support@example.com",
    "today": NOW.date(),
}


def template(raw: bytes) -> None:
    """A file is a template or is refused with its place, and what it makes ends."""
    with _file("hours.txt.j2", raw) as path, suppress(TemplateProblem):
        subject, text = Reader([path.parent]).reply(path).render(VALUES)
        assert "\n" not in subject
        assert len(text) <= 64_002


@contextmanager
def _file(name: str, raw: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder, name)
        path.write_bytes(raw)
        yield path


DRAFTED = plus.for_draft(SUPPORT, OURS.case_id, OURS.revision, KEY)
ASKED = plus.tagged(SUPPORT, "p.abcdefghijklmnopqrstuvwxyz234567")
TEMPLATE = b"""# hours
intent: hours
language: en
subject: Re: {{ subject|upper }}
---
Hello {{ customer_name or "you" }},
{% for number in order_numbers %}{{ loop.index }}. {{ number|truncate(9) }} {% endfor %}
{% if customer.tier == "gold" %}{{ today.strftime("%d %B") }}{% endif %} {{ intent|title }} {{ 3 + 4 }}
"""
KNOWLEDGE = b"---\nintent: hours\nlanguage: en\n---\n# Hours\n\nFrom 9.\n\nSunday\n======\n\n```\n# no\n```\nclosed\n"
CUSTOMERS = (
    b'address,domain,tier\r\nann@customer.test,,gold\r\n,other.test,"a, ""b"""\r\n',
    b"\xef\xbb\xbfdomain;tier\ncustomer.test;x\n",
)
WISHES = (
    letter("promote 1, 3\npause automatic\n\n> x", In_Reply_To="<a@b.test>"),
    letter("wrong: too dear\n\nAnna"),
    letter("2h\nuntil tomorrow\n2026-12-01\nuntil 9999-12-31\n3 weeks"),
    letter("x", subject="pause"),
)
MAILS = (CARLA, MALLORY, letter("Please refund 20 EUR for order 4711 to IBAN DE89370400440532013000, or my lawyer …"))

PAPERS = {
    "wishes": (wishes, WISHES),
    "plus_address": (plus_address, (letter("x", Delivered_To=DRAFTED), letter("approve", Cc=ASKED, Bcc=DRAFTED))),
    "signature": (signature, _signed()),
    "gates": (gates, MAILS),
    "packet": (packet, MAILS),
    "customers": (customers, CUSTOMERS),
    "knowledge": (knowledge, (KNOWLEDGE,)),
    "template": (template, (TEMPLATE,)),
}
