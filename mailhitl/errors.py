"""Every error this package raises on purpose.

MailhitlError
├── ConfigError          the admin must change the config file; lists every problem at once
├── TemplateProblem      a template cannot be rendered; an admin must change it, the case is held without a draft
├── ModelFailure         the language model gave no answer that can be used; another drafter takes its place
├── IllegalTransition    a bug or a late gesture: this state does not know that event
├── StaleCase            someone else moved the case first; look again, never insist
├── StaleFolder          UIDVALIDITY changed or the folder was deleted: what we know by UID is void; look again
├── LeaseTaken           another process works on this mailbox; says who
├── TemporaryFailure     a server is away or says "later"; the runner tries again, with back-off
└── PermanentFailure     a server said no (wrong password, bad certificate, no right); a human must look
    ├── MailboxFull      no room for a mail in the mailbox; what needs none goes on
    └── StoreRuined      the database is no use as it stands, or its disk fails when it is read; nobody's password

Whether to try again is decided by the type, never by reading a message.
"""

from __future__ import annotations

from collections.abc import Sequence


class MailhitlError(Exception):
    """Base of every error raised on purpose."""


class ConfigError(MailhitlError):
    """The configuration cannot be used as it stands. ``problems`` has one line each, ``file:line: path: what``."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class TemplateProblem(MailhitlError):
    """A template cannot be rendered: the message names the file and, where known, the line."""


class ModelFailure(MailhitlError):
    """The language model gave no answer that can be used: the message says why, never what it was asked."""


class IllegalTransition(MailhitlError):
    """The case's state does not know this event."""


class StaleCase(MailhitlError):
    """The case was moved by someone else since it was read."""


class StaleFolder(MailhitlError):
    """The folder's UIDVALIDITY is not the one the UIDs were read under, or the folder is gone (RFC 3501 2.3.1.1)."""


class LeaseTaken(MailhitlError):
    """Another process holds the lease of this mailbox: ``holder`` says which one."""

    def __init__(self, message: str, holder: str = "") -> None:
        super().__init__(message)
        self.holder = holder


class TemporaryFailure(MailhitlError):
    """Try again later."""


class PermanentFailure(MailhitlError):
    """Trying again will not help."""


class MailboxFull(PermanentFailure):
    """The server has no room for another mail in this mailbox (OVERQUOTA, RFC 5530)."""


class StoreRuined(PermanentFailure):
    """The database cannot be read as one: the file is ruined, or the disk under it fails."""
