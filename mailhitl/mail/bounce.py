"""A delivery report read: whom a mail did not reach, whether for good, and which mail that was (RFC 3464, RFC 5965).

Reports that follow no standard are read by flufl.bounce, which knows some twenty servers' own wordings. Whatever a
report says is a claim: anybody can write one.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from enum import StrEnum

from flufl.bounce import all_failures

from mailhitl.mail.address import is_addr_spec
from mailhitl.mail.automatic import may_report
from mailhitl.mail.header import Block, split, with_line_feeds
from mailhitl.mail.message import Message
from mailhitl.mail.parts import Part, Reader
from mailhitl.mail.text import one_line

#: What the library logs are tracebacks, and it fails on many an odd mail: that is told here as "nothing found".
logging.getLogger("flufl.bounce").disabled = True

#: Recipients, ids and bytes read of one report. The library is given no more than it can go through in a second, and
#: no line longer than RFC 5322 2.1.1 allows: some of its expressions take quadratic time (32 KB of commas: 4 s).
RECIPIENTS = 100
LINE = 998
IDS = 20
STATUS_PART = 256 * 1024
FOREIGN = 32 * 1024
DIAGNOSTIC = 200


class Fate(StrEnum):
    """What became of a mail at one recipient. ``delayed`` is no failure: the server goes on trying."""

    HARD = "hard"  # it will never reach this address (5.x.x)
    SOFT = "soft"  # given up for now (4.x.x); another try may reach it
    DELAYED = "delayed"


@dataclass(frozen=True, slots=True)
class Unreached:
    """One recipient. ``status`` is that of RFC 3463 (``5.1.1``) or "", ``diagnostic`` the server's words, one line."""

    address: str
    fate: Fate
    status: str = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a report claims. ``quoted`` are the Message-IDs of the mail it is about, as far as it was returned.

    ``complaint`` is the feedback type of an abuse report ("abuse", "fraud", …), which did reach everybody; "" for a
    delivery report.
    """

    recipients: tuple[Unreached, ...]
    quoted: tuple[str, ...]
    complaint: str = ""

    @property
    def failed(self) -> tuple[Unreached, ...]:
        """Whom it did not reach and will not by itself."""
        return tuple(one for one in self.recipients if one.fate is not Fate.DELAYED)

    @property
    def hard(self) -> bool:
        return any(one.fate is Fate.HARD for one in self.recipients)


def read_report(message: Message, raw: bytes) -> Report | None:
    """Return what this mail reports, None when it is no report of failures, delays or abuse. Never raises.

    ``raw`` is what ``message`` was parsed from. Only mails that bear a machine's marks are looked at: people forward
    bounces and write about them.
    """
    if not may_report(message):
        return None
    raw = with_line_feeds(raw)
    parts = list(Reader(raw).read(split(raw), len(raw)).leaves())
    quoted = tuple(dict.fromkeys(_quoted(message, parts, raw)))[:IDS]
    if any(part.content_type == "message/feedback-report" for part in parts):
        return _complaint(parts, raw, quoted)
    recipients = tuple(_by_standard(parts, raw)) or _by_wording(message, raw)
    return Report(recipients[:RECIPIENTS], quoted) if recipients else None


# -- which mail it is about

_RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global"})
_ID_LINE = re.compile(r"(?im)^[> \t|]{0,8}message-id:\s{0,4}(<[^<>\s]{3,900}>)")
_ID = re.compile(r"<[^<>\s]{3,900}>")


def _quoted(message: Message, parts: list[Part], raw: bytes) -> Iterator[str]:
    """The returned mail's id, first where it stands as a part, then in the text, then where Gmail puts it."""
    for part in parts:
        if part.content_type in _RETURNED:
            yield from _ID.findall(split(raw, part.start, part.end).value("message-id"))
    yield from _ID_LINE.findall(message.text)
    yield from message.in_reply_to
    yield from message.references


# -- RFC 3464

