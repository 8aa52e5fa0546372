"""A sender's DKIM signature, verified by ourselves where no server of ours has done so (RFC 6376).

It proves the domain in From, and only for what an approval consists of: who wrote it, what it answers, and its words.
All of those have to be signed. A signature that leaves one of them open proves nothing here, although it is valid: what
is open can be written anew by whoever holds the mail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from mailhitl.errors import TemporaryFailure
from mailhitl.mail import header
from mailhitl.mail.authenticity import aligned
from mailhitl.mail.message import Message

#: The TXT record of a name, joined, None when there is none. Raises TemporaryFailure when nobody answers in time.
KeyRecord = Callable[[str], bytes | None]

#: Where they stand they must stand once and be signed. How a body is to be read decides what it says;
#: the date keeps a wish that somebody has kept from being one of today (``daemon/pause``).
RELIED_ON = ("from", "date", "subject", "in-reply-to", "references", "content-type", "content-transfer-encoding")
ALGORITHMS = frozenset({b"rsa-sha256", b"ed25519-sha256"})  # RFC 8301 3.1, RFC 8463
#: Bits of an RSA key (RFC 8301 3.2).
SMALLEST_KEY = 1024
#: Signatures of the sender's domain that are tried. Each costs a look-up.
MOST = 3
#: Bytes of one signature header; real ones stay below 2 KB, and the library's patterns are quadratic.
LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Checked:
    """``proof`` is what the signature proves, "" for nothing; then ``doubt`` says why, in words for its sender."""

    proof: str = ""
    doubt: str = ""


class _Doubt(Exception):
    """Why a signature proves nothing."""


def checked(raw: bytes, message: Message, *, now: datetime, key_record: KeyRecord) -> Checked:
    """Verify the signatures of a mail that was fetched whole; ``message`` is the same mail, parsed. Never raises."""
    domain = message.sender.domain
    try:
        _is_plain(raw, message)
        return Checked(_proven(raw, domain, now, key_record))
    except _Doubt as doubt:
        return Checked(doubt=str(doubt))
    except TemporaryFailure:
        return Checked(doubt=f"the key of {domain} could not be looked up just now")
    except Exception:  # noqa: BLE001  whatever a mail breaks in the library, it proves nothing by it
        return Checked(doubt="its signature cannot be read")


def _is_plain(raw: bytes, message: Message) -> None:
    """Raise unless every reader takes this mail apart in the same way: what is verified must be what is read."""
    block = header.split(raw)
    if message.truncated or len(raw) < message.size:
        raise _Doubt("it is too long to be checked")
    if block.defects or not block.whole or b"\0" in raw or raw.count(b"\r") != raw.count(b"\r\n"):
        raise _Doubt("it is not written the way that mail has to be")
    if not message.sender.spec or len(block.values("from")) != 1:
        raise _Doubt("its From does not name one sender")
    for name in RELIED_ON:
        if len(block.values(name)) > 1:
            raise _Doubt(f"it has more than one {name.title()}")


def _proven(raw: bytes, domain: str, now: datetime, key_record: KeyRecord) -> str:
    # Takes a third of a second to import, and most installations never need it.
    from dkim import DKIM
    from dkim.util import parse_tag_value

    mail = DKIM(raw, minkey=SMALLEST_KEY)
    there = {name.lower().decode("ascii") for name, _ in mail.headers}
    written = [value for name, value in mail.headers if name.lower() == b"dkim-signature"]
    found = [(place, parse_tag_value(value)) for place, value in enumerate(written) if len(value) <= LONGEST]
    own = [(place, fields) for place, fields in found if aligned(domain, _word(fields, b"d"))]
    if not own:
        raise _Doubt(f"it carries no signature of {domain}")
    doubts = []
    for place, fields in own[:MOST]:
        doubt = next(_against(fields, there, now), "")
        if not doubt and mail.verify(place, dnsfunc=_keys(key_record, fields)):
            return f"own dkim check d={_word(fields, b'd')}"
        doubts.append(doubt or "does not verify")
    raise _Doubt(f"its signature {doubts[0]}")


def _against(fields: Mapping[bytes, bytes], there: set[str], now: datetime) -> Iterator[str]:
    """Yield why a signature would prove too little even if it verifies."""
    covered = {name.strip().lower() for name in _word(fields, b"h").split(":")}
    if fields.get(b"a") not in ALGORITHMS:
        yield "is of a kind that can be forged"
    if b"l" in fields:
        yield "covers only the beginning of it (l=)"
    for name in RELIED_ON:
        if name in there and name not in covered:
            yield f"does not cover {name.title()}"
    if b"x" in fields and int(fields[b"x"]) <= now.timestamp():
        yield "has expired"


def _keys(key_record: KeyRecord, fields: Mapping[bytes, bytes]) -> Callable[..., bytes | None]:
    """The look-up as the library wants it, without keys that their owner does not want to be used for this."""
    from dkim.util import parse_tag_value

    def look_up(name: bytes, timeout: int = 0) -> bytes | None:
        record = key_record(name.decode("ascii").rstrip("."))
        tags = parse_tag_value(record) if record else {}
        flags = _word(tags, b"t").split(":")
        exact = _word(fields, b"i").rpartition("@")[2] in ("", _word(fields, b"d"))
        hashes = _word(tags, b"h").split(":")
        refused = "y" in flags or ("s" in flags and not exact) or (b"h" in tags and "sha256" not in hashes)
        return None if refused else record  # RFC 6376 3.6.1

    return look_up


def _word(fields: Mapping[bytes, bytes], name: bytes) -> str:
    """A tag's value in lower case, without the blanks that it may hold."""
    return "".join(fields.get(name, b"").decode("ascii").lower().split())
