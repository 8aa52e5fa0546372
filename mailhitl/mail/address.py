"""Address headers, read strictly: an address is what stands in the angle brackets, never what a name pretends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from mailhitl.mail.header import FIELD, words
from mailhitl.mail.message import Address
from mailhitl.mail.text import one_line

#: Mailboxes read of one header, characters kept of a display name, longest addr-spec (RFC 5321 4.5.3.1.3 less "<>").
MAILBOXES = 1000
NAME = 200
SPEC = 254

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL = rf"(?!-){_ATOM}(?:\.{_ATOM})*|\"(?:[ !#-\[\]-~]|\\[ -~])+\""
_SPEC = re.compile(rf"(?P<local>{_LOCAL})@(?P<domain>{_LABEL}(?:\.{_LABEL})*)")

#: An unterminated quote runs to the end: otherwise each one would scan all that follows.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|<[^<>]*>|[,;:()<>]|\\.?|[^",;:()<>\\]+', re.DOTALL)
#: Unfolding leaves none in an honest header; a line break in one would start a header of its own.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def is_addr_spec(text: str) -> bool:
    """Whether ``text`` is one strict ASCII addr-spec (RFC 5322 3.4.1) that no shell, header or SMTP line trips over.

    Stricter than the RFC: at most 254 characters, no comment, no domain literal, no leading "-".
    """
    if len(text) > SPEC:
        return False
    match = _SPEC.fullmatch(text)
    return match is not None and len(match["local"]) <= 64


def addresses(values: Sequence[str]) -> tuple[Address, ...]:
    """Return the mailboxes of these header values (encoded-words still in), in order; groups are flattened.

    One that is not strict keeps its name and has "" as ``spec``. A second address, or words behind the angle brackets,
    make it ambiguous: readers differ on which one counts, so none does. Nor does any beside a control character. Never
    raises.
    """
    return tuple(address for value in values for address in _of_one(value[:FIELD]))


def is_group(value: str) -> bool:
    """Whether this header value is written as a group, ``Team: ann@example.org;`` (RFC 5322 3.4).

    A colon in a name that somebody forgot to quote makes none, as long as angle brackets say who is meant.
    """
    tokens = list(_tokens(value[:FIELD], [])) if ":" in value else []
    return ":" in tokens and (";" in tokens or not any(token.startswith("<") for token in tokens))


def _of_one(value: str) -> Iterator[Address]:
    clean = _CONTROL.search(value) is None
    return (address if clean else Address(address.name, "") for address in _mailboxes(value))


def _mailboxes(value: str) -> Iterator[Address]:
    parts: list[str] = []
    comments: list[str] = []
    count = 0
    for piece in chain(_tokens(value, comments), (",",)):
        if piece == ":":
            # The name of a group (RFC 5322 3.4): what follows are its members.
            parts.clear()
        elif piece not in {",", ";"}:
            parts.append(piece)
        elif count < MAILBOXES and (address := _address(parts, comments)):
            count += 1
            yield address
            parts, comments[:] = [], []


def _tokens(value: str, comments: list[str]) -> Iterator[str]:
    """Yield the tokens outside comments; the words inside go to ``comments``."""
    depth = 0
    for piece in _TOKEN.findall(value):
        if piece == "(":
            depth += 1
            # A comment parts words: ``boss@(x)corp.com`` is no strict address.
            yield " "
        elif piece == ")":
            depth = max(depth - 1, 0)
        elif depth:
            comments.append(piece)
        else:
            yield piece


def _address(parts: list[str], comments: list[str]) -> Address | None:
    """One mailbox of its tokens; None when there is nothing but blanks."""
    angles = [part for part in parts if part.startswith("<") and part.endswith(">")]
    said = "".join(parts).strip()
    if not said and not comments:
        return None
    if not angles:
        return (
            Address(_name(comments), said) if is_addr_spec(said) else Address(_name([said] if said else comments), "")
        )
    end = parts.index(angles[0])
    alone = len(angles) == 1 and not "".join(parts[end + 1 :]).strip()
    spec = angles[0][1:-1].strip(" \t")
    return Address(_name(parts[:end] or comments), spec if alone and is_addr_spec(spec) else "")


def _name(parts: list[str]) -> str:
    return one_line(words("".join(_unquoted(part) for part in parts)), NAME)


def _unquoted(part: str) -> str:
    return _ESCAPED.sub(r"\1", part[1:].removesuffix('"')) if part.startswith('"') else part
