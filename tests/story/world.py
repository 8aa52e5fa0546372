"""A support team in memory: customers who write, reviewers who work in folders, and the agent between them.

The mailbox and the transport are the package's own twins, the store is a file, the config is TOML as an admin writes
it, and time passes only when a story says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from mailhitl.backends.memory import Answer, MemoryMailbox, MemoryTransport, SentMail
from mailhitl.case import Case, State
from mailhitl.config.load import load
from mailhitl.daemon import cycle, wire
from mailhitl.daemon.app import App
from mailhitl.delivery import Handover, Phase
from mailhitl.mail.edited import draft_of
from mailhitl.mail.text import unflow
from mailhitl.ports.mailbox import Location
from mailhitl.store import open_store
from tests.team_config import ANNA, ASKS_FOR_MONEY, ASKS_WHEN, BEN, REFUNDS

#: The package's own opening hours have a gap for the admin's; these are filled in.
DEMO_TEMPLATES = Path(__file__).parents[2] / "templates" / "demo"

MONDAY_NOON = datetime(2026, 11, 16, 11, 0, tzinfo=UTC)

CONFIG = (
    """
[agent]
timezone = "Europe/Berlin"
templates = "TEMPLATES"

[mailbox.support]
address = "support@example.com"
name = "Example Support"
aliases = ["help@example.com"]
imap = { host = "localhost", security = "none", username = "support", password = { env = "SUPPORT_PASSWORD" } }
smtp = { host = "localhost", port = 2525, security = "none" }
"""
    + ANNA
    + BEN
    + """
[review]
trusted_authserv = ["mx.example.com"]
grace = "60s"
settle = "90s"
"""
    + ASKS_WHEN
    + ASKS_FOR_MONEY
    + """
[[rule]]
name = "Opening hours answer themselves"
why = "The answer is the same for everybody."
when = { intent = "opening-hours", confidence = { at_least = 0.8 } }
then = "send"
"""
    + REFUNDS
    + """
[[rule]]
name = "Legal threats are for people"
why = "A lawyer is involved."
when = { text = { contains = ["lawyer"] } }
then = "block"
"""
)

VOUCHED = "mx.example.com; dmarc=pass header.from={domain}"


def letter(
    text: str,
    *,
    sender: str = "Ann Customer <ann@customer.test>",
    subject: str = "My order",
    to: str = "support@example.com",
    message_id: str = "",
    **headers: str,
) -> bytes:
    """A mail as a customer's program writes it, with the stamp of our own border server."""
    mail = EmailMessage(policy=policy.SMTP)
    domain = sender.rpartition("@")[2].rstrip(">")
    mail["Authentication-Results"] = VOUCHED.format(domain=domain)
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = "Mon, 16 Nov 2026 11:00:00 +0000"
    if message_id:
        mail["Message-ID"] = message_id
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


class PostOffice:
    """One SMTP server for customers, whose answers a story may script, and one for our own people, which just works."""

    def __init__(self) -> None:
        self.outside = MemoryTransport()
        self.inside = MemoryTransport()

    def hand_over(
        self, raw: bytes, sender: str, recipients: Sequence[str], *, on_phase: Callable[[Phase], None]
    ) -> Handover:
        own = all(address.endswith("@example.com") for address in recipients)
        return (self.inside if own else self.outside).hand_over(raw, sender, recipients, on_phase=on_phase)

    def probe(self) -> str:
        return ""

    @property
    def sent(self) -> list[SentMail]:
        return [*self.outside.sent, *self.inside.sent]

    def answers(self, *script: Answer) -> None:
        """How the next attempts to reach customers end."""
        self.outside.script.extend(script)


