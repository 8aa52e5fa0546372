"""From the config file to an App: the one place where every part is chosen and joined."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Literal

import structlog

from mailhitl.backends import dns
from mailhitl.backends.idle import ImapWatcher
from mailhitl.backends.imap import ImapMailbox
from mailhitl.backends.imap_connect import ImapSettings
from mailhitl.backends.oauth import OAuthSettings, Tokens
from mailhitl.backends.smtp import SmtpSettings, SmtpTransport
from mailhitl.config.account import MailboxConfig, Server
from mailhitl.config.rules import read_gates
from mailhitl.config.schema import Config
from mailhitl.config.secrets import resolve as resolve_secret
from mailhitl.config.sense import asks
from mailhitl.daemon.app import App, Settings
from mailhitl.daemon.digest.plan import Plan, plan_of
from mailhitl.daemon.directory import directory
from mailhitl.daemon.drafts.wiring import drafting, library
from mailhitl.daemon.drafts.writing import Writers
from mailhitl.daemon.folders import Folders, resolve
from mailhitl.daemon.trust.records import Records
from mailhitl.daemon.trust.wording import rules_of
from mailhitl.daemon.versions import versions_of
from mailhitl.errors import PermanentFailure
from mailhitl.mail.message import Address
from mailhitl.ports.mailbox import Mailbox, Watcher
from mailhitl.ports.store import Store
from mailhitl.ports.transport import Transport
from mailhitl.review.reviewers import Reviewer, Reviewers
from mailhitl.templating import environment, folders

log = structlog.get_logger(__name__)

#: Where the store remembers, by mailbox, that its border lets forged Authentication-Results in (``health/probe``).
BORDER = "border:{}"
LEAKS = "leaks"

#: Where a hand may change its mind for longer than this, nobody is waiting for the half second that brisk saves.
SOON = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Account:
    """How to reach one mailbox, and how to make an App of it once it is reached."""

    settings: Settings
    connect: Callable[[], Mailbox]
    watch: Callable[[Folders], Watcher]
    transport: Transport
    build: Callable[[Mailbox, Transport, Store, Folders], App]
    wanted: Mapping[str, str]
    weekly: Plan | None = None


def account(config: Config, name: str) -> Account:
    """Choose every part for this mailbox. Opens no connection and reads no password yet."""
    mailbox = config.mailbox[name]
    settings = settings_of(config, name)
    tokens = tokens_of(config, name)
    imap = _imap(config, mailbox, tokens)
    # A draft that is being written outlives a lost connection.
    shared = writers(config)
    brisk = mailbox.brisk.total_seconds() if settings.grace <= SOON else 0.0
    return Account(
        settings=settings,
        connect=lambda: ImapMailbox.connect(imap),
        watch=lambda found: ImapWatcher(imap, (found.inbox, found.approve), brisk={found.approve: brisk}),
        transport=SmtpTransport(smtp_settings(config, mailbox.smtp, tokens)),
        build=lambda box, transport, store, found: replace(
            build(config, settings, box, transport, store, found), writers=shared
        ),
        wanted=mailbox.folders.model_dump(exclude_none=True),
        weekly=weekly(config, name),
    )


def weekly(config: Config, name: str) -> Plan | None:
    """The digest speaks of all mailboxes and is sent by the first one's server."""
    return plan_of(config) if config.digest and name == next(iter(config.mailbox)) else None


def settings_of(config: Config, name: str) -> Settings:
    """What the runners need to know of the config."""
    mailbox, review = config.mailbox[name], config.review
    return Settings(
        mailbox=name,
        address=Address(mailbox.name, mailbox.address),
        own=frozenset(address.lower() for address in (mailbox.address, *mailbox.aliases)),
        since=mailbox.start.since,
        only_new=mailbox.start.day is None and mailbox.start.back == timedelta(0),
        skip_answered=mailbox.start.unanswered,
        fetch_limit=mailbox.max_message,
        poll=mailbox.poll,
        notify=review.notify,
        reply_approval=review.reply_approval,
        trusted_authserv=frozenset(review.trusted_authserv),
        plus_addressing=review.plus_addressing,
        login=mailbox.imap.username,
        strangers=review.strangers,
        grace=review.grace,
        settle=review.settle,
        restore_after=review.restore_after,
        remind_after=review.remind_after,
        escalate_after=review.escalate_after,
        expire_after=review.expire_after,
        worklist_at=review.worklist_at,
        office_days=review.office_hours.days,
        per_correspondent=config.agent.caps.per_correspondent_per_day,
        per_domain=config.agent.caps.per_domain_per_day,
        per_hour=config.agent.caps.per_hour,
        oldest=config.agent.caps.oldest,
        sent_copy=mailbox.sent_copy,
        timezone=config.agent.timezone,
        versions=versions_of(config),
        keep={"cases": config.retention.cases, "bodies": config.retention.bodies} if config.retention else {},
    )


