"""What a server's refusal or a broken wire means to us: decided by exception type and response code, never by wording.

Response codes: RFC 3501 7.1, RFC 5530.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from imapclient.exceptions import LoginError, ProtocolError

from mailhitl.errors import MailboxFull, MailhitlError, PermanentFailure, StaleFolder, TemporaryFailure

#: Everything imaplib and imapclient let through when a peer misbehaves; they parse without guarding.
WIRE_ERRORS = (
    imaplib.IMAP4.error,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
)

#: A NO with any other code, or with none, is for a human.
TEMPORARY_CODES = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"})
GONE_CODES = frozenset({"NONEXISTENT", "TRYCREATE"})

_CODE = re.compile(r"\[([A-Z][A-Z0-9-]*)[\] ]")
_LONGEST_TEXT = 300


class Vanished(TemporaryFailure):
    """Somebody else expunged a mail while we asked for it (EXPUNGEISSUED); the connection is sound."""


def response_code(error: BaseException) -> str:
    """Return the response code (``NONEXISTENT``, …) a server gave with its NO, "" when it gave none."""
    found = _CODE.search(str(error))
    return found.group(1) if found else ""


def translate(error: Exception, doing: str) -> MailhitlError:
    """Return what ``error`` means; ``doing`` is what we tried, in words that complete "cannot …"."""
    text = f"cannot {doing}: {_one_line(error)}"
    match error:
        case imaplib.IMAP4.readonly() | ssl.SSLCertVerificationError():
            return PermanentFailure(text)
        case LoginError(__context__=imaplib.IMAP4.abort()):
            # imapclient tells a connection lost in mid-login as a refused login.
            return TemporaryFailure(text)
        case imaplib.IMAP4.abort() | ProtocolError():
            return TemporaryFailure(text)
        case imaplib.IMAP4.error():
            return _refused(response_code(error), text)
        case _:
            return TemporaryFailure(text)


@contextmanager
def on_the_wire(doing: str) -> Iterator[None]:
    """Turn whatever goes wrong inside into one of our own errors."""
    try:
        yield
    except WIRE_ERRORS as error:
        raise translate(error, doing) from error


def _refused(code: str, text: str) -> MailhitlError:
    if code in TEMPORARY_CODES:
        return TemporaryFailure(text)
    if code in GONE_CODES:
        return StaleFolder(text)
    if code == "EXPUNGEISSUED":
        return Vanished(text)
    return MailboxFull(text) if code == "OVERQUOTA" else PermanentFailure(text)


def _one_line(error: Exception) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    # imaplib hands over what the server said as bytes, and imapclient makes a text of how Python would write them.
    words = re.sub(r"""\bb(['"])(.*)\1$""", r"\2", words)
    return words[:_LONGEST_TEXT]