class World:
    """One shared mailbox and everybody around it."""

    def __init__(self, folder: Path, config: str = CONFIG) -> None:
        self.now = MONDAY_NOON
        path = folder / "config.toml"
        path.write_text(config.replace("TEMPLATES", str(DEMO_TEMPLATES)))
        self.config = load(path)
        self.box = MemoryMailbox(now=lambda: self.now)
        self.transport = PostOffice()
        self.store = open_store(f"sqlite:///{folder / 'mailhitl.db'}")
        self.folder = folder
        self.letters = 0
        self.app = self._wire()
        self.run()

    def _wire(self) -> App:
        settings = wire.settings_of(self.config, "support")
        wanted = self.config.mailbox["support"].folders.model_dump(exclude_none=True)
        folders = wire.find_folders(self.box, wanted)
        app = wire.build(self.config, settings, self.box, self.transport, self.store, folders)
        return replace(app, now=lambda: self.now)

    def restart(self) -> None:
        """A new process: nothing is known but what the store and the folders hold."""
        self.store.close()
        self.store = open_store(f"sqlite:///{self.folder / 'mailhitl.db'}")
        self.app = self._wire()

    def reconfigured(self, config: str) -> None:
        """The admin has written another config, and the agent works with it."""
        path = self.folder / "config.toml"
        path.write_text(config.replace("TEMPLATES", str(DEMO_TEMPLATES)))
        self.config = load(path)
        self.app = self._wire()
        self.run()

    # -- time and the agent

    def run(self, *, later: timedelta = timedelta(0)) -> None:
        """Let time pass, then let the agent work until it has nothing left to do."""
        self.now += later
        cycle.run_until_quiet(self.app)

    # -- customers

    def customer_writes(self, text: str, **about: str) -> str:
        """A customer's mail arrives; returns its Message-ID."""
        self.letters += 1
        message_id = about.pop("message_id", f"<letter-{self.letters}@customer.test>")
        self.box.deliver("INBOX", letter(text, message_id=message_id, **about))
        return message_id

    def sent_to(self, address: str) -> list[EmailMessage]:
        """What this address has received from us."""
        mails = [mail for mail in self.transport.sent if address in mail.recipients]
        return [parsed(mail.raw) for mail in mails]

    # -- reviewers

    def standing(self, folder: str, *, packet: bool = False) -> list[Location]:
        """The drafts (or packets) in one of our folders: ``review``, ``approve``, …"""
        name = getattr(self.app.folders, folder)
        found = []
        for location in self.box.locations(name):
            raw = self.box.fetch(location, limit=10_000_000) or b""
            if (b"\r\nSubject: [Review]" in raw) is packet:
                found.append(location)
        return found

    def raw(self, location: Location) -> bytes:
        return self.box.fetch(location, limit=10_000_000) or b""

    def moves(self, location: Location, folder: str) -> None:
        self.box.move(location, getattr(self.app.folders, folder))

    def edits(self, location: Location, old: str, new: str, *, folder: str = "review", keep: bool = False) -> None:
        """Save the draft with other words, as a graphical client does: our own headers and the Message-ID are lost."""
        draft = draft_of(self.raw(location))
        before = parsed(self.raw(location))
        mail = EmailMessage(policy=policy.SMTP)
        for name in ("From", "To", "Cc", "Subject", "Date", "In-Reply-To", "References"):
            if before[name]:
                mail[name] = " ".join(str(before[name]).split())
        self.letters += 1
        mail["Message-ID"] = f"<client-{self.letters}@example.com>"
        assert old in draft.text
        mail.set_content(draft.text.replace(old, new))
        if not keep:
            self.box.remove([location])
        self.box.deliver(getattr(self.app.folders, folder), mail.as_bytes(), flags=("\\Draft",))

    def packet_for(self, address: str) -> EmailMessage:
        """The newest packet mailed to this reviewer."""
        return [mail for mail in self.sent_to(address) if str(mail["Subject"]).startswith("[Review]")][-1]

    def answers(self, packet: EmailMessage, text: str, *, sender: str = "Anna <anna@example.com>", **more: str) -> None:
        """A reviewer answers a packet from their own mail program, with the packet quoted below."""
        quoted = "\n".join(f"> {line}" for line in text_of(packet).splitlines())
        self.letters += 1
        self.box.deliver(
            "INBOX",
            letter(
                f"{text}\n\nOn Mon, Example Support wrote:\n{quoted}\n",
                sender=sender,
                subject=f"Re: {packet['Subject']}",
                message_id=f"<answer-{self.letters}@example.com>",
                In_Reply_To=str(packet["Message-ID"]),
                References=str(packet["Message-ID"]),
                **more,
            ),
        )

    # -- what became of it

    @property
    def cases(self) -> list[Case]:
        """Every case, oldest first."""
        return list(self.store.cases.in_state(*State, mailbox="support"))

    @property
    def case(self) -> Case:
        """The one case there is."""
        [case] = self.cases
        return case

    def flags(self, case: Case) -> frozenset[str]:
        """The flags on the customer's own mail."""
        [glance] = self.box.glance([Location(case.folder, case.uidvalidity, case.uid)])
        return glance.flags


def parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(preferencelist=("plain",))
    assert body is not None
    return unflow(str(body.get_content()).replace("\r\n", "\n"))
