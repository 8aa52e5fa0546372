"""What a mailbox's servers and this machine can and cannot do, tried out, and what each lack means for the team."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

from mailhitl.backends import dns
from mailhitl.config.schema import Config
from mailhitl.config.secrets import resolve
from mailhitl.daemon.directory import directory
from mailhitl.daemon.folders import Folders
from mailhitl.daemon.health.wiring import alarm
from mailhitl.daemon.wire import Account, account, find_folders, ours, reviewers
from mailhitl.errors import MailhitlError, PermanentFailure
from mailhitl.mail.stamp import new_token
from mailhitl.plural import counted
from mailhitl.ports.mailbox import Mailbox
from mailhitl.review.reviewers import Reviewers
from mailhitl.review.rights import inserters, strangers


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``note``: it works, with a limit worth knowing; ``error``: it does not work."""

    level: Literal["ok", "note", "error"]
    subject: str
    text: str


#: What degrades without an extension.
LACKS: dict[str, str] = {
    "MOVE": "mails are moved by copying and deleting (RFC 6851); a crash in between leaves two, which is tidied up",
    "UIDPLUS": "withdrawn drafts stay marked as deleted until somebody expunges; they are never taken for standing",
    "IDLE": "changes are seen at the next poll, not at once",
    "CONDSTORE": "polls compare UIDs instead of a change number; a little slower on large folders",
    "SPECIAL-USE": "Sent and Drafts are found by their names; name them in [mailbox.….folders] if that is wrong",
}
#: Further apart than this, office hours, expiries and dates in mails are wrong.
CLOCK_SKEW = timedelta(minutes=2)


def examine(config: Config, name: str) -> Iterator[Finding]:
    """Look at one mailbox's servers and yield what was found. Sends no mail to anybody."""
    try:
        chosen = account(config, name)
    except MailhitlError as problem:
        yield Finding("error", "config", str(problem))
        return
    server = config.mailbox[name].imap
    try:
        mailbox = chosen.connect()
    except MailhitlError as problem:
        yield Finding("error", "IMAP", str(problem))
    else:
        yield Finding("ok", "IMAP", f"logged in at {server.host}:{server.port} ({server.security})")
        try:
            yield from _mailbox(chosen, reviewers(config), mailbox)
        except MailhitlError as problem:
            yield Finding("error", "IMAP", str(problem))
        finally:
            mailbox.close()
    yield _smtp(config, name, chosen)


def examine_machine(config: Config) -> Iterator[Finding]:
    """Look at this machine's side: files, their rights, and what the config leaves undone."""
    yield from _private(config.source, 0o600)
    yield _writable(config.agent.data_dir)
    yield from _private(config.agent.data_dir, 0o700)
    yield from _config(config)
    yield _alarm(config)
    yield from _customers(config)
    yield from _model(config)


def _customers(config: Config) -> Iterator[Finding]:
    """Read the customer directory once, as the daemon will."""
    found = directory(config)
    found.refresh()
    if found.problem:
        yield Finding("error", "customer directory", found.problem)
    elif config.customers:
        yield Finding(
            "ok", "customer directory", f"read: {counted(len(found), 'row')}, with every column that the rules ask for"
        )


def _model(config: Config) -> Iterator[Finding]:
    """Whether the language model's key can be had; asking it would cost money."""
    if config.llm is None:
        return
    try:
        if config.llm.api_key:
            resolve(config.llm.api_key, config.base)
    except MailhitlError as problem:
        yield Finding("error", "language model", str(problem))
    else:
        key = "its key can be read" if config.llm.api_key else "needs no key"
        yield Finding("ok", "language model", f"{config.llm.model}: {key}; it was not asked, as that would cost")


def _mailbox(chosen: Account, people: Reviewers, mailbox: Mailbox) -> Iterator[Finding]:
    offered = mailbox.capabilities()
    yield Finding("ok", "extensions", " ".join(sorted(offered & (LACKS.keys() | {"NOTIFY", "OBJECTID", "LITERAL+"}))))
    for extension, lack in LACKS.items():
        if extension not in offered:
            yield Finding("note", f"no {extension}", lack)
    folders = find_folders(mailbox, chosen.wanted)
    yield Finding("ok", "folders", f"found or made, and subscribed: {', '.join(ours(folders))}")
    yield Finding("ok", "copies", f"sent mail is kept in {folders.sent}")
    yield from _try_out(mailbox, folders)
    yield from _may_approve(chosen, people, mailbox, folders)


