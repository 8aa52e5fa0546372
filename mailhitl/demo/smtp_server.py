"""The demo's SMTP server: the company's MX and submission host in one, delivering into the demo's IMAP folders.

It behaves like a well-kept host: who writes as a local user must log in as that user, strangers cannot relay, and its
Authentication-Results (RFC 8601) say only what it knows. Mail to other domains goes nowhere: it is kept in ``outside``.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from typing import Any
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailhitl.demo.imap_server import ImapServer
from mailhitl.demo.loop_thread import HOST, LoopThread

#: One author and no games: ``Name <spec>``, ``"Na, me" <spec>`` or ``spec``.
AUTHOR = re.compile(
    r'(?:(?:"[^"]*"|[^"<>@,;:]*)\s*<(?P<angled>[^\s<>@"]+@[^\s<>@"]+)>|(?P<bare>[^\s<>@",;:]+@[^\s<>@",;:]+))'
)
AUTH_RESULTS = re.compile(
    rb"^authentication-results[ \t]*:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*\r\n", re.IGNORECASE | re.MULTILINE
)
#: A parser further on may take a bare CR or LF for a line end, and find headers there that we have never checked.
BARE_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")


@dataclass(frozen=True, slots=True)
class OutsideMail:
    """A mail that would have left for another domain, once per recipient. ``recipient`` is lower case."""

    recipient: str
    raw: bytes = field(repr=False)
    arrived: datetime


class SmtpServer(LoopThread):
    """Accepts mail for ``domain`` on 127.0.0.1, in the clear, and delivers it to the users of ``imap``.

    ``support+x@domain`` reaches support. ``customers`` are addresses that the demo itself plays: only for their mail,
    and for that of users who logged in, does the server vouch with ``dmarc=pass``. ``port`` 0 takes a free one.
    """

    def __init__(self, imap: ImapServer, domain: str, customers: Collection[str] = (), port: int = 0) -> None:
        super().__init__(port)
        self.domain = domain.lower()
        self.authserv_id = f"mx.{self.domain}"
        self.outside: list[OutsideMail] = []
        self._imap = imap
        self._customers = frozenset(address.lower() for address in customers)
        self._arrived = threading.Condition()
        self._conversations: WeakSet[SMTP] = WeakSet()

    def await_outside(self, matches: Callable[[OutsideMail], bool], timeout: float = 10.0) -> OutsideMail:
        """Return the first mail in ``outside`` that matches, waiting ``timeout`` seconds. Raises TimeoutError."""
        with self._arrived:
            found = self._arrived.wait_for(lambda: next(filter(matches, self.outside), None), timeout)
        if found is None:
            raise TimeoutError(f"no such mail has left within {timeout:g} s; {len(self.outside)} others have")
        return found

    def user(self, address: str) -> str:
        """The local user this address belongs to, "" when there is none."""
        local, _, domain = address.lower().rpartition("@")
        name = local.partition("+")[0]
        return name if domain == self.domain and name in self._imap.users else ""

    def is_local(self, address: str) -> bool:
        return address.lower().rpartition("@")[2] == self.domain

    async def accept(self, raw: bytes, recipients: Collection[str], login: str) -> str:
        """Take a mail from ``login`` ("": a stranger) and return the SMTP reply."""
        author = _author(raw)
        refusal = self._refusal(raw, author, login)
        if refusal:
            return refusal
        vouched = _without(raw, self.authserv_id.encode())
        vouched = f"Authentication-Results: {self.authserv_id}; {self._findings(author, login)}\r\n".encode() + vouched
        for recipient in recipients:
            if self.is_local(recipient):
                stamped = f"Delivered-To: {recipient}\r\n".encode() + vouched
                await asyncio.to_thread(self._imap.deliver, self.user(recipient), stamped)
            else:
                self._keep(OutsideMail(recipient.lower(), raw, datetime.now(UTC)))
        return "250 2.0.0 delivered"

    def _refusal(self, raw: bytes, author: str, login: str) -> str:
        if BARE_LINE_END.search(raw):
            return "554 5.6.0 a bare CR or LF ends no line"
        if login and self.user(author) != login:
            return f"553 5.7.1 {login} may not write as somebody else"
        if not login and f"@{self.domain}" in _from(raw).lower():
            return f"550 5.7.1 log in to write as somebody of {self.domain}"
        return ""

    def _findings(self, author: str, login: str) -> str:
        if not author:
            return "none"
        vouched = login or author.lower() in self._customers
        dmarc = f"dmarc={'pass' if vouched else 'none'} header.from={author.rpartition('@')[2]}"
        return f"auth=pass smtp.auth={login}; {dmarc}" if login else dmarc

    def _keep(self, mail: OutsideMail) -> None:
        with self._arrived:
            self.outside.append(mail)
            self._arrived.notify_all()

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, credentials: Any
    ) -> AuthResult:
        if isinstance(credentials, LoginPassword):
            login = credentials.login.decode("utf-8", "replace")
            if self._imap.users.get(login) == credentials.password.decode("utf-8", "replace"):
                return AuthResult(success=True, auth_data=login)
        return AuthResult(success=False, handled=False)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(self._conversation, HOST, self.port)

    def _conversation(self) -> SMTP:
        conversation = _Conversation(
            _Hooks(self),
            hostname=self.authserv_id,
            ident="mailhitl demo",
            authenticator=self._authenticate,
            auth_require_tls=False,
            loop=asyncio.get_running_loop(),
        )
        self._conversations.add(conversation)
        return conversation

    async def _close_connections(self) -> None:
        for conversation in self._conversations:
            if conversation.transport is not None:
                conversation.transport.close()


class _Session(Session):
    """A session in which aiosmtpd's own legacy note of the login raises no warning on the terminal."""

    auth_data: Any = None
    login_data: Any = None


class _Conversation(SMTP):
    def _create_session(self) -> Session:
        return _Session(self.loop)


class _Hooks:
    """What aiosmtpd calls; it finds these methods by their names."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def handle_RCPT(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._server.is_local(address) and not self._server.user(address):
            return f"550 5.1.1 nobody here is called {address}"
        if not self._server.is_local(address) and not _login(session):
            return "554 5.7.1 log in to send mail elsewhere"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        try:
            return await self._server.accept(envelope.original_content or b"", envelope.rcpt_tos, _login(session))
        except RuntimeError:
            return "451 4.3.0 the folders cannot be reached; try again"


def _login(session: Session) -> str:
    assert isinstance(session, _Session)
    return session.auth_data or ""


def _from(raw: bytes) -> str:
    """All From fields, unfolded."""
    fields = BytesHeaderParser().parsebytes(raw).get_all("From", [])
    return ", ".join(" ".join(str(value).split()) for value in fields)


def _author(raw: bytes) -> str:
    """The one addr-spec of the one From field, "" when it is anything else."""
    found = AUTHOR.fullmatch(_from(raw))
    return (found["angled"] or found["bare"]) if found else ""


def _without(raw: bytes, authserv_id: bytes) -> bytes:
    """Drop every Authentication-Results that mentions our id: only we may speak in our name (RFC 8601 5)."""
    head, blank, body = raw.partition(b"\r\n\r\n")
    kept = AUTH_RESULTS.sub(lambda found: b"" if authserv_id in found[0].lower() else found[0], head + b"\r\n")
    return kept + (blank + body)[2:] if blank else kept
