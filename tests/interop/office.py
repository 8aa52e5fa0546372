"""A support team on real servers: Dovecot, an SMTP server that knows who has logged in, and the daemon in its thread.

Customers write by SMTP, and what would leave for them is kept. Reviewers come with a mail client of their own.
"""

from __future__ import annotations

import re
import smtplib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Self, TypeVar

from imapclient import IMAPClient

from mailhitl.case import Case, State
from mailhitl.config.database import store_url
from mailhitl.config.load import load
from mailhitl.daemon.service import Service
from mailhitl.decision import Decision
from mailhitl.demo.smtp_server import SmtpServer
from mailhitl.store import open_store
from tests.servers import HOST, PASSWORD, Dovecot
from tests.team_config import ASKS_FOR_MONEY, ASKS_WHEN, REFUNDS

Value = TypeVar("Value")

DOMAIN = "demo.test"
#: The package's own opening hours have a gap for the admin's; these are filled in.
DEMO_TEMPLATES = Path(__file__).parents[2] / "templates" / "demo"
CUSTOMER = "carla@customer.example"
#: Seconds after which something that should have happened has not.
PATIENCE = 20.0

CONFIG = """
[agent]
timezone = "Europe/Berlin"
templates = "{templates}"
allow_plain_secrets = true

[store]
url = "sqlite:///mailhitl.db"

[mailbox.support]
address = "{support}@demo.test"
name = "Example Support"
imap = {{ host = "127.0.0.1", port = {imap}, security = "none", username = "{support}", password = "{password}" }}
smtp = {{ host = "127.0.0.1", port = {smtp}, security = "none", username = "{support}", password = "{password}" }}
poll = "0.2s"

[[reviewer]]
name = "Anna"
address = "{anna}@demo.test"
groups = ["support"]

[[reviewer]]
name = "Ben"
address = "{ben}@demo.test"
groups = ["billing"]

[review]
trusted_authserv = ["mx.demo.test"]
grace = "{grace}"
settle = "{settle}"
restore_after = "{restore_after}"

[[rule]]
name = "Opening hours answer themselves"
why = "The answer is the same for everybody."
when = {{ intent = "opening-hours" }}
then = "send"
undo = "{undo}"
"""


class Post:
    """What the SMTP server knows of the accounts: whose they are, and how mail gets in."""

    def __init__(self, dovecot: Dovecot, users: Sequence[str]) -> None:
        self.users: Mapping[str, str] = dict.fromkeys(users, PASSWORD)
        self._dovecot = dovecot

    def deliver(self, user: str, raw: bytes, folder: str = "INBOX") -> None:
        with logged_in(self._dovecot, user) as client:
            client.append(folder, raw)


@contextmanager
def logged_in(dovecot: Dovecot, user: str) -> Iterator[IMAPClient]:
    client = IMAPClient(HOST, dovecot.port, ssl=False, timeout=20)
    client.login(user, PASSWORD)
    try:
        yield client
    finally:
        client.logout()


