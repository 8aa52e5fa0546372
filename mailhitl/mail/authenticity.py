"""Authenticity: what vouches for the domain in From, by the word of our own border server (RFC 8601).

Only the topmost Authentication-Results counts: a border server puts its own on top, whatever stands below may have
come with the mail. It counts if a trusted server signed it by name and no server outside our own has handled the mail
since. That the border removes forged ones of its own name (RFC 8601 5) cannot be seen from here; it has to be probed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import takewhile

from authres import AuthenticationResultsHeader, AuthResError
from authres.core import AuthenticationResult

from mailhitl.mail.message import Message

#: Microsoft 365 leaves its name out of the header; it is trusted only when this stands among the trusted ids.
MICROSOFT = "protection.outlook.com"

_HEADER = "authentication-results"
#: Longer values are not ours: real ones stay below 2 KB, and the parser is quadratic.
_LONGEST = 8 * 1024
_BY = re.compile(r"\bby\s+(?P<host>[A-Za-z0-9_.-]+)")


def vouched(message: Message, *, trusted: Collection[str]) -> str | None:
    """Return what vouches for the From domain (``dmarc=pass by mx.example.com``), None when nothing does.

    ``trusted`` are the authserv-ids of our border servers; empty, nothing ever vouches. DMARC must have passed for
    the From domain, or DKIM for it or a parent of it. SPF alone says nothing about From. Never raises.
    """
    ids = frozenset(each.strip().lower() for each in trusted)
    found = _topmost(message, ids)
    domain = message.sender.domain
    if found is None or not domain:
        return None
    passed = next(_passes(found.results, domain), None)
    return f"{passed} by {found.authserv_id.lower()}" if passed else None


def _topmost(message: Message, trusted: frozenset[str]) -> AuthenticationResultsHeader | None:
    """The topmost Authentication-Results, if it can be read, is a trusted server's, and is its latest word."""
    found = _parsed(message.header(_HEADER), trusted)
    if found is None or found.authserv_id.lower() not in trusted:
        return None
    above = takewhile(lambda field: field[0] != _HEADER, message.headers)
    return found if all(_inside(value, trusted) for name, value in above if name == "received") else None


def _parsed(value: str, trusted: frozenset[str]) -> AuthenticationResultsHeader | None:
    if MICROSOFT in trusted and "=" in value.partition(";")[0]:
        value = f"{MICROSOFT}; {value}"
    if not value or len(value) > _LONGEST:
        return None
    try:
        return AuthenticationResultsHeader.parse(f"{_HEADER}: {value}")
    except (AuthResError, RecursionError):
        return None


def _inside(received: str, trusted: frozenset[str]) -> bool:
    """Whether a hop was one of our own: a trusted server, a host beside or below it, or one without a public name."""
    by = _BY.search(received)
    host = by["host"].lower().strip(".") if by else ""
    public = "." in host and not host.replace(".", "").isdigit()
    return not public or any(host == each or host.endswith(f".{_family(each)}") for each in trusted)


def _family(host: str) -> str:
    """The domain whose hosts belong together: ``example.com`` for ``mx.example.com``."""
    parent = host.partition(".")[2]
    return parent if "." in parent else host


def _passes(results: Collection[AuthenticationResult], domain: str) -> Iterator[str]:
    """Yield what passed for ``domain``. A DMARC failure outweighs everything else."""
    dmarc = [result for result in results if result.method == "dmarc"]
    if any(result.result == "fail" for result in dmarc):
        return
    if [(result.result, _values(result, "from")) for result in dmarc] == [("pass", {domain})]:
        yield "dmarc=pass"
    for result in results:
        if result.method == "dkim" and result.result == "pass" and not _outdated(result):
            yield from (f"dkim=pass header.d={signer}" for signer in _signer(result) if aligned(domain, signer))


def _signer(result: AuthenticationResult) -> frozenset[str]:
    """The one domain that signed; ``header.i`` names it or one below it (RFC 6376 3.5)."""
    signers = _values(result, "d") or {identity.rpartition("@")[2] for identity in _values(result, "i")}
    return frozenset(signers if len(signers) == 1 else ())


def _outdated(result: AuthenticationResult) -> bool:
    return any("sha1" in algorithm for algorithm in _values(result, "a"))  # RFC 8301 3.1


def _values(result: AuthenticationResult, name: str) -> set[str]:
    """What the result says of one property of the header; contradictions stay visible as several values."""
    return {
        each.value.lower() for each in result.properties if (each.type.lower(), each.name.lower()) == ("header", name)
    }


def aligned(domain: str, signer: str) -> bool:
    """Whether ``signer`` may speak for ``domain``: it is the same, or a parent of it."""
    return domain == signer or ("." in signer and domain.endswith(f".{signer}"))
