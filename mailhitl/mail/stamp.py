"""Stamps: the signed marks by which a draft, packet or reply of ours is recognised when it comes back.

Whatever a mail says about itself is a claim until its HMAC verifies under the store's key. None of these marks is a
permission: mail clients hand them on to customers (review-protocol §1).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

APPROVAL_HEADER = "X-Mailhitl-Approval"

#: Signed along with the fields, so that a signature made for one purpose or format is worthless for another.
_APPROVAL = "mailhitl approval 1"
_PRIVATE_ID = "mailhitl id 1"
_TOKEN = "mailhitl token 1"  # noqa: S105 — a label, not a secret
_TICKET = "mailhitl ticket 1"

_SIGNATURE_BYTES = 20
_TAG_BYTES = 10
_TOKEN_BYTES = 20
#: RFC 5322 2.1.1: no line, hence no id, is longer.
_LONGEST_ID = 998


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the approval header says: this is revision ``revision`` of case ``case_id``, and its draft's digest."""

    case_id: int
    revision: int
    digest: str


def header_value(stamp: Stamp, key: bytes) -> str:
    """Return the approval header's value: ``pending; case=12; rev=1; digest=…; sig=…`` (160 bits of HMAC-SHA256)."""
    return f"pending; case={stamp.case_id}; rev={stamp.revision}; digest={stamp.digest}; sig={_signature(stamp, key)}"


def read_header(value: str, key: bytes) -> Stamp | None:
    """Return what the header says, None when it is not exactly ours. Never raises; case and folding do not matter."""
    status, *fields = ("".join(part.split()).lower() for part in value[:_LONGEST_ID].split(";"))
    pairs = dict(field.partition("=")[::2] for field in fields)
    if status != "pending" or sorted(pairs) != ["case", "digest", "rev", "sig"] or len(fields) != len(pairs):
        return None
    if not (_NUMBER.fullmatch(pairs["case"]) and _NUMBER.fullmatch(pairs["rev"])):
        return None
    stamp = Stamp(int(pairs["case"]), int(pairs["rev"]), pairs["digest"])
    return stamp if _equal(pairs["sig"], _signature(stamp, key)) else None


class Kind(StrEnum):
    """What a private id stands for."""

    MH = "mh"  # in References, just before the customer's own id
    DRAFT = "draft"  # the Message-ID of a filed draft
    PACKET = "packet"  # the Message-ID of a packet; carries the reviewer's token
    WORKLIST = "worklist"  # the Message-ID of a list of all that waits; carries the reviewer's token
    SENT = "sent"  # the Message-ID of what the customer gets
    TICKET = "ticket"  # the Message-ID of a question about the journal; carries the reader's token
    NOTICE = "notice"  # the Message-ID of any other mail to our own people


@dataclass(frozen=True, slots=True)
class PrivateId:
    """A Message-ID of ours, taken apart. ``token`` is only filled for a packet, worklist or ticket; for a ticket
    ``case_id`` is the number of the journal's entry."""

    kind: Kind
    case_id: int
    revision: int
    token: str = ""


def write_id(private: PrivateId, key: bytes, domain: str) -> str:
    """Return ``<kind.case.revision.TAG@domain>``, with ``.TOKEN`` behind the tag if there is one.

    The tag is 80 bits of HMAC-SHA256 over all that stands before the ``@``. The same values give the same id.
    """
    return f"<{_local_part(private, key)}@{domain.lower()}>"


def read_id(message_id: str, key: bytes) -> PrivateId | None:
    """Return what a Message-ID of ours says, None when its tag does not verify.

    Never raises. Case does not matter (some systems change it), nor does the domain (an admin may).
    """
    found = _ID.fullmatch(message_id.strip().lower()) if len(message_id) <= _LONGEST_ID else None
    if found is None:
        return None
    kind, case_id, revision, token, local_part = found.group("kind", "case", "revision", "token", "local")
    private = PrivateId(Kind(kind), int(case_id), int(revision), token or "")
    return private if _equal(local_part, _local_part(private, key)) else None


def looks_like_ours(message_id: str, domain: str) -> bool:
    """Whether it is written like an id that we have made for this domain. Whether it is one, ``read_id`` says."""
    local, _, behind = message_id[:_LONGEST_ID].strip("<> ").lower().partition("@")
    kind, *rest = local.split(".")
    return behind == domain and kind in set(Kind) and len(rest) > 2 and all(part.isdecimal() for part in rest[:2])


def new_token() -> str:
    """Return a fresh reviewer's token: 160 random bits in lower-case base32, safe in an address and a Message-ID."""
    return _base32(secrets.token_bytes(_TOKEN_BYTES))


def token_digest(token: str, key: bytes) -> str:
    """Return what the store keeps of a token: a keyed digest, so that who reads the database cannot use it."""
    return _hmac(key, _TOKEN, token.strip().lower()).hex()


def ticket_token(entry: int, reader: str, key: bytes) -> str:
    """Return the token that lets this reader answer a question about this entry of the journal (160 bits)."""
    return _base32(_hmac(key, _TICKET, entry, reader.lower())[:_TOKEN_BYTES])


_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_ID = re.compile(
    rf"<(?P<local>(?P<kind>{'|'.join(Kind)})\.(?P<case>[0-9]{{1,18}})\.(?P<revision>[0-9]{{1,18}})"
    r"\.[a-z2-7]{16}(?:\.(?P<token>[a-z0-9]{1,64}))?)@[^@<>\s]+>"
)


def _local_part(private: PrivateId, key: bytes) -> str:
    tag = _hmac(key, _PRIVATE_ID, private.kind, private.case_id, private.revision, private.token)[:_TAG_BYTES]
    token = f".{private.token}" if private.token else ""
    return f"{private.kind}.{private.case_id}.{private.revision}.{_base32(tag)}{token}"


def _signature(stamp: Stamp, key: bytes) -> str:
    return _hmac(key, _APPROVAL, stamp.case_id, stamp.revision, stamp.digest)[:_SIGNATURE_BYTES].hex()


def _hmac(key: bytes, *fields: object) -> bytes:
    message = "\n".join(str(field) for field in fields).encode("utf-8", "surrogatepass")
    return hmac.new(key, message, hashlib.sha256).digest()


def _base32(octets: bytes) -> str:
    return base64.b32encode(octets).decode("ascii").rstrip("=").lower()


def _equal(claimed: str, true: str) -> bool:
    # As bytes: compare_digest refuses non-ASCII text.
    return hmac.compare_digest(claimed.encode("utf-8", "surrogatepass"), true.encode("ascii"))
