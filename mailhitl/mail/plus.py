"""Plus-addresses (RFC 5233): tags of ours behind the ``+`` of the mailbox's own address, read back as claims.

They reach us where a mail client drops everything else: a blind copy to one brings in what a reviewer sends from an
account that we cannot see, and a packet's Reply-To brings its token along. aerc shows blind copies to customers, so
what stands in a draft holds no secret.
"""

from __future__ import annotations

import re

from mailhitl.mail.message import Address, Message
from mailhitl.mail.stamp import Kind, PrivateId, read_id, write_id

#: RFC 5321 4.5.3.1.1: longer local parts need not be delivered.
_LONGEST = 64
#: Where servers write down whom a mail was for, when To and Cc do not say.
_ENVELOPE = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "bcc")
_ADDRESS = re.compile(r"([^\s<>,;:\"]{1,64})@([^\s<>,;:\"]{1,255})")
#: A token's tag is short: with case and revision as well, the local part would be too long.
_TOKENS = {"p": Kind.PACKET, "w": Kind.WORKLIST}


def tagged(address: Address, tag: str) -> str:
    """Return ``support+tag@example.com``, "" where that would be too long to be delivered."""
    local, _, domain = address.spec.rpartition("@")
    return f"{local}+{tag}@{domain}" if len(local) + 1 + len(tag) <= _LONGEST else ""


def for_draft(address: Address, case_id: int, revision: int, key: bytes) -> str:
    """The address that a draft carries as a blind copy, so that we see when somebody sends it by hand."""
    private = write_id(PrivateId(Kind.MH, case_id, revision), key, address.domain)
    return tagged(address, private[1:].partition("@")[0])


def for_answer(address: Address, kind: Kind, token: str) -> str:
    """The address that answers to this packet or worklist go to; it is as secret as its Message-ID."""
    return tagged(address, f"{next(letter for letter, each in _TOKENS.items() if each is kind)}.{token}")


def draft_of(spec: str, address: Address, key: bytes) -> PrivateId | None:
    """Which draft this address was made for, None when its tag does not verify."""
    private = read_id(f"<{_tag(spec, address)}@{address.domain}>", key)
    return private if private and private.kind is Kind.MH else None


def drafts(message: Message, address: Address, key: bytes) -> tuple[PrivateId, ...]:
    """The drafts whose address this mail was delivered to."""
    found = (draft_of(spec, address, key) for spec in _receivers(message))
    return tuple(private for private in found if private)


def tokens(message: Message, address: Address) -> tuple[tuple[Kind, str], ...]:
    """The tokens of packets and worklists that this mail was sent to: claims, until the store knows them."""
    tags = (_tag(spec, address).partition(".") for spec in _receivers(message))
    return tuple(dict.fromkeys((_TOKENS[letter], token) for letter, dot, token in tags if dot and letter in _TOKENS))


def _receivers(message: Message) -> tuple[str, ...]:
    named = [each.key for each in (*message.to, *message.cc)]
    written = (value for name in _ENVELOPE for value in message.all(name))
    named += ["@".join(found.groups()).lower() for value in written for found in _ADDRESS.finditer(value)]
    return tuple(dict.fromkeys(named))


def _tag(spec: str, address: Address) -> str:
    """What stands behind the + when this is the mailbox's own address, else ""."""
    local, _, domain = spec.lower().rpartition("@")
    before = f"{address.key.rpartition('@')[0]}+"
    return local.removeprefix(before) if domain == address.domain and local.startswith(before) else ""