_STATUS = re.compile(r"\b([45])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY = re.compile(r"(?:^|;\s{0,4}|\s)([45])\d\d[ -]")
_FAILED = ("fail", "error")


def _by_standard(parts: list[Part], raw: bytes) -> Iterator[Unreached]:
    seen: set[str] = set()
    for block in _blocks(parts, raw, {"message/delivery-status", "message/global-delivery-status"}):
        found = _recipient(block)
        if found is not None and found.address.lower() not in seen:
            seen.add(found.address.lower())
            yield found


def _blocks(parts: list[Part], raw: bytes, types: set[str]) -> Iterator[Block]:
    """Groups of fields, divided by empty lines: the first is about the mail, each other about one recipient."""
    for part in parts:
        if part.content_type not in types:
            continue
        body = with_line_feeds(part.body(raw, STATUS_PART))
        position = 0
        for _ in range(RECIPIENTS + 10):
            block = split(body, position)
            if block.body <= position:
                break
            yield block
            position = block.body


def _recipient(block: Block) -> Unreached | None:
    action = block.value("action").strip().lower()
    address = next(filter(None, map(_address, _recipients(block))), "")
    if not address or not action.startswith(("delay", *_FAILED)):
        return None
    diagnostic = one_line(block.value("diagnostic-code"), DIAGNOSTIC)
    status = _status(block.value("status")) or _status(diagnostic)
    if action.startswith("delay"):
        return Unreached(address, Fate.DELAYED, status, diagnostic)
    soft = (status or _reply_class(f"{block.value('status')} {diagnostic} ")).startswith("4")
    return Unreached(address, Fate.SOFT if soft else Fate.HARD, status, diagnostic)


def _recipients(block: Block) -> tuple[str, ...]:
    """What we wrote to comes first, what became of it on the way after it."""
    return (*block.values("original-recipient"), *block.values("final-recipient"))


def _address(value: str) -> str:
    """``rfc822;ann@example.org``, also without its type and in angle brackets, as some servers have it."""
    kind, _, rest = value.rpartition(";")
    bare = rest.partition("(")[0].strip().strip("<>").strip()
    typed = kind.strip().lower() in {"", "rfc822", "utf-8", "smtp"}
    return bare if typed and is_addr_spec(bare) else ""


def _status(text: str) -> str:
    found = _STATUS.search(text[:1000])
    return found[0] if found else ""


def _reply_class(text: str) -> str:
    found = _REPLY.search(text[:1000])
    return found[1] if found else ""


# -- RFC 5965

#: "not-spam" takes a complaint back, "auth-failure" is about forgeries of our address (RFC 5965 7.3, RFC 6591).
COMPLAINTS = frozenset({"abuse", "fraud", "virus", "opt-out", "other"})


def _complaint(parts: list[Part], raw: bytes, quoted: tuple[str, ...]) -> Report | None:
    for block in _blocks(parts, raw, {"message/feedback-report"}):
        kind = block.value("feedback-type").strip().lower()
        if kind in COMPLAINTS:
            return Report((), quoted, kind)
    return None


# -- everybody's own wording

_ANY_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
#: What stands above the addresses in reports that the library does not know.
_INTRODUCED = re.compile(
    r"(?i)following (?:address(?:\(es\)|es)?|recipients?)\b|delivery failed\b|permanent fatal errors|"
    r"konnte(?:n)? nicht zugestellt werden|n'a pas pu [êe]tre (?:remis|livr[ée])"
)
_RULE = re.compile(r"\s*(?:-{3,}|={3,}|original message|technical details)", re.IGNORECASE)
#: A server that says so goes on trying, whatever it calls its report.
_STILL_TRIED = re.compile(
    r"(?i)delivery attempts will continue|has not yet been delivered|will be retried|still being retried|"
    r"no action is required on your part"
)
#: Characters of a text that are the server's own rather than the returned mail's.
ABOVE = 3000
#: Lines read below such a line.
BELOW = 12


def _by_wording(message: Message, raw: bytes) -> tuple[Unreached, ...]:
    try:
        bounded = b"\n".join(line[:LINE] for line in raw[:FOREIGN].split(b"\n"))
        delayed, failed = all_failures(message_from_bytes(bounded))
    except Exception:  # noqa: BLE001  # it trips over many a broken header
        delayed, failed = frozenset(), frozenset()
    fate = Fate.DELAYED if _STILL_TRIED.search(message.text[:ABOVE]) else Fate.HARD
    found = [*_of(delayed, Fate.DELAYED, message), *_of(failed, fate, message)]
    return tuple(found or _of(frozenset(_introduced(message.text)), fate, message))


def _of(found: frozenset[bytes], fate: Fate, message: Message) -> Iterator[Unreached]:
    ours = {address.key for address in (*message.to, *message.cc, *message.senders)}
    for address in sorted(each.decode("ascii", "replace") for each in found):
        if is_addr_spec(address) and address.lower() not in ours:
            status = _said_of(address, message.text) if fate is Fate.HARD else ""
            yield Unreached(address, Fate.SOFT if status.startswith("4") else fate, status)


def _said_of(address: str, text: str) -> str:
    """The status that stands within a few lines below the address."""
    at = text.find(address)
    return _status(text[at : at + 600]) if at >= 0 else ""


def _introduced(text: str) -> Iterator[bytes]:
    lines = text[:FOREIGN].splitlines()
    for number, line in enumerate(lines):
        match = _INTRODUCED.search(line)
        if match is None:
            continue
        for below in (line[match.end() :], *lines[number + 1 : number + 1 + BELOW]):
            if _RULE.match(below):
                break
            yield from (each.encode("ascii") for each in _ANY_ADDRESS.findall(below))
        return
