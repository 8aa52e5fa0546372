"""The whole config file as one model: what may stand in it, and what it becomes."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PrivateAttr, WithJsonSchema

from mailhitl.config.account import MailboxConfig
from mailhitl.config.answering import Knowledge, LanguageModelConfig, Triage
from mailhitl.config.customers import Customers
from mailhitl.config.digest import Digest
from mailhitl.config.health import Alarm, Metrics
from mailhitl.config.retention import Retention
from mailhitl.config.secrets import Secret
from mailhitl.config.table import Table, key, needed
from mailhitl.config.values import (
    AddrSpec,
    AnchoredPath,
    Clock,
    Count,
    DatabaseUrl,
    Days,
    Duration,
    Hours,
    Share,
    Switch,
    Word,
    Zone,
)
from mailhitl.rules.conditions import CONDITIONS
from mailhitl.rules.gates import OPTIONAL


def _mailbox_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", text):
        raise ValueError("a mailbox's name has only letters, digits, - and _, and at most 40 of them")
    return text


def _lasting(length: timedelta) -> timedelta:
    if not length:
        raise ValueError("must be longer than nothing: every case would be closed at once")
    return length


MailboxName = Annotated[str, AfterValidator(_mailbox_name)]

#: A ``when`` table is read by the conditions themselves (``config/rules.py``); the schema only names them.
When = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                name: {"description": " ".join((builder.__doc__ or "").split("\n\n")[0].split())}
                for name, builder in CONDITIONS.items()
            },
            "additionalProperties": False,
        }
    ),
]


class Caps(Table):
    """How many mails may leave without a person at most, whatever the rules say."""

    per_correspondent_per_day: Count = key(3, "To one correspondent in 24 hours.", ge=0)
    per_domain_per_day: Count = key(
        20, "To one domain in 24 hours; the large freemail domains, whose people share nothing else, don't count.", ge=0
    )
    per_hour: Count = key(60, "Overall in one hour.", ge=0)
    oldest: Duration = key(
        "3d", "A mail that is older than this is answered by a person, whatever it waited for; a weekend is shorter."
    )


class Agent(Table):
    """The agent itself."""

    timezone: Zone = key("UTC", "For office hours, reminders and the weekly digest.")
    data_dir: AnchoredPath = key("var", "Database, lock, state; created on first start.")
    templates: AnchoredPath = key("templates", "Your own templates; what is missing there comes from the package.")
    allow_plain_secrets: Switch = key(False, "Allow passwords in this file. Better: env, file or command.")
    caps: Caps = Field(default_factory=Caps, description="Limits for automatic mail.")


class StoreConfig(Table):
    """The database."""

    url: DatabaseUrl = key(
        "sqlite:///var/mailhitl.db",
        "sqlite:///path (as seen from this file's folder) or postgresql://user@host/db.",
        repr=False,
    )
    password: Secret | None = key(None, "PostgreSQL's password.")


class ReviewerConfig(Table):
    """One person who may decide."""

    name: Word = needed("Name, also of the person's own folder Approve/<name>.")
    address: AddrSpec = needed("Where packets go and approvals come from; exactly this address, or one of aliases.")
    aliases: tuple[AddrSpec, ...] = key(
        (),
        "Further addresses that this person writes from: what they say counts as this person's, and where several "
        "people have to agree it is one. Packets go to address alone.",
    )
    groups: tuple[Word, ...] = key((), "Groups that rules name; whoever is in “admin” may also move rules up.")
    absent: tuple[Days, ...] = key(
        (),
        'Days on which the person is away, like "2026-12-20 to 2027-01-03": then the substitute is asked, or the rest '
        "of the group. Whoever is away may still decide.",
    )
    substitute: str = key("", "Who is asked meanwhile: another reviewer's name.")


class ReviewConfig(Table):
    """How people are asked, and what counts as their answer."""

    notify: Literal["reviewers", "folder"] = key(
        "reviewers", '"reviewers": packets also go to the people\'s own addresses; "folder": they stay in the mailbox.'
    )
    reply_approval: Literal["authenticated", "token", "off"] = key(
        "authenticated",
        'What makes an approval by reply count: "authenticated" (a trusted server vouches for the reviewer), '
        '"token" (whoever has the packet), "off".',
    )
    trusted_authserv: tuple[Word, ...] = key(
        (), "Servers whose Authentication-Results are believed (their authserv-id): your own border, nobody else's."
    )
    strangers: Literal["warn", "refuse"] = key(
        "warn",
        "When the server tells that others than reviewers may put mail into Approve: warn the reviewers, or refuse "
        "every approval by a move.",
    )
    own_dkim: Switch = key(
        False,
        "Where no trusted server vouches for a reviewer's answer, verify its DKIM signature ourselves; asks the DNS.",
    )
    auto_send_unauthenticated: Switch = key(
        False, "Let rules send without a person to senders for whom no trusted server vouches."
    )
    gates_off: tuple[Literal[OPTIONAL], ...] = key(  # type: ignore[valid-type]
        (), "Built-in gates to switch off, by name."
    )
    grace: Duration = key("60s", "A move becomes final after this; a reply at once.")
    settle: Duration = key("90s", "An edit counts after this long without another save.")
    remind_after: Duration = key("2h", "Office hours until the reviewers are reminded, and again each time; 0s: never.")
    escalate_after: Duration = key(
        "8h", "Office hours until the next group is asked, at last everybody; 0s: never. Silence never approves."
    )
    expire_after: Annotated[Duration, AfterValidator(_lasting)] = key(
        "5d",
        "Without a decision for so long, nights and weekends included, a case is closed and nothing is sent.",
    )
    office_hours: Hours = key("Mon-Fri 09:00-17:00", "When people are there, in the agent's time zone.")
    worklist_at: Clock | None = key(
        None, "Then, on office days, all that waits is mailed to each reviewer in one numbered list; left out: never."
    )
    restore_after: Duration = key("30m", "A draft that is in no folder for this long is offered for restoring.")
    plus_addressing: Switch = key(
        False,
        "The server delivers support+anything@… to support@… (`doctor --probe` tries it): then an answer that a "
        "reviewer sends from another account is seen, and answers to packets are found by their address too.",
    )


class RuleConfig(Table):
    """A rule: when all its conditions hold, it says what may happen. Every rule is tried and the strictest wins."""

    name: Word = needed("Shown to the reviewer and in the log.")
    why: str = key("", "Shown to the reviewer, word for word.")
    when: When = needed("Conditions; all must hold. See conditions.md.")
    then: Literal["send", "review", "block", "skip"] = needed(
        "send (without a person), review, block (no draft, a person answers), skip (wants no answer)."
    )
    reviewers: str = key("", "The group that is asked; left out: everybody.")
    approvals: Count = key(1, "How many people must agree.", ge=1, le=20)
    named: Switch = key(False, "Only approvals that carry an identity count.")
    undo: Duration = key("0s", "How long an automatic answer waits in Outgoing; drag it out to cancel.")
    sample: Share = key(0.0, "This share of automatic answers is looked at afterwards.")
    send: Literal["at-once", "office-hours"] = key(
        "at-once", '"office-hours": an automatic answer waits in Outgoing until people are there.'
    )
    level: Literal["shadow", "review", "sampled", "send"] = key(
        "send",
        "How far the rule is trusted: shadow (only logged), review (a person looks first), sampled (sends, and at "
        "least one in five is looked at afterwards), send. What goes wrong takes it back to review by itself.",
    )
    promote_at: Share = key(
        0.95,
        "A higher level is proposed when at least this share would be approved unedited, for all that chance can do "
        "(lower bound of the 95 % Wilson interval: 73 of 73, or 197 of 200).",
    )
    promote_over: Count = key(200, "So many of the last decisions are counted: an old mistake is forgotten.", ge=10)
    promote_clean: Count = key(50, "Among so many of the last decisions nothing may have been rejected.", ge=1)


class IntentConfig(Table):
    """What customers want; triage learns from the examples."""

    name: Word = needed("What rules call it.")
    examples: tuple[Word, ...] = key((), "Sentences as customers write them.")
    words: tuple[Word, ...] = key((), "Words that speak for it.")
    template: str = key("", "The template that answers it: templates/reply/<template>.txt.j2.")


class Config(Table):
    """The file. ``base`` is its folder, ``source`` its path, ``fingerprint`` a short hash of its bytes, ``warnings``
    what is allowed and yet worth a look (``file:line: path: what``)."""

    agent: Agent = Field(default_factory=Agent, description="The agent itself.")
    store: StoreConfig = Field(default_factory=StoreConfig, description="The database.")
    mailbox: dict[MailboxName, MailboxConfig] = needed("One table per shared mailbox.", min_length=1)
    reviewer: tuple[ReviewerConfig, ...] = key((), "The people who may decide.")
    review: ReviewConfig = Field(default_factory=ReviewConfig, description="How people are asked.")
    rule: tuple[RuleConfig, ...] = key((), "The rules.")
    intent: tuple[IntentConfig, ...] = key((), "What customers want.")
    triage: Triage = Field(default_factory=Triage, description="How it is found out what customers want.")
    customers: Customers | None = key(None, "Who is writing.")
    knowledge: Knowledge | None = key(None, "What the agent may look up.")
    llm: LanguageModelConfig | None = key(None, "A language model that drafts.")
    digest: Digest | None = key(None, "The weekly digest.")
    alarm: Alarm | None = key(None, "A path for alarms.")
    metrics: Metrics | None = key(None, "Figures for a monitoring system.")
    retention: Retention | None = key(None, "How long things are kept.")

    _source: Path = PrivateAttr(Path("config.toml"))
    _fingerprint: str = PrivateAttr("")
    _warnings: tuple[str, ...] = PrivateAttr(())

    def loaded(self, source: Path, fingerprint: str, warnings: tuple[str, ...]) -> Config:
        """Remember where this came from; called once, by the loader."""
        self._source, self._fingerprint, self._warnings = source, fingerprint, warnings
        return self

    @property
    def source(self) -> Path:
        return self._source

    @property
    def base(self) -> Path:
        return self._source.parent

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._warnings
