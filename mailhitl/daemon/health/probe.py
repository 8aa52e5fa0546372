"""Probes: mails that the doctor sends to the mailbox itself, to see what the servers on the way make of them.

They are marked as ours and as automatic, so that a daemon that sees one takes it for no customer's mail, and they are
taken away when they have come in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mailhitl.config.schema import Config
from mailhitl.daemon.app import Settings
from mailhitl.daemon.folders import Folders
from mailhitl.daemon.health.doctor import Finding
from mailhitl.daemon.wire import BORDER, LEAKS, account, find_folders
from mailhitl.errors import MailhitlError
from mailhitl.mail import plus
from mailhitl.mail.authenticity import vouched
from mailhitl.mail.compose import compose_notice
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse_header
from mailhitl.mail.stamp import Kind, PrivateId, new_token, write_id
from mailhitl.ports.mailbox import Mailbox
from mailhitl.ports.store import Store
from mailhitl.ports.transport import Transport

#: How long a mail to oneself may take, and how often to look meanwhile.
PATIENCE = timedelta(seconds=90)
EVERY = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Bench:
    """What a probe needs of one mailbox. ``wait`` lets so many seconds pass."""

    settings: Settings
    mailbox: Mailbox
    transport: Transport
    store: Store
    folders: Folders
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    wait: Callable[[float], None] = time.sleep


def examine(config: Config, name: str, store: Store) -> Iterator[Finding]:
    """Connect to this mailbox and probe it."""
    try:
        chosen = account(config, name)
        mailbox = chosen.connect()
    except MailhitlError as problem:
        yield Finding("error", "probe", str(problem))
        return
    try:
        folders = find_folders(mailbox, chosen.wanted)
        yield from probe(Bench(chosen.settings, mailbox, chosen.transport, store, folders))
    except MailhitlError as problem:
        yield Finding("error", "probe", str(problem))
    finally:
        mailbox.close()


def probe(bench: Bench) -> Iterator[Finding]:
    """Send the probes, see what comes back, take it away, and remember whether the border is to be believed."""
    yield from _border(bench)
    yield from _plus(bench)


def _border(bench: Bench) -> Iterator[Finding]:
    subject = "forged results"
    trusted = sorted(bench.settings.trusted_authserv)
    if not trusted:
        yield Finding("note", subject, "nothing to try: review.trusted_authserv names no server")
        return
    mark = new_token()
    domain = bench.settings.domain
    said = f"{trusted[0]}; dmarc=pass header.from={domain}; dkim=pass header.d={domain} header.b={mark}"
    back, problem = _there_and_back(bench, bench.settings.address.spec, f"Authentication-Results: {said}\r\n")
    if back is None:
        yield Finding("error", subject, problem)
        return
    kept = [value for value in back.all("authentication-results") if mark in value]
    believed = mark in back.header("authentication-results") and vouched(back, trusted=trusted) is not None
    switch = BORDER.format(bench.settings.mailbox)
    bench.store.switches.set(switch, LEAKS if believed else "", "doctor", bench.now())
    yield _verdict(subject, trusted[0], believed=believed, kept=bool(kept))


def _verdict(subject: str, server: str, *, believed: bool, kept: bool) -> Finding:
    if believed:
        return Finding(
            "error",
            subject,
            f"a mail that claims to be checked by {server} came in as it was sent: whoever writes such a line is "
            "believed. From the next start on no server's word counts for this mailbox, neither for approvals by mail "
            "nor for automatic answers, until a probe comes back without it. Let your mail server remove "
            f"Authentication-Results of its own name from mail that comes in (RFC 8601 5), then try again.",
        )
    if kept:
        return Finding(
            "ok", subject, f"a line that claims to be {server}'s stays in the mail, below its own: not believed"
        )
    return Finding("ok", subject, f"a line that claims to be {server}'s was removed on the way in")


def _plus(bench: Bench) -> Iterator[Finding]:
    subject = "plus-addresses"
    address = plus.tagged(bench.settings.address, "probe")
    back, problem = (
        _there_and_back(bench, address, "") if address else (None, "the mailbox's name is too long for them")
    )
    used = bench.settings.plus_addressing
    if back is not None:
        more = "" if used else "; review.plus_addressing = true would make use of it"
        yield Finding("ok", subject, f"{address} is delivered to {bench.folders.inbox}{more}")
    elif used:
        yield Finding("error", subject, f"review.plus_addressing is on, and {problem}")
    else:
        yield Finding("note", subject, f"not to be had here: {problem}")


def _there_and_back(bench: Bench, to: str, forged: str) -> tuple[Message | None, str]:
    """Send a probe and return its header as it came in, or why it did not."""
    settings, folder = bench.settings, bench.folders.inbox
    message_id = write_id(PrivateId(Kind.NOTICE, 0, 0, new_token()), bench.store.key(), settings.domain)
    raw = forged.encode() + compose_notice(
        sender=settings.address,
        to=to,
        subject="mailhitl doctor tries the way in (this mail goes away by itself)",
        text="This mail was sent by mailhitl doctor --probe. If it is still here, it can be deleted.",
        html=None,
        message_id=message_id,
        now=bench.now(),
        in_reply_to=message_id,
    )
    before = bench.mailbox.status(folder).uidnext - 1
    handover = bench.transport.hand_over(raw, settings.address.spec, [to], on_phase=lambda phase: None)
    if not handover.accepted:
        return None, f"the mail server would not take a mail to {to}: {handover.reply}"
    try:
        return _awaited(bench, before, message_id, to)
    finally:
        bench.mailbox.remove(bench.mailbox.find(bench.folders.sent, message_id))


def _awaited(bench: Bench, before: int, message_id: str, to: str) -> tuple[Message | None, str]:
    """Wait until it stands in the inbox, and take it away. Some servers give mails another Message-ID."""
    for _ in range(PATIENCE // EVERY):
        for glance in bench.mailbox.glance(bench.mailbox.locations(bench.folders.inbox, after=before)):
            header = parse_header(glance.header)
            if message_id in (header.message_id, *header.in_reply_to):
                bench.mailbox.remove([glance.location])
                return header, ""
        bench.wait(EVERY.total_seconds())
    elsewhere = _cleared(bench, message_id)
    where = f"it came into {elsewhere}" if elsewhere else f"it did not come in within {PATIENCE.seconds} s"
    return None, f"a mail to {to} was accepted, but {where}, not into {bench.folders.inbox}"


def _cleared(bench: Bench, message_id: str) -> str:
    """Take it away wherever it went; return where that was."""
    for info in bench.mailbox.folders():
        if info.selectable and (found := bench.mailbox.find(info.name, message_id)):
            bench.mailbox.remove(found)
            return info.name
    return ""