def build(
    config: Config, settings: Settings, mailbox: Mailbox, transport: Transport, store: Store, found: Folders
) -> App:
    """Join everything for one mailbox."""
    if settings.trusted_authserv and store.switches.get(BORDER.format(settings.mailbox)) == LEAKS:
        log.warning("no server's word counts: the last probe came back with a forged one", mailbox=settings.mailbox)
        settings = replace(settings, trusted_authserv=frozenset())
    customers = directory(config)
    hours, replies = config.review.office_hours, library(config)
    return App(
        settings=settings,
        folders=found,
        mailbox=mailbox,
        transport=transport,
        store=store,
        drafting=drafting(config, settings, replies, customers, store),
        rules=rules_of(config, replies),
        reviewers=reviewers(config),
        templates=environment(folders(config.agent.templates)),
        customers=customers,
        records=Records(store, asked=any(asks("history", rule.when) for rule in config.rule)),
        office_hours=lambda now: hours.covers(now.astimezone(settings.timezone)),
        office_after=lambda since, wait: hours.after(since.astimezone(settings.timezone), wait).astimezone(UTC),
        gates=read_gates(config),
        weekly=weekly(config, settings.mailbox),
        key_record=dns.key_record if config.review.own_dkim else None,
        personal=personal_folders(mailbox, found),
        writers=writers(config),
    )


def writers(config: Config) -> Writers:
    """Who writes what takes long: as many at once as the config lets the language model do."""
    return Writers(config.llm.at_once if config.llm else 1)


def reviewers(config: Config) -> Reviewers:
    """The people who may decide."""
    return Reviewers(
        tuple(
            Reviewer(each.name, each.address, frozenset(each.groups), each.absent, each.substitute, each.aliases)
            for each in config.reviewer
        )
    )


def find_folders(mailbox: Mailbox, wanted: Mapping[str, str]) -> Folders:
    """Find the folders, and create and subscribe those that are missing.

    Where the server refuses children of Drafts, they stand beside it. Raises PermanentFailure naming the folder that
    could not be made.
    """
    infos, prefix = mailbox.folders(), mailbox.prefix()
    there = {info.name for info in infos if info.selectable}
    found = resolve(infos, wanted, prefix=prefix)
    try:
        _create_missing(mailbox, found, there)
    except PermanentFailure as refusal:
        log.info("no folders below Drafts here", problem=str(refusal))
        found = resolve(infos, wanted, refused=(found.drafts,), prefix=prefix)
        _create_missing(mailbox, found, there)
    return found


def ours(found: Folders) -> tuple[str, ...]:
    """The folders that this agent makes where they are missing."""
    reviewers = (found.review, found.approve, found.reject, found.escalate, found.outgoing, found.pause)
    return (found.drafts, found.sent, *reviewers)


def personal_folders(mailbox: Mailbox, found: Folders) -> tuple[tuple[str, str], ...]:
    """The reviewers' own folders below Approve: (folder, reviewer's name)."""
    infos = mailbox.folders()
    separator = next((info.separator for info in infos if info.separator), "/")
    below = f"{found.approve}{separator}"
    return tuple((info.name, info.name.removeprefix(below)) for info in infos if info.name.startswith(below))


def _create_missing(mailbox: Mailbox, found: Folders, there: Collection[str]) -> None:
    for name in ours(found):
        if name not in there:
            mailbox.create(name)


def _imap(config: Config, mailbox: MailboxConfig, tokens: Tokens | None) -> ImapSettings:
    server = mailbox.imap
    login = _login(config, server, tokens)
    return ImapSettings(
        host=server.host,
        port=server.port,
        security=server.security,
        username=server.username,
        password=login.password or str,
        auth=login.auth,
        fresh=login.fresh,
        ca_file=str(server.ca_file) if server.ca_file else None,
    )


def smtp_settings(config: Config, server: Server, tokens: Tokens | None = None) -> SmtpSettings:
    """How to reach an SMTP server; its password is asked for at every connect."""
    login = _login(config, server, tokens)
    return SmtpSettings(
        host=server.host,
        port=server.port,
        security=server.security,
        username=server.username,
        password=login.password,
        auth=login.auth,
        fresh=login.fresh,
        ca_file=str(server.ca_file) if server.ca_file else None,
    )


def tokens_of(config: Config, name: str) -> Tokens | None:
    """Where this mailbox's access tokens come from, None when it is not signed in to."""
    wanted = config.mailbox[name].oauth
    if wanted is None:
        return None
    authority = f"{wanted.authority.rstrip('/')}/{wanted.tenant}"
    file = config.agent.data_dir / f"oauth-{name}.json"
    return Tokens(OAuthSettings(wanted.client_id, authority, file, renew_by=f"mailhitl login {name}"))


@dataclass(frozen=True, slots=True)
class _Login:
    """What is presented to a server: asked for at every connect, so that a changed password or a fresh token is found;
    never kept."""

    password: Callable[[], str] | None
    auth: Literal["login", "xoauth2"] = "login"
    fresh: Callable[[], str] | None = None


def _login(config: Config, server: Server, tokens: Tokens | None) -> _Login:
    if server.token_command is not None:
        command = server.token_command
        return _Login(lambda: resolve_secret(command, config.base), "xoauth2")
    if server.password is not None:
        password = server.password
        return _Login(lambda: resolve_secret(password, config.base))
    if tokens is not None and server.username:
        return _Login(tokens.current, "xoauth2", tokens.fresh)
    return _Login(None)
