"""A shared mailbox: its address, its two servers, its folders."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from mailhitl.config.secrets import Secret
from mailhitl.config.table import Table, key, needed
from mailhitl.config.values import AddrSpec, AnchoredPath, Count, Duration, Size, StartAt, Switch, Word

TokenCommand = Annotated[
    Secret,
    BeforeValidator(lambda value: {"command": value} if isinstance(value, str) else value),
    WithJsonSchema({"type": "string", "format": "command"}),
]


class Server(Table):
    """How to reach a server."""

    ports: ClassVar[dict[str, int]] = {}

    host: Word = needed("Name of the server; its certificate must carry it.")
    port: Count = key(0, "Port; 0 means the usual one for this security.", ge=0, le=65535)
    security: Literal["tls", "starttls", "none"] = key(
        "tls", 'TLS from the start, STARTTLS (then it is required), or none (only for this machine, "localhost").'
    )
    ca_file: AnchoredPath | None = key(None, "Certificates to trust instead of the system's, as a PEM file.")
    allow_insecure: Switch = key(False, 'Allow security = "none" to another machine: passwords travel in clear.')
    username: str = key("", "Login name.")
    password: Secret | None = key(None, "Where the password is to be had.")
    token_command: TokenCommand | None = key(None, "Instead of a password: prints an OAuth2 access token (XOAUTH2).")

    @model_validator(mode="before")
    @classmethod
    def _usual_port(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("port", 0) == 0 and isinstance(value.get("security", ""), str):
            return {**value, "port": cls.ports.get(value.get("security", "tls"), 0)}
        return value


class ImapServer(Server):
    """The IMAP server, where the mail is."""

    ports: ClassVar[dict[str, int]] = {"tls": 993, "starttls": 143, "none": 143}

    username: Word = needed("Login name.")


class SmtpServer(Server):
    """The SMTP server, where answers leave. Without username it must accept mail from this machine."""

    ports: ClassVar[dict[str, int]] = {"tls": 465, "starttls": 587, "none": 25}


class Folders(Table):
    """Names of folders, as a mail client shows them, with the server's own separator."""

    review: Word = key(
        "auto",
        '"auto": children of the Drafts folder (Drafts/Review, Drafts/Approve, …); '
        'or a name: "Review" for Review, Review/Approve, Review/Reject, …',
    )
    approve: Word | None = key(None, "Where a reviewer drops what may leave; left out: beside or below review.")
    reject: Word | None = key(None, "Where a reviewer drops what must not leave.")
    escalate: Word | None = key(None, "Where a reviewer drops what somebody else has to judge.")
    outgoing: Word | None = key(None, "Where automatic answers wait for their undo time.")
    pause: Word | None = key(None, "Any mail that is dropped here stops all sending at once.")
    inbox: Word = key("INBOX", "Where the customers' mail arrives.")
    sent: Word | None = key(None, "Where sent mail is kept; left out: what the server marks as Sent.")
    drafts: Word | None = key(None, "Where drafts are; left out: what the server marks as Drafts.")


class OAuth(Table):
    """Microsoft 365 without passwords or a program of your own: sign in once with `mailhitl login NAME`. Needs the
    extra `oauth`. Those servers use it that have a username and neither password nor token_command."""

    client_id: Word = needed("Application (client) ID of your app registration; it must allow public client flows.")
    tenant: Word = key("organizations", "Directory (tenant) ID or domain.")
    authority: Word = key("https://login.microsoftonline.com", "Another one for national clouds.")


class MailboxConfig(Table):
    """One shared mailbox. Several are served by one process."""

    address: AddrSpec = needed("The address that customers write to and answers come from.")
    name: str = key("", "The name beside the address in From.")
    aliases: tuple[AddrSpec, ...] = key((), "Other addresses that deliver here.")
    start: StartAt = key(
        "now",
        'From when on mail is answered, seen from the first start: "now", a date like "2026-11-01", "2 days", or '
        '"unanswered 2 days" (of the older mail only what nobody has answered).',
    )
    imap: ImapServer = needed("The IMAP server, where the mail is.")
    smtp: SmtpServer = needed("The SMTP server, where answers leave.")
    oauth: OAuth | None = key(None, "Sign in to Microsoft 365 instead of passwords.")
    poll: Duration = key("60s", "How often to look, besides IDLE and never instead of it.")
    brisk: Duration = key(
        "2m",
        "For how long after a reviewer was at work the Approve folder is asked up to five times a second, where grace "
        'is 5 seconds or less: some servers tell of a move half a second late. "0s": never.',
    )
    folders: Folders = Field(default_factory=Folders, description="Names of folders.")
    sent_copy: Switch = key(True, "Put a copy into Sent; false where the server does so by itself (Gmail).")
    reply_all: Switch = key(True, "Answer everybody whom the customer wrote to.")
    max_message: Size = key("1MB", "How much of one mail is fetched; the rest of a larger one is left on the server.")


def is_loopback(host: str) -> bool:
    """Tell whether the host is this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