def _try_out(mailbox: Mailbox, folders: Folders) -> Iterator[Finding]:
    """File a mail, move it, flag it, take it away: the rights that every gesture needs."""
    message_id = f"<doctor.{new_token()}@mailhitl.invalid>"
    raw = (
        f"Message-ID: {message_id}\r\nDate: {format_datetime(datetime.now(UTC))}\r\n"
        "Subject: mailhitl doctor tries the folders (this mail goes away at once)\r\n\r\n\r\n"
    ).encode()
    mailbox.append(folders.review, raw, flags=("\\Draft",))
    try:
        standing = mailbox.find(folders.review, message_id)
        if not standing:
            lost = f"a mail was filed in {folders.review} and cannot be found there by its Message-ID"
            yield Finding("error", "rights", lost)
            return
        yield from (_clock(glance.arrived) for glance in mailbox.glance(standing))
        mailbox.move(standing[0], folders.approve)
        yield Finding("ok", "rights", f"a mail can be filed in {folders.review}, moved to {folders.approve}, withdrawn")
    finally:
        for folder in (folders.review, folders.approve):
            mailbox.remove(mailbox.find(folder, message_id))


def _may_approve(chosen: Account, people: Reviewers, mailbox: Mailbox, folders: Folders) -> Iterator[Finding]:
    """The right to insert into Approve is the right to approve."""
    subject = "who may approve"
    try:
        rights = mailbox.rights(folders.approve)
    except PermanentFailure as refusal:
        yield Finding("note", subject, f"the server does not tell ({refusal})")
        return
    accounts = chosen.settings.own | {chosen.settings.login.lower()}
    others = strangers(rights, people, accounts=accounts)
    if others:
        yield Finding("error", subject, f"no reviewers, and may put mail into {folders.approve}: {', '.join(others)}")
    elif allowed := inserters(rights):
        yield Finding("note", subject, f"whoever may put mail into {folders.approve}: {', '.join(allowed)}")


def _clock(arrived: datetime) -> Finding:
    skew = abs(datetime.now(UTC) - arrived)
    if skew > CLOCK_SKEW:
        return Finding("error", "clock", f"this machine and the mail server differ by {skew}; set both by NTP")
    return Finding("ok", "clock", "agrees with the mail server's")


def _smtp(config: Config, name: str, chosen: Account) -> Finding:
    server = config.mailbox[name].smtp
    problem = chosen.transport.probe()
    if problem:
        return Finding("error", "SMTP", f"{server.host}:{server.port} ({server.security}): {problem}")
    return Finding("ok", "SMTP", f"{server.host}:{server.port} ({server.security}) would take mail; none was sent")


def _private(path: Path, expected: int) -> Iterator[Finding]:
    """Whether others on this machine may look into a file or folder of ours."""
    if not path.exists():
        return
    mode = path.stat().st_mode & 0o777
    if mode & ~expected:
        advice = f"others on this machine may use it (mode {mode:04o}): chmod {expected:o} {path}"
        yield Finding("note", str(path), advice)
    else:
        yield Finding("ok", str(path), "nobody else may look into it")


def _writable(folder: Path) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as problem:
        return Finding("error", str(folder), f"cannot be written: {problem.strerror}")
    return Finding("ok", str(folder), "can be written")


def _names(config: Config) -> Finding:
    """Whether keys of senders can be looked up from here."""
    domain = next(iter(config.mailbox.values())).address.rpartition("@")[2]
    try:
        dns.key_record(domain)
    except MailhitlError as problem:
        return Finding("error", "DNS", f"review.own_dkim needs it: {problem}")
    return Finding("ok", "DNS", "answers, so senders' signatures can be verified here")


def _alarm(config: Config) -> Finding:
    """A command is run with a trial; of an SMTP account only the login is tried."""
    way = alarm(config)
    if way is None:
        return Finding("note", "alarm", "nobody is told when the mailbox itself fails: name a command in [alarm]")
    problem = way.probe()
    return Finding("error", "alarm", problem) if problem else Finding("ok", "alarm", "rings (a trial was sent)")


def _config(config: Config) -> Iterator[Finding]:
    review = config.review
    if review.own_dkim:
        yield _names(config)
    elif review.reply_approval == "authenticated" and not review.trusted_authserv:
        yield Finding(
            "note",
            "approval by mail",
            "nobody can approve by answering a packet until review.trusted_authserv names your mail server, "
            "because nothing else proves who wrote an answer; moving drafts works",
        )
    if not config.review.auto_send_unauthenticated and not review.trusted_authserv:
        yield Finding("note", "automatic answers", "none leaves, for the same reason: no sender is ever proven")
    for warning in config.warnings:
        yield Finding("note", "config", warning)