class Office:
    """One shared account and everybody around it, from ``with`` to its end; ``home`` is an empty folder.

    ``support``, ``anna`` and ``ben`` are the names of accounts. Times are written as in a config file.
    """

    def __init__(
        self,
        dovecot: Dovecot,
        home: Path,
        *,
        grace: str = "0.4s",
        settle: str = "0.8s",
        restore_after: str = "30m",
        undo: str = "1h",
    ) -> None:
        tag = uuid.uuid4().hex[:8]
        self.support, self.anna, self.ben = (f"{name}-{tag}" for name in ("support", "anna", "ben"))
        self.dovecot = dovecot
        self._path = home / "config.toml"
        self._times = {"grace": grace, "settle": settle, "restore_after": restore_after, "undo": undo}
        self._end = ExitStack()
        self._clients: dict[str, IMAPClient] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            post = Post(self.dovecot, (self.support, self.anna, self.ben))
            self.smtp = stack.enter_context(SmtpServer(post, DOMAIN, [CUSTOMER]))
            self._path.write_text(
                CONFIG.format(
                    support=self.support,
                    anna=self.anna,
                    ben=self.ben,
                    imap=self.dovecot.port,
                    smtp=self.smtp.port,
                    password=PASSWORD,
                    templates=DEMO_TEMPLATES,
                    **self._times,
                )
                + ASKS_FOR_MONEY
                + REFUNDS
                + ASKS_WHEN
            )
            config = load(self._path)
            self.store = open_store(store_url(config))
            stack.callback(self.store.close)
            service = Service.of(config, self.store)
            service.start()
            stack.callback(service.stop)
            [self.worker] = service.workers
            self._end = stack.pop_all()
        self.rounds(1)
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    # -- time

    def until(self, what: str, look: Callable[[], Value]) -> Value:
        """Return what ``look`` finds as soon as it finds something. Raises TimeoutError."""
        deadline = time.monotonic() + PATIENCE
        while not (found := look()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"never came: {what}\n{self._story()}")
            time.sleep(0.05)
        return found

    def rounds(self, count: int) -> None:
        """Let the daemon look into every folder this often from now on."""
        # The round that is under way may have passed the folder already.
        enough = self.worker.rounds + count + 1
        self.until(f"{count} rounds of the daemon", lambda: self.worker.rounds >= enough)

    def _story(self) -> str:
        lines = [f"problem: {self.worker.problem or 'none'}"]
        for case in self.cases:
            lines += [f"case {case.id}: {row.event} {row.code} by {row.by}: {row.why}" for row in self.log(case)]
        for _, _, folder in self._client(self.support).list_folders():
            client = self._reading(folder)
            for uid, row in client.fetch(client.search(), ["FLAGS", "BODY.PEEK[HEADER.FIELDS (SUBJECT)]"]).items():
                subject = row[b"BODY[HEADER.FIELDS (SUBJECT)]"].strip()
                lines.append(f"{folder}/{uid} {row[b'FLAGS']!r} {subject!r}")
        return "\n".join(lines)

    # -- customers

    def customer_writes(self, text: str, *, subject: str = "My order", folder: str = "Review", html: str = "") -> str:
        """Carla writes; returns her mail's Message-ID once a draft stands in this folder, in Review with a packet."""
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"], mail["To"] = f"Carla Customer <{CUSTOMER}>", f"{self.support}@{DOMAIN}"
        mail["Subject"], mail["Message-ID"] = subject, make_msgid(domain="customer.example")
        mail.set_content(text)
        if html:
            mail.add_alternative(html, subtype="html")
        before = len(self.drafts(folder))
        with smtplib.SMTP(HOST, self.smtp.port) as session:
            session.send_message(mail)
        self.until(f"a draft in {folder}", lambda: len(self.drafts(folder)) > before)
        self.until("a packet in Review", lambda: folder != "Review" or self.packets("Review"))
        return str(mail["Message-ID"])

    @property
    def received(self) -> list[EmailMessage]:
        """What Carla has got so far."""
        return [parsed(mail.raw) for mail in self.smtp.outside if mail.recipient == CUSTOMER]

    def answer(self) -> EmailMessage:
        """The one mail that Carla got, once it has left and everything around it is done."""
        self.until("a mail to the customer", lambda: self.received)
        self.until("a tidied mailbox", self.tidy)
        [mail] = self.received
        return mail

    # -- folders

    def raw(self, folder: str) -> list[bytes]:
        """Every mail of a folder of the shared account that is not marked as deleted, oldest first."""
        return self._read(self.support, folder)

    def drafts(self, folder: str) -> list[EmailMessage]:
        """The drafts in Review, Approve, Reject or Escalate."""
        return [mail for mail in map(parsed, self.raw(f"Drafts/{folder}")) if not is_packet(mail)]

    def packets(self, folder: str) -> list[EmailMessage]:
        return [mail for mail in map(parsed, self.raw(f"Drafts/{folder}")) if is_packet(mail)]

    def tidy(self) -> bool:
        """Whether nothing of ours stands anywhere any more."""
        places = ("Drafts", "Drafts/Review", "Drafts/Approve", "Drafts/Reject", "Drafts/Escalate", "Drafts/Outgoing")
        return not any(self.raw(place) for place in places)

    def source_flags(self) -> set[bytes]:
        """The flags on the customer's mail."""
        client = self._reading("INBOX")
        [uid] = client.search(["FROM", CUSTOMER])
        return set(client.get_flags(uid)[uid])

    def sent(self) -> list[EmailMessage]:
        return [parsed(raw) for raw in self.raw("Sent")]

    def told(self, user: str) -> list[EmailMessage]:
        """What the agent answered to somebody's commands."""
        return [mail for mail in self.mailed(user) if str(mail["Message-ID"]).startswith("<notice.")]

    def mailed(self, user: str) -> list[EmailMessage]:
        """What stands in somebody's own inbox."""
        return [parsed(raw) for raw in self._read(user, "INBOX")]

    def _read(self, user: str, folder: str) -> list[bytes]:
        client = self._reading(folder, user)
        found = client.fetch(client.search("UNDELETED"), ["BODY.PEEK[]"])
        # Dovecot answers without a body for what somebody has taken away meanwhile.
        return [found[uid][b"BODY[]"] for uid in sorted(found) if found[uid].get(b"BODY[]") is not None]

    def _reading(self, folder: str, user: str = "") -> IMAPClient:
        client = self._client(user or self.support)
        client.select_folder(folder, readonly=True)
        return client

    def _client(self, user: str) -> IMAPClient:
        if user not in self._clients:
            self._clients[user] = self._end.enter_context(logged_in(self.dovecot, user))
        return self._clients[user]

    # -- what became of it

    @property
    def cases(self) -> list[Case]:
        return list(self.store.cases.in_state(*State, mailbox="support"))

    @property
    def case(self) -> Case:
        """The one case there is."""
        [case] = self.cases
        return case

    def log(self, case: Case) -> Sequence[Decision]:
        return self.store.cases.log(case)

    @property
    def codes(self) -> list[str]:
        """What was decided on the one case, in order."""
        return [row.code for row in self.log(self.case)]

    def reaches(self, state: State) -> Case:
        """The one case, once it has got there."""
        self.until(f"a case that is {state}", lambda: self.case.state is state)
        return self.case


def is_packet(mail: EmailMessage) -> bool:
    return str(mail["Subject"]).startswith("[Review]")


def parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def words(mail: EmailMessage) -> str:
    """The mail's plain text, with what was wrapped at soft line ends joined again (RFC 3676)."""
    body = mail.get_body(preferencelist=("plain",))
    assert body is not None
    return re.sub(r" \n(?!>)", " ", str(body.get_content()).replace("\r\n", "\n"))
