"""Everything a runner needs for one mailbox, wired once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo

from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailhitl.daemon.digest.plan import Plan
from mailhitl.daemon.directory import Directory
from mailhitl.daemon.drafts.writing import Writers
from mailhitl.daemon.folders import Folders
from mailhitl.daemon.stopwatch import Stopwatch
from mailhitl.daemon.trust.records import Records
from mailhitl.decision import Decision, Finding
from mailhitl.draft import Draft
from mailhitl.mail.message import Address, Message
from mailhitl.ports.drafter import Classifier, Drafter
from mailhitl.ports.knowledge import Knowledge
from mailhitl.ports.mailbox import FolderStatus, Location, Mailbox
from mailhitl.ports.store import Store
from mailhitl.ports.transport import Transport
from mailhitl.review.gesture import Sighting
from mailhitl.review.reminders import Waiting
from mailhitl.review.reviewers import Reviewers
from mailhitl.rules.engine import ALL_GATES
from mailhitl.rules.gates import Gates
from mailhitl.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Settings:
    """What the config says about one mailbox. ``own`` are all addresses of this mailbox, lower case."""

    mailbox: str
    address: Address
    own: frozenset[str]
    since: Callable[[datetime], datetime] = lambda now: now
    only_new: bool = True
    skip_answered: bool = False
    fetch_limit: int = 1_000_000
    poll: timedelta = timedelta(seconds=60)
    notify: str = "reviewers"
    reply_approval: str = "authenticated"
    trusted_authserv: frozenset[str] = frozenset()
    plus_addressing: bool = False
    #: The name we log in with, and what an approval counts where others than reviewers may move mail into Approve.
    login: str = ""
    strangers: str = "warn"
    grace: timedelta = timedelta(seconds=60)
    settle: timedelta = timedelta(seconds=90)
    restore_after: timedelta = timedelta(minutes=30)
    remind_after: timedelta = timedelta(hours=2)
    escalate_after: timedelta = timedelta(hours=8)
    expire_after: timedelta = timedelta(days=5)
    #: When the daily list goes out, and on which weekdays (0 is Monday); None: never.
    worklist_at: time | None = None
    office_days: frozenset[int] = frozenset(range(5))
    per_correspondent: int = 3
    per_domain: int = 20
    per_hour: int = 60
    #: What arrived longer ago is not answered by a machine.
    oldest: timedelta = timedelta(days=3)
    sent_copy: bool = True
    timezone: tzinfo = UTC
    versions: str = ""
    #: How long closed cases keep their words (``cases``, ``bodies``); what is not named is kept for ever.
    keep: Mapping[str, timedelta] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        return self.address.domain


@dataclass(slots=True)
class Agenda:
    """When the mailbox wants to be looked at next, at the latest. Runners write it, the worker reads it.

    ``hands``: a person has just been at work in the folders, so more may follow.
    """

    due: datetime | None = None
    hands: bool = False

    def at(self, moment: datetime) -> None:
        if self.due is None or moment < self.due:
            self.due = moment


@dataclass(frozen=True, slots=True)
class Drafting:
    """The drafting floor as the runners use it: plain callables, so that nothing here knows where words come from."""

    classifier: Classifier
    drafters: tuple[Drafter, ...]
    skeleton: Callable[[Message], Draft]
    with_quote: Callable[[Draft, Message], Draft]
    frame: Callable[[Draft, str], str | None]
    findings: Callable[[Draft, Message], tuple[Finding, ...]]
    own_words: Callable[[Draft, Message], str]
    language: Callable[[str], str]
    knowledge: Knowledge | None = None


@dataclass(slots=True)
class Shelf:
    """Mails at hand, by the number of their case: the newest of them, up to ``room`` bytes in all."""

    room: int = 2_000_000  # all that one round takes in, where they are of the everyday kind
    _mails: dict[int, tuple[bytes, Message]] = field(default_factory=dict)
    _size: int = 0

    def get(self, case_id: int) -> tuple[bytes, Message] | None:
        return self._mails.get(case_id)

    def put(self, case_id: int, raw: bytes, message: Message) -> None:
        """``message`` is what ``parse`` makes of ``raw``."""
        self._take_down(case_id)
        self._mails[case_id] = raw, message
        self._size += len(raw)
        while self._size > self.room and len(self._mails) > 1:
            # A dict keeps the order in which it was filled: the oldest go.
            self._take_down(next(iter(self._mails)))

    def _take_down(self, case_id: int) -> None:
        if case_id in self._mails:
            raw, _ = self._mails.pop(case_id)
            self._size -= len(raw)


@dataclass(frozen=True, slots=True)
class App:
    """One mailbox at work. Belongs to one thread, like its Mailbox."""

    settings: Settings
    folders: Folders
    mailbox: Mailbox
    transport: Transport
    store: Store
    drafting: Drafting
    rules: Sequence[Rule]
    reviewers: Reviewers
    templates: ImmutableSandboxedEnvironment
    customers: Directory
    records: Records
    office_hours: Callable[[datetime], bool]
    #: When so much office time will have passed since then, in UTC.
    office_after: Callable[[datetime, timedelta], datetime]
    gates: Gates = ALL_GATES
    #: The weekly digest, where this mailbox's server sends it; None elsewhere.
    weekly: Plan | None = None
    #: Looks up the TXT record of a name, to verify signatures ourselves (``mail/signature``); None: that is off.
    key_record: Callable[[str], bytes | None] | None = None
    #: Reviewers' own folders below Approve: (folder, reviewer). Who may put mail there is that reviewer (IMAP ACL).
    personal: tuple[tuple[str, str], ...] = ()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    #: Renews the lease; raises LeaseTaken when this process may not act any more. Called before whatever acts.
    heartbeat: Callable[[], None] = lambda: None
    #: Measures waits whatever is done to the clock; without one ``now`` alone counts.
    stopwatch: Stopwatch | None = None
    agenda: Agenda = field(default_factory=Agenda)
    #: Writes what takes long; shared by all connections of one mailbox.
    writers: Writers = field(default_factory=Writers)
    #: What was read once of a mail in a watched folder: mails never change under one UID.
    seen: dict[Location, Sighting | None] = field(default_factory=dict)
    #: What stood in a watched folder at the last look, and the status it had then.
    listed: dict[str, tuple[FolderStatus, Sequence[Location]]] = field(default_factory=dict)
    #: The digest of every revision of an open case, by (case, revision): a revision never changes either.
    digests: dict[tuple[int, int], str] = field(default_factory=dict)
    #: The customers' mails of the cases at work, by case (``sources``).
    shelf: Shelf = field(default_factory=Shelf)
    #: Who is no reviewer and may put mail into a folder for approvals, and when that was found out.
    rights: dict[str, tuple[datetime, tuple[str, ...]]] = field(default_factory=dict)
    #: Which customers' mails in a folder carry the answered mark, and what that was found out for.
    marks: dict[str, tuple[object, Sequence[Location]]] = field(default_factory=dict)
    #: When a runner that only looks now and then wants to look again, by its name.
    looked: dict[str, datetime] = field(default_factory=dict)
    #: The wish for another draft of each held case, by version of the case (``redrafting``).
    wishes: dict[int, tuple[int, Decision | None]] = field(default_factory=dict)
    #: How each held case waits: read from its log once for each version of the case.
    waits: dict[int, Waiting] = field(default_factory=dict)

    def left(self, what: str, until: datetime, most: timedelta = timedelta.max) -> timedelta:
        """How long ``what`` has still to wait for ``until``; not positive when it is over.

        ``most``: it began at most so long before that. Where the clock was set back it would wait for longer.
        """
        now = self.now()
        return until - now if self.stopwatch is None else self.stopwatch.left(what, until, now, most)

    @property
    def key(self) -> bytes:
        return self.store.key()

    def is_ours(self, address: str) -> bool:
        """Whether this is an address of the mailbox, a reviewer's, or of who gets the digest: From may say so, and
        proves nothing by it."""
        readers = {to.lower() for to in self.weekly.to} if self.weekly else set()
        own = address.lower() in self.settings.own | readers
        return own or self.reviewers.by_address(address) is not None
