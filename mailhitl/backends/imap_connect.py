"""A connection to an IMAP server: found, secured, greeted and logged in, or refused.

TLS is implicit (RFC 8314) or by a STARTTLS that must succeed; certificate and host name are always verified.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from imapclient import IMAPClient
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.tls import IMAP4_TLS

from mailhitl.backends.imap_errors import on_the_wire
from mailhitl.errors import PermanentFailure, TemporaryFailure

#: No answer that we ask for comes in a longer literal, but for bodies, whose limit we name ourselves.
LONGEST_LITERAL = 1 << 20


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """Where the account is and how to get in.

    ``password`` is called at every connect and gives the password, or the access token for ``xoauth2``; it is never
    kept. ``fresh`` gives another token when the server has refused that one; None: ``password`` is asked again.
    ``ca_file`` (PEM) replaces the system's certificates. ``timeout`` is in seconds, per read or write.
    """

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    username: str
    password: Callable[[], str] = field(repr=False)
    auth: Literal["login", "xoauth2"] = "login"
    fresh: Callable[[], str] | None = field(default=None, repr=False)
    ca_file: str | None = None
    timeout: float = 60.0


def connect(settings: ImapSettings) -> Any:
    """Return a logged-in IMAPClient.

    Raises PermanentFailure (bad certificate, no STARTTLS, wrong password, …) or TemporaryFailure (server away).
    """
    tls = None if settings.security == "none" else _tls_context(settings)
    client = _greet(settings, tls)
    try:
        _refuse_preauth(client, settings)
        if tls is not None and settings.security == "starttls":
            _start_tls(client, settings, tls)
        _log_in(client, settings)
    except BaseException:
        hang_up(client)
        raise
    # At its default of 5 imaplib renders every body as text for a log line that nobody keeps.
    client._imap.debug = 0
    return client


def hang_up(client: Any) -> None:
    """Close the socket without a word. Never raises."""
    with suppress(OSError, imaplib.IMAP4.error):
        client.shutdown()


@contextmanager
def in_one_piece(client: Any) -> Iterator[None]:
    """What is said inside is sent as one piece, when an answer is waited for: fifty mails are many small packets."""
    client._imap.held = []
    try:
        yield
    finally:
        client._imap.held = None


class _Bounded(imaplib.IMAP4):
    """imaplib that believes no announced size: a literal of 1 GB must not become 1 GB of memory."""

    longest_literal = LONGEST_LITERAL
    #: What waits to be sent as one; None: everything is sent at once.
    held: list[bytes] | None = None

    def send(self, data: Any) -> None:
        if self.held is None:
            super().send(data)
        else:
            self.held.append(data)

    def read(self, size: int) -> bytes:
        if size > self.longest_literal:
            raise self.abort(f"the server announced {size} bytes where at most {self.longest_literal} were asked for")
        return super().read(size)

    def readline(self) -> bytes:
        if self.held:
            said, self.held = b"".join(self.held), []
            super().send(said)
        try:
            return super().readline()
        except self.abort:
            raise
        except self.error as error:
            # A line that was left half read: nothing that follows can be understood.
            raise self.abort(str(error)) from error


class _BoundedPlain(_Bounded, IMAP4WithTimeout):  # type: ignore[misc]
    pass


class _BoundedTls(_Bounded, IMAP4_TLS):  # type: ignore[misc]
    pass


class _Client(IMAPClient):  # type: ignore[misc]
    def _create_IMAP4(self) -> Any:  # noqa: N802
        if self.ssl:
            return _BoundedTls(self.host, self.port, self.ssl_context, self._timeout.connect)  # type: ignore[call-arg]
        return _BoundedPlain(self.host, self.port, self._timeout.connect)


def _tls_context(settings: ImapSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise PermanentFailure(f"cannot read the certificates in {settings.ca_file}: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _greet(settings: ImapSettings, tls: ssl.SSLContext | None) -> Any:
    where = f"{settings.host}:{settings.port}"
    try:
        with on_the_wire(f"connect to {where}"):
            client = _Client(
                settings.host,
                settings.port,
                ssl=settings.security == "tls",
                ssl_context=tls,
                timeout=settings.timeout,
            )
            client.normalise_times = False
            # Small commands in one packet each, at once; a peer that vanished is noticed even between commands.
            client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.socket().setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            return client
    except PermanentFailure as failure:
        if isinstance(failure.__cause__, imaplib.IMAP4.error):
            # A greeting of BYE or nonsense: the server is there, but not now (RFC 3501 7.1.5).
            raise TemporaryFailure(str(failure)) from failure
        raise
    except TemporaryFailure as failure:
        if _tls_refused(failure.__cause__):
            raise PermanentFailure(f"no secure connection to {where}: {failure.__cause__}") from failure
        raise


def _tls_refused(error: BaseException | None) -> bool:
    """True when the handshake ended in disagreement (old TLS, not TLS at all), not by a broken wire."""
    return isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)


def _refuse_preauth(client: Any, settings: ImapSettings) -> None:
    if client._imap.state != "NONAUTH":
        raise PermanentFailure(
            f"{settings.host} says that we are logged in already (PREAUTH). We did not log in, so somebody else "
            "may be answering: refused"
        )


def _start_tls(client: Any, settings: ImapSettings, tls: ssl.SSLContext) -> None:
    if not client.has_capability("STARTTLS"):
        raise PermanentFailure(
            f"{settings.host}:{settings.port} does not offer STARTTLS, so the password would travel in clear: refused"
        )
    try:
        with on_the_wire(f"secure the connection to {settings.host} by STARTTLS"):
            client.starttls(tls)
    except TemporaryFailure as failure:
        if _tls_refused(failure.__cause__):
            raise PermanentFailure(str(failure)) from failure
        raise


def _log_in(client: Any, settings: ImapSettings) -> None:
    secret = settings.password()
    try:
        _present(client, settings, secret)
    except PermanentFailure:
        # A token may have run out or been revoked since it was issued. A password is never tried twice: it locks.
        renewed = (settings.fresh or settings.password)() if settings.auth == "xoauth2" else secret
        if renewed == secret:
            raise
        _present(client, settings, renewed)


def _present(client: Any, settings: ImapSettings, secret: str) -> None:
    user = settings.username
    with on_the_wire(f"log in to {settings.host} as {user}"):
        if settings.auth == "xoauth2":
            client.oauth2_login(user, secret)
        elif client.has_capability("LOGINDISABLED"):
            raise PermanentFailure(f"{settings.host} refuses logins on this connection (LOGINDISABLED): use TLS")
        elif _fits_quoted(user) and _fits_quoted(secret):
            # imaplib quotes the password and forgets the name.
            client.login('"{}"'.format(user.replace("\\", "\\\\").replace('"', '\\"')), secret)
        else:
            client.plain_login(user, secret)


def _fits_quoted(text: str) -> bool:
    """True for what LOGIN can carry as a quoted string (RFC 3501 4.3); SASL PLAIN carries the rest as UTF-8."""
    return text.isascii() and text.isprintable()
