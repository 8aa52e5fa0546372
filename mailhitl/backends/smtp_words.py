"""What is kept of a server's words and of a failure, for somebody who has to do something about it."""

from __future__ import annotations

import base64
import ssl

import aiosmtplib


def login_traces(username: str, secret: str) -> tuple[str, ...]:
    """The beginning of every form a login takes on the wire: some servers repeat the command they refuse, cut short."""
    plain = f"\0{username}\0{secret}"
    bearer = f"user={username}\1auth=Bearer {secret}\1\1"
    forms = (secret, *(base64.b64encode(form.encode()).decode() for form in (secret, plain, bearer)))
    return tuple(form[:8] for form in forms if form)


def words_of(reply: aiosmtplib.SMTPResponse) -> str:
    return f"{reply.code} {reply.message}"


def describe(failure: BaseException) -> str:
    """Say in a few words what went wrong."""
    # A timeout's own cause is the cancelled wait.
    cause = failure if isinstance(failure, TimeoutError) else failure.__cause__ or failure
    match cause:
        case ssl.SSLCertVerificationError():
            return f"certificate not accepted: {cause.verify_message}"
        case ssl.SSLError():
            return f"TLS failed: {cause.reason or cause}"
        case TimeoutError():
            return "no answer in time"
        case aiosmtplib.SMTPResponseException():
            return f"{cause.code} {cause.message}"
        case aiosmtplib.SMTPServerDisconnected():
            return f"connection lost: {cause.message}"
    return str(cause) or "connection lost"
