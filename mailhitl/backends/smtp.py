"""Handing a mail over by SMTP: one connection per mail, every phase driven by itself and announced before it begins.

The library's own ``send()`` raises the same exception for a cut at EHLO, at MAIL and after the final dot. Only who
drives the phases can tell "surely not delivered" from "may have gone out" (RFC 1047). No other backend has an event
loop.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, cast

import aiosmtplib

from mailhitl.backends.smtp_wire import canonical, require_in_step, transmit
from mailhitl.backends.smtp_words import describe, login_traces, words_of
from mailhitl.delivery import Handover, Phase, RecipientResult, Status
from mailhitl.errors import MailhitlError, PermanentFailure
from mailhitl.mail.text import one_line

if TYPE_CHECKING:
    from aiosmtplib.protocol import SMTPProtocol

#: RFC 5321 4.2.1: the first digit of a reply says all that a client may act on.
STATUS_BY_DIGIT = {2: Status.ACCEPTED, 4: Status.DEFERRED, 5: Status.REFUSED}

#: SASL mechanisms by configured kind of login, the preferred first. One is tried, once: a second try locks accounts.
MECHANISMS = {"login": ("plain", "login"), "xoauth2": ("xoauth2",)}

#: What a server or a network can do to us; nothing else is caught.
FAILURES = (aiosmtplib.SMTPException, OSError, UnicodeError)

#: Seconds for each step of a probe: a person waits for it.
PROBE_PATIENCE = 20.0

_ATOMS = r'[^\s()<>@,;:\\".\[\]]+(?:\.[^\s()<>@,;:\\".\[\]]+)*'
_ADDRESS = re.compile(rf'(?P<local>{_ATOMS}|"(?:[^"\\]|\\.)*")@(?:{_ATOMS}|\[[A-Za-z0-9:.-]+\])')


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for each step of the dialogue, in seconds (RFC 5321 4.5.3.2)."""

    connect: float = 30
    banner: float = 300
    greet: float = 300  # each of EHLO, STARTTLS, AUTH
    mail: float = 300
    rcpt: float = 300
    data: float = 120
    block: float = 180  # each 64 KiB of the body
    final: float = 600
    # Nothing depends on the answer, and the result waits to be recorded.
    quit: float = 2


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where and how to hand over.

    ``password`` is asked for at each attempt and gives the access token when ``auth`` is ``xoauth2``; None: no login.
    ``fresh`` gives another token when the server has refused that one; None: ``password`` is asked again.
    ``ca_file`` replaces the system's certificate authorities. Raises ValueError for a login without encryption, unless
    the server is this very machine.
    """

    host: str
    port: int
    security: Literal["tls", "starttls", "none"] = "tls"
    username: str = ""
    password: Callable[[], str] | None = field(default=None, repr=False)
    auth: Literal["login", "xoauth2"] = "login"
    fresh: Callable[[], str] | None = field(default=None, repr=False)
    ca_file: str | None = None
    timeouts: Timeouts = Timeouts()

    def __post_init__(self) -> None:
        if self.security == "none" and self.password is not None and not _is_this_machine(self.host):
            raise ValueError("a password is never sent over an unencrypted connection: use tls or starttls")


class SmtpTransport:
    """Fulfils ``ports.transport.Transport``. Safe to use from several threads, one connection for each call.

    ``on_phase`` is called in the caller's thread for every phase but ``done``: there is nothing left to do in it that
    could go wrong, and an accepted mail must not be reported as a failure. Raises PermanentFailure for an unusable
    ``ca_file``.
    """

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._tls = None if settings.security == "none" else _tls_context(settings.ca_file)

    def hand_over(
        self, raw: bytes, sender: str, recipients: Sequence[str], *, on_phase: Callable[[Phase], None]
    ) -> Handover:
        """Try once, see ``Transport``. ``sender`` may be empty (the null reverse-path of RFC 5321 4.5.5).

        A wrong certificate, a missing STARTTLS and a failed login defer: nothing is wrong with the mail.
        """
        attempt = _Attempt(self._settings, self._tls, canonical(raw), sender, recipients)
        return asyncio.run(attempt.run(on_phase))

    def probe(self) -> str:
        """Say what would keep a mail from being handed over, see ``Transport``."""
        waits = replace(self._settings.timeouts, banner=PROBE_PATIENCE, greet=PROBE_PATIENCE)
        return asyncio.run(_Attempt(replace(self._settings, timeouts=waits), self._tls, b"", "", ()).probe())


class _Stop(Exception):
    """Nothing more can be done for those who have no result yet; this is theirs."""

    def __init__(self, status: Status, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class _Client(aiosmtplib.SMTP):
    """Closes at once: the polite way waits for a server that may be gone, and still sends what lies in the buffer."""

    def close(self) -> None:
        if self.transport is not None:
            cast("asyncio.WriteTransport", self.transport).abort()
        super().close()


class _Attempt:
    """One dialogue: how far it has come, and what is known of each recipient."""

    def __init__(
        self,
        settings: SmtpSettings,
        tls: ssl.SSLContext | None,
        payload: bytes,
        sender: str,
        recipients: Sequence[str],
    ) -> None:
        self._settings = settings
        self._payload = payload
        self._sender = sender
        self._results: dict[str, RecipientResult | None] = dict.fromkeys(recipients)
        self._phase = Phase.CONNECT
        self._secrets: tuple[str, ...] = ()
        self._client = _Client(
            hostname=settings.host,
            local_hostname="localhost",  # never used; without it the library would ask the DNS for one
            use_tls=settings.security == "tls",
            start_tls=False,
            tls_context=tls,
        )

    async def run(self, on_phase: Callable[[Phase], None]) -> Handover:
        """Take step after step while a recipient is open. What ``on_phase`` raises passes through, unlike failures."""
        steps = {
            Phase.CONNECT: self._connect,
            Phase.GREET: self._greet,
            Phase.MAIL: self._mail,
            Phase.RCPT: self._rcpt,
            Phase.DATA: self._data,
            Phase.BODY: self._body,
        }
        self._refuse_bad_addresses()
        try:
            for phase, step in steps.items():
                if not self._open:
                    break
                on_phase(phase)
                self._phase = phase
                try:
                    await step()
                except _Stop as stop:
                    self._settle(self._open, stop.status, stop.words)
                except FAILURES as failure:
                    self._fail(failure)
            await self._quit()
        finally:
            self._client.close()
        return Handover(tuple(result for result in self._results.values() if result), self._phase)

    async def probe(self) -> str:
        """Go as far as the login, then leave; return what went wrong."""
        try:
            await self._connect()
            await self._greet()
            _require(2, await self._client.execute_command(b"NOOP", timeout=self._settings.timeouts.greet))
            await self._quit()
        except _Stop as stop:
            return self._quotable(stop.words)
        except FAILURES as failure:
            return self._quotable(describe(failure))
        finally:
            self._client.close()
        return ""

    @property
    def _open(self) -> tuple[str, ...]:
        return tuple(address for address, result in self._results.items() if result is None)

    def _settle(self, addresses: Sequence[str], status: Status, words: str) -> None:
        for address in addresses:
            self._results[address] = RecipientResult(address, status, self._quotable(words))

    def _quotable(self, words: str) -> str:
        if any(secret in words for secret in self._secrets):
            words = "(the server's words repeat the login and are not kept)"
        return one_line(words)

    def _fail(self, failure: Exception) -> None:
        self._client.close()
        status = Status.DEFERRED if self._phase.safe else Status.UNKNOWN
        where = f"{self._settings.host}:{self._settings.port}, {self._phase}"
        self._settle(self._open, status, f"{describe(failure)} ({where})")

    def _refuse_bad_addresses(self) -> None:
        if self._sender and not _is_address(self._sender):
            self._settle(self._open, Status.REFUSED, f"not sent: {self._sender!r} is not a usable sender address")
        bad = [address for address in self._open if not _is_address(address)]
        self._settle(bad, Status.REFUSED, "not sent: this is not a usable address")

    async def _connect(self) -> None:
        timeouts = self._settings.timeouts
        # Blocking is right here: nobody shares this loop, and the socket's own timeout parts connect from banner.
        connection = socket.create_connection((self._settings.host, self._settings.port), timeouts.connect)
        connection.setblocking(False)
        await self._client.connect(sock=connection, timeout=timeouts.banner)

    async def _greet(self) -> None:
        await self._hello()
        if self._settings.security == "starttls":
            await self._client.starttls(timeout=self._settings.timeouts.greet)
            await self._hello()
        if self._settings.password is not None:
            await self._log_in(self._settings.password)
        self._check_extensions()

    async def _hello(self) -> None:
        # An address literal (RFC 5321 4.1.4) needs no DNS and tells no internal host name.
        address = str(self._client.get_transport_info("sockname")[0]).partition("%")[0]
        literal = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
        await self._client.ehlo(hostname=literal, timeout=self._settings.timeouts.greet)

    async def _log_in(self, password: Callable[[], str]) -> None:
        offered = self._client.server_auth_methods
        mechanism = next((name for name in MECHANISMS[self._settings.auth] if name in offered), None)
        if mechanism is None:
            wanted, there = " or ".join(MECHANISMS[self._settings.auth]), " ".join(offered) or "none"
            raise _Stop(Status.DEFERRED, f"login impossible: the server does not offer {wanted} (it offers: {there})")
        secret = self._ask(password)
        try:
            await self._present(mechanism, secret)
        except aiosmtplib.SMTPAuthenticationError as error:
            # A token may have run out or been revoked since it was issued. A password is never tried twice: it locks.
            renewed = self._ask(self._settings.fresh or password) if mechanism == "xoauth2" else secret
            if renewed == secret:
                raise _login_failed(error) from None
            try:
                await self._present(mechanism, renewed)
            except aiosmtplib.SMTPAuthenticationError as again:
                raise _login_failed(again) from None

    def _ask(self, password: Callable[[], str]) -> str:
        try:
            return password()
        except (MailhitlError, OSError) as error:
            raise _Stop(Status.DEFERRED, f"login impossible: the password cannot be read: {error}") from error

    async def _present(self, mechanism: str, secret: str) -> None:
        self._secrets += login_traces(self._settings.username, secret)
        log_in = {
            "plain": self._client.auth_plain,
            "login": self._client.auth_login,
            "xoauth2": self._client.auth_xoauth2,
        }[mechanism]
        await log_in(self._settings.username, secret, timeout=self._settings.timeouts.greet)

    def _check_extensions(self) -> None:
        """Refuse what the server has said it cannot take: SIZE (RFC 1870), SMTPUTF8 (RFC 6531)."""
        limit = re.fullmatch(r"[0-9]{1,15}", self._client.esmtp_extensions.get("size", ""))
        if limit and 0 < int(limit[0]) < len(self._payload):
            words = f"message too large: {len(self._payload)} bytes, the server takes at most {limit[0]}"
            raise _Stop(Status.REFUSED, words)
        if not self._client.supports_extension("smtputf8"):
            words = "not sent: the server takes no address with characters outside ASCII (no SMTPUTF8)"
            if not self._sender.isascii():
                raise _Stop(Status.REFUSED, words)
            self._settle([address for address in self._open if not address.isascii()], Status.REFUSED, words)

    async def _mail(self) -> None:
        options = {
            f"SIZE={len(self._payload)}": self._client.supports_extension("size"),
            "BODY=8BITMIME": self._client.supports_extension("8bitmime") and not self._payload.isascii(),
            "SMTPUTF8": not all(address.isascii() for address in (self._sender, *self._open)),
        }
        chosen = [option.encode() for option, wanted in options.items() if wanted]
        # Not the library's mail() and rcpt(): they parse the address again, loosely, and may send to another one.
        command = f"FROM:<{self._sender}>".encode()
        reply = await self._client.execute_command(b"MAIL", command, *chosen, timeout=self._settings.timeouts.mail)
        _require(2, reply)

    async def _rcpt(self) -> None:
        for address in self._open:
            command = f"TO:<{address}>".encode()
            reply = await self._client.execute_command(b"RCPT", command, timeout=self._settings.timeouts.rcpt)
            if reply.code == aiosmtplib.SMTPStatus.domain_unavailable:
                raise _Stop(Status.DEFERRED, words_of(reply))
            if reply.code // 100 != 2:
                self._settle([address], STATUS_BY_DIGIT.get(reply.code // 100, Status.DEFERRED), words_of(reply))

    async def _data(self) -> None:
        reply = await self._client.execute_command(b"DATA", timeout=self._settings.timeouts.data)
        _require(3, reply)
        require_in_step(self._protocol())

    async def _body(self) -> None:
        timeouts = self._settings.timeouts
        reply, whole = await transmit(
            self._protocol(), self._payload, block_timeout=timeouts.block, final_timeout=timeouts.final
        )
        status = STATUS_BY_DIGIT.get(reply.code // 100, Status.UNKNOWN)
        if whole:
            self._phase = Phase.DONE
        elif status is Status.ACCEPTED:
            status = Status.UNKNOWN
        self._settle(self._open, status, words_of(reply))

    def _protocol(self) -> SMTPProtocol:
        if self._client.protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        return self._client.protocol

    async def _quit(self) -> None:
        # After a body that was broken off, QUIT would be one more line of it.
        if not self._client.is_connected or self._phase is Phase.BODY:
            return
        try:
            await self._client.quit(timeout=self._settings.timeouts.quit)
        except FAILURES:
            return  # every recipient has its result by now


def _login_failed(error: aiosmtplib.SMTPAuthenticationError) -> _Stop:
    return _Stop(Status.DEFERRED, f"login failed: {error.code} {error.message}")


def _require(digit: int, reply: aiosmtplib.SMTPResponse) -> None:
    if reply.code // 100 != digit:
        status = Status.REFUSED if reply.code // 100 == 5 else Status.DEFERRED
        raise _Stop(status, words_of(reply))


def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise PermanentFailure(f"the certificate authorities in {ca_file} cannot be read: {error}") from error


def _is_this_machine(host: str) -> bool:
    """Tell an address that never leaves the machine; of names only the one that means nothing else (RFC 6761 6.3)."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _is_address(text: str) -> bool:
    """Tell a bare addr-spec that fits between angle brackets (RFC 5321 4.1.2, lengths 4.5.3.1)."""
    match = _ADDRESS.fullmatch(text) if text.isprintable() else None
    return match is not None and len(match["local"].encode()) <= 64 and len(text.encode()) <= 254
