"""How it is noticed that something is wrong: the alarm, and figures for a monitoring system."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema, model_validator

from mailhitl.config.account import SmtpServer, is_loopback
from mailhitl.config.table import Table, key, problem
from mailhitl.config.values import AddrSpec, Duration, Switch, Word


class Alarm(Table):
    """A path that doesn't depend on the failing mailbox: a command, or an SMTP account of its own; or both."""

    command: Word | None = key(None, "A program, run without a shell; the alarm's text is its standard input.")
    smtp: SmtpServer | None = key(None, "Another SMTP server than the mailboxes', or at least another account.")
    sender: AddrSpec | None = key(None, "With smtp: the address alarms come from.")
    to: tuple[AddrSpec, ...] = key((), "With smtp: who gets them; an address outside the served mailboxes.")
    after: Duration = key("5m", "A mailbox that cannot be reached for so long is an alarm; a refused login is at once.")

    @model_validator(mode="after")
    def _one(self) -> Alarm:
        if self.command is None and self.smtp is None:
            raise problem("must have a command, or smtp with sender and to")
        if self.smtp is not None and not (self.sender and self.to):
            raise problem("smtp needs sender and to", "smtp")
        if self.smtp is None and (self.sender or self.to):
            raise problem("sender and to belong to smtp", "sender" if self.sender else "to")
        return self


def listen_at(text: str) -> tuple[str, int]:
    """Read ``127.0.0.1:9464`` or ``[::1]:9464``. Raises ValueError."""
    host, _, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError('must be an address and a port like "127.0.0.1:9464"')
    return host, int(port)


def _listening(text: str) -> str:
    listen_at(text)
    return text


class Metrics(Table):
    """Figures for Prometheus at /metrics, a yes or no at /healthz (extra: metrics). They hold no customer's data."""

    listen: Annotated[
        str, AfterValidator(_listening), WithJsonSchema({"type": "string", "format": "address and port"})
    ] = key("127.0.0.1:9464", "Where to listen.")
    allow_remote: Switch = key(
        False, "Listen on an address that others can reach; they need no password to read the figures."
    )

    @model_validator(mode="after")
    def _near(self) -> Metrics:
        if not self.allow_remote and not is_loopback(self.where[0]):
            raise problem("is not this machine alone: say allow_remote = true if others are to read it", "listen")
        return self

    @property
    def where(self) -> tuple[str, int]:
        return listen_at(self.listen)
