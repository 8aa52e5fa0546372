"""Where a team at random works: the config, a world whose processes start quickly, and an app on one fuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, replace
from email.message import EmailMessage
from typing import Any

from mailhitl.backends.memory import Answer
from mailhitl.daemon import wire
from mailhitl.daemon.app import App
from mailhitl.daemon.trust.records import Records
from mailhitl.delivery import Phase, Status
from mailhitl.store import open_store
from tests.crash.fuse import STORE_PARTS, Frail, Fuse
from tests.crash.people import read
from tests.story.world import CONFIG, World

#: The disk of the machine where there is one in memory: thousands of worlds are made and thrown away.
MEMORY = "/dev/shm"
#: Every automatic answer is looked at afterwards, and about a contract two people have to agree.
TEAM = (
    CONFIG.replace('then = "send"', 'then = "send"\nsample = 1.0')
    + """
[[intent]]
name = "contract"
examples = ["Please change my contract", "I want to cancel my contract"]
words = ["contract"]
template = "refund-received"

[[rule]]
name = "Contracts take two"
when = { intent = "contract" }
then = "review"
approvals = 2
"""
)
WORDS = {
    "risky": "Please refund my order 4711.",
    "grave": "Please change my contract.",
    "hours": "When are you open?",
    "blocked": "My lawyer will write to you.",
    "machine": "When are you open?",
}
SMTP_FAULTS = (
    Answer(Status.DEFERRED, Phase.CONNECT, "cut"),
    Answer(Status.DEFERRED, Phase.RCPT, "451 later"),
    Answer(Status.REFUSED, Phase.DONE, "550 no"),
    Answer(Status.UNKNOWN, Phase.BODY, "cut in the body"),
    Answer(Status.UNKNOWN, Phase.BODY, "cut behind the dot", delivered=True),
)
IMAP_CALLS = ("append", "locations", "glance", "fetch_all", "find", "move", "remove", "flag", "status")
#: The calls between "approved" and "tidied up", and how often a round makes each for one answer.
WINDOW = {
    "cases.move": 3,
    "deliveries.record_phase": 6,
    "transport.hand_over": 1,
    "deliveries.mark_answered": 1,
    "mailbox.append": 1,
    "deliveries.mark_copied": 1,
    "mailbox.remove": 2,
    "filings.withdraw": 2,
}

#: The calls between a mail in the inbox and the draft and packets that ask about it.
TAKING_IN = {
    "progress.begin_attempts": 1,
    "mailbox.fetch_all": 1,
    "cases.open": 2,
    "progress.end_attempts": 1,
    "progress.advance": 2,
    "cases.move": 2,
    "mailbox.append_all": 1,
    "filings.confirm": 2,
    "asks.ask": 2,
}


def config(*, undo: bool, plus: bool) -> str:
    """``undo``: an automatic answer can be stopped for five minutes. ``plus``: drafts carry a blind copy to us."""
    text = TEAM.replace('then = "send"', 'then = "send"\nundo = "5m"') if undo else TEAM
    return text.replace("[review]", "[review]\nplus_addressing = true") if plus else text


@dataclass(frozen=True, slots=True)
class Break:
    """Where a round is broken: at the ``number``-th call of ``call`` ("": of any), before it is made or after."""

    call: str
    number: int
    before: bool

    def fuse(self, meanwhile: Callable[[], None] | None = None) -> Fuse:
        return Fuse(self.number, self.before, meanwhile=meanwhile, only=self.call)


#: What a process only remembers: all that an App makes for itself.
FORGOTTEN = {each.name: each.default_factory for each in fields(App) if each.default_factory is not MISSING}


def as_new(app: App, **parts: Any) -> App:
    """The app of a process that has just begun."""
    return replace(app, **{name: make() for name, make in FORGOTTEN.items()}, **parts)


class Office(World):
    """A world whose processes share what they read of templates and config: it never changes here."""

    def restart(self) -> None:
        self.store.close()
        self.store = open_store(f"sqlite:///{self.folder / 'mailhitl.db'}")
        wanted = self.config.mailbox["support"].folders.model_dump(exclude_none=True)
        found = wire.find_folders(self.box, wanted)
        self.app = as_new(self.app, store=self.store, records=Records(self.store, asked=False), folders=found)

    def sent_to(self, address: str) -> list[EmailMessage]:
        return [read(mail.raw) for mail in self.transport.sent if address in mail.recipients]


def frail(world: World, fuse: Fuse, away: list[str] | None = None) -> App:
    """The world's app, with every door to the outside on one fuse; these calls to the mailbox fail."""
    return replace(
        world.app,
        mailbox=Frail(world.box, fuse, away=away, name="mailbox"),
        transport=Frail(world.transport, fuse, name="transport"),
        store=Frail(world.store, fuse, STORE_PARTS, name="store"),
        seen={},
        listed={},
    )
