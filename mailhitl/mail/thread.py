"""The conversation a mail belongs to, and the address lines of an answer to it (RFC 5322 3.6.3–3.6.5)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailhitl.mail.message import Address, Message
from mailhitl.mail.text import one_line

RECIPIENTS = 50
REFERENCES = 20
SUBJECT = 250

#: "Re:" as mail programs of other tongues write it, alone, counted ("Re[2]:", "AW(3):") or repeated.
_REPLY = re.compile(
    r"(?i)(?:(?:re|aw|antw|antwort|sv|vs|res|ref|rif|r|odp|ynt|atb|bls|vá|回复|回覆|答复|返信)"
    r"(?:\[\d{1,3}\]|\(\d{1,3}\))?\s{0,3}[:：]\s{0,5})+"
)


def thread_key(message: Message) -> str:
    """What the mails of one conversation share: the oldest reference, else In-Reply-To, else the mail's own id.

    "" when the mail carries none of them.
    """
    return next(iter((*message.references, *message.in_reply_to, message.message_id)), "")


def reply_recipients(message: Message, own: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (to, cc) of an answer as addr-specs, each person once, never ourselves, at most 50 in all.

    Reply-To goes before From (RFC 5322 3.6.2). ``own`` are the mailbox's addresses and aliases; their plus-addresses
    are ours too.
    """
    ours = frozenset(address.lower() for address in own)
    seen: set[str] = set()
    to = _people(message.reply_to, ours, seen) or _people(message.senders, ours, seen)
    cc = _people((*message.to, *message.cc), ours, seen)
    to = to[:RECIPIENTS]
    return to, cc[: RECIPIENTS - len(to)]


def is_own(address: str, own: frozenset[str]) -> bool:
    """Whether ``address`` is one of ``own`` (lower case), or a plus-address of one."""
    key = address.lower()
    local, _, domain = key.rpartition("@")
    return key in own or f"{local.partition('+')[0]}@{domain}" in own


def _people(addresses: Iterable[Address], own: frozenset[str], seen: set[str]) -> tuple[str, ...]:
    people: list[str] = []
    for address in addresses:
        if address.spec and address.key not in seen and not is_own(address.key, own):
            seen.add(address.key)
            people.append(address.spec)
    return tuple(people)


def reply_references(message: Message) -> tuple[str, ...]:
    """The References of an answer, the customer's id last; of a long line the first and the most recent ones.

    Without References a single In-Reply-To takes their place (RFC 5322 3.6.4).
    """
    parents = message.references or (message.in_reply_to if len(message.in_reply_to) == 1 else ())
    ids = [parent for parent in dict.fromkeys(parents) if parent != message.message_id]
    if message.message_id:
        ids.append(message.message_id)
    return tuple(ids if len(ids) <= REFERENCES else [ids[0], *ids[1 - REFERENCES :]])


def reply_subject(subject: str) -> str:
    """``Re: `` and the subject without the ones it already had, in whatever language; one line."""
    line = one_line(subject, SUBJECT)
    bare = _REPLY.match(line)
    return f"Re: {line[bare.end() :] if bare else line}".strip()
