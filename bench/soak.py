"""``python -m bench.soak MINUTES``: customers, reviewers, faults and kill -9 on a real Dovecot and an SMTP server.

Prints a line every ten seconds, then what must hold and how often it was put to the test. Exit code 1 when it did not.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from pathlib import Path

from imapclient import IMAPClient

from mailhitl.case import Event, State
from mailhitl.mail.edited import draft_of
from mailhitl.mail.stamp import Kind, read_id
from mailhitl.review.reviewers import SOMEONE
from tests.crash.killing import Account, Ground, closing_client
from tests.crash.people import ANNA, Approval, Letter, People, letter_of
from tests.servers import PASSWORD
from tests.smtp_server import DROP, ScriptedServer
from tests.story.office import COMMAND
from tests.story.world import CONFIG, DEMO_TEMPLATES, letter, parsed, text_of

#: Seconds between two mails, between two deeds of the reviewers, between two faults, between two kills, and how long a
#: fault lasts: each drawn evenly.
PACES = {"mail": (0.5, 3.0), "deed": (0.3, 2.0), "fault": (5.0, 15.0), "kill": (30.0, 90.0)}
FAULT_LASTS = (1.0, 5.0)
FAULTS = (
    {"connect": DROP, "banner": DROP},
    {"mail": "451 4.3.0 later"},
    {"rcpt": DROP},
    {"data": "421 4.3.2 closing"},
    {"body": DROP},
    {"dot": DROP},
    {"reply": DROP},
    {"dot": "550 5.7.1 refused"},
)
QUESTIONS = {"risky": ("My order", "Please refund my order 4711."), "hours": ("Opening hours", "When are you open?")}


@dataclass(slots=True)
class Soak:
    """One mailbox under siege. ``bad`` is every violation in words, ``counts`` what was put to it."""

    account: Account
    smtp: ScriptedServer
    chance: random.Random
    people: People = field(default_factory=People)
    counts: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)
    looked_at: int = 0
    answered: set[str] = field(default_factory=set)
    daemon: subprocess.Popen[bytes] | None = None

    def goes_on_for(self, seconds: float) -> None:
        """Let everything happen at its own pace."""
        end, report = time.monotonic() + seconds, time.monotonic() + 10
        acts = {"mail": self.customer_writes, "deed": self.reviewer_works, "fault": self.fails, "kill": self.kills}
        due = {name: time.monotonic() + self.chance.uniform(*PACES[name]) for name in acts}
        self.starts()
        while (now := time.monotonic()) < end:
            for name in [name for name, at in due.items() if at <= now]:
                # The mail server may be away for the customer and for the reviewer as well.
                with suppress(OSError, IMAPClient.Error):
                    acts[name]()
                due[name] = time.monotonic() + self.chance.uniform(*PACES[name])
            self.looks()
            if now >= report:
                report += 10
                print(f"{end - now:5.0f} s left: {self.told()}", flush=True)
            time.sleep(0.05)
        self.ends()

    def told(self) -> str:
        return ", ".join(f"{number} {what}" for what, number in self.counts.items())

    # -- the agent

    def starts(self) -> None:
        line = [str(COMMAND), "--config", str(self.account.config), "run"]
        log = self.account.output.open("ab")
        self.daemon = subprocess.Popen(line, env=os.environ | {"KILLED": PASSWORD}, stdout=log, stderr=log)
        log.close()

    def kills(self) -> None:
        self.stops(signal.SIGKILL)
        self.counts["kill -9"] += 1
        self.starts()

    def stops(self, number: int) -> None:
        if self.daemon is not None:
            self.daemon.send_signal(number)
            self.daemon.wait(60)
            self.daemon = None

    def ends(self) -> None:
        """No more faults: what is left to do is done, and the daemon ends by itself."""
        self.smtp.script.clear()
        time.sleep(5)
        self.stops(signal.SIGTERM)
        for _ in range(2):
            line = [str(COMMAND), "--config", str(self.account.config), "run", "--once"]
            done = subprocess.run(line, env=os.environ | {"KILLED": PASSWORD}, capture_output=True, text=True)
            if done.returncode:
                self.bad.append(f"it does not end well: {done.stdout} {done.stderr[-300:]}")
        self.looks()

    # -- everybody else

    def customer_writes(self) -> None:
        number = len(self.people.letters) + 1
        kind = self.chance.choice(sorted(QUESTIONS))
        subject, text = QUESTIONS[kind]
        sender, message_id = f"C{number} <c{number}@customer.test>", f"<l{number}@customer.test>"
        raw = letter(text, sender=sender, subject=subject, message_id=message_id)
        with closing_client(self.account.client()) as client:
            client.append("INBOX", raw)
        self.people.letters[message_id] = Letter(message_id, kind, sender, raw)
        self.counts["mails"] += 1

    def reviewer_works(self) -> None:
        """By mail for every second customer, in the folders for the others, so that no two wishes cross."""
        if self.chance.random() < 0.4:
            self._answers_a_packet()
            return
        with closing_client(self.account.client()) as client:
            client.select_folder("Drafts/Review")
            drafts = client.search(["DRAFT", "UNDELETED"])
            if drafts:
                self._decides(client, self.chance.choice(drafts))

    def _decides(self, client: IMAPClient, uid: int) -> None:
        raw = client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
        about = letter_of(raw)
        if about not in self.people.letters or _by_mail(about):
            return
        deed = self.chance.choice(("approve", "approve", "edit", "reject", "nothing"))
        self.looks()
        if deed == "approve":
            self.people.approves(about, Approval(SOMEONE, draft_of(raw).digest))
            client.move([uid], "Drafts/Approve")
        elif deed == "reject":
            self.people.does(about, SOMEONE, "reject")
            client.move([uid], "Drafts/Reject")
        elif deed == "edit":
            phrase = f"Kind regards {self.counts['edits']}"
            self.people.does(about, SOMEONE, "edit")
            self.people.approves(about, Approval(SOMEONE, phrase=phrase))
            client.append("Drafts/Approve", _edited(raw, phrase), flags=("\\Draft",))
            client.delete_messages([uid])
            client.uid_expunge([uid])
            self.counts["edits"] += 1
        self.counts["gestures"] += 1

    def _answers_a_packet(self) -> None:
        """Anna approves what the newest packet of one case shows."""
        key = self.key()
        for mail in reversed(list(self.smtp.delivered)):
            packet = parsed(mail.content)
            private = read_id(str(packet["Message-ID"]), key)
            if (
                private is None
                or private.kind is not Kind.PACKET
                or ANNA not in mail.recipients
                or str(packet["Message-ID"]) in self.answered
            ):
                continue
            self.answered.add(str(packet["Message-ID"]))
            with closing(self.account.store()) as store:
                case = store.cases.get(private.case_id)
                digest = store.cases.draft(case, private.revision).digest if private.revision else ""
            if not digest or not _by_mail(case.message_id):
                continue
            self.looks()
            self.people.approves(case.message_id, Approval(ANNA, digest))
            quoted = "\n".join(f"> {line}" for line in text_of(packet).splitlines())
            about = {"In_Reply_To": str(packet["Message-ID"]), "References": str(packet["Message-ID"])}
            number = len(self.answered)
            raw = letter(
                f"approve\n\nSupport wrote:\n{quoted}\n", sender=f"Anna <{ANNA}>", message_id=f"<a{number}@x>", **about
            )
            with closing_client(self.account.client()) as client:
                client.append("INBOX", raw)
            self.counts["answers to packets"] += 1
            return

    def key(self) -> bytes:
        with closing(self.account.store()) as store:
            return store.key()

    def fails(self) -> None:
        """The SMTP server misbehaves for a while, or every IMAP connection breaks and the server starts anew."""
        if self.chance.random() < 0.3:
            self.account.ground.dovecot.stop()
            time.sleep(self.chance.uniform(*FAULT_LASTS))
            self.account.ground.dovecot.start()
            self.counts["IMAP server restarts"] += 1
            return
        self.smtp.script.update(self.chance.choice(FAULTS))
        until = time.monotonic() + self.chance.uniform(*FAULT_LASTS)
        while time.monotonic() < until:
            with suppress(OSError, IMAPClient.Error):
                self.reviewer_works()
            self.looks()
            time.sleep(0.3)
        self.smtp.script.clear()
        self.counts["SMTP faults"] += 1

    # -- what must hold

    def looks(self) -> None:
        """Hold what has reached customers against what people wanted."""
        for mail in list(self.smtp.delivered)[self.looked_at :]:
            self.looked_at += 1
            if mail.recipients[0].endswith("@customer.test"):
                self.counts["answers delivered"] += 1
                if objection := self.people.objection(mail.content, ""):
                    self.bad.append(f"to {mail.recipients[0]}: {objection}")

    def judges(self) -> None:
        """Hold the agent's memory against what customers wrote and got."""
        with closing(self.account.store()) as store:
            cases = store.cases.in_state(*State)
            self.counts["unknown"] = sum(row.event is Event.LOSE for case in cases for row in store.cases.log(case))
        known = Counter(case.message_id for case in cases)
        for number in self.people.letters:
            if known[number] != 1:
                self.bad.append(f"{number} is {known[number]} cases")
        for case in cases:
            self.counts[f"cases {case.state}"] += 1
            if case.state in (State.RECEIVED, State.SENDING, State.SHUNTED):
                self.bad.append(f"case {case.id} is stuck: {case.state}")
            if case.state is State.SENT and not self.people.times[case.message_id]:
                self.bad.append(f"case {case.id} is sent, and its customer has nothing")


def _by_mail(message_id: str) -> bool:
    """Whose answers are decided on by mail."""
    return sum(message_id.encode()) % 2 == 0


def _edited(raw: bytes, phrase: str) -> bytes:
    """Saved by a graphical client: our own headers and the Message-ID are lost."""
    before, mail = parsed(raw), EmailMessage(policy=policy.SMTP)
    for name in ("From", "To", "Subject", "Date", "In-Reply-To", "References"):
        mail[name] = " ".join(str(before[name]).split())
    mail["Message-ID"] = f"<client-{phrase.split()[-1]}@example.com>"
    mail.set_content(draft_of(raw).text.replace("Kind regards", phrase))
    return mail.as_bytes()


def _config(account: Account, smtp: ScriptedServer) -> str:
    imap = account.ground.dovecot.port
    text = CONFIG.replace("TEMPLATES", str(DEMO_TEMPLATES)).replace("[agent]", '[agent]\ndata_dir = "var"')
    text = text.replace('name = "Example Support"', 'name = "Example Support"\npoll = "2s"\nstart = "2 days"')
    text = text.replace('grace = "60s"', 'grace = "0s"').replace('username = "support"', f'username = "{account.user}"')
    text = text.replace('{ env = "SUPPORT_PASSWORD" }', '{ env = "KILLED" }').replace("2525", str(smtp.port))
    return text.replace('imap = { host = "localhost"', f'imap = {{ host = "localhost", port = {imap}')


def main(minutes: float, seed: int) -> int:
    print(f"soak: {minutes:g} minutes, seed {seed}", flush=True)
    with Ground() as ground, ScriptedServer() as smtp:
        account = ground.account()
        account.config.write_text(_config(account, smtp))
        account.config.chmod(0o600)
        soak = Soak(account, smtp, random.Random(seed))
        try:
            soak.goes_on_for(minutes * 60)
        finally:
            soak.stops(signal.SIGKILL)
        soak.judges()
        if soak.bad:
            kept = Path("soak.log")
            kept.write_bytes(account.output.read_bytes())
            print(f"the agent's log is kept in {kept}")
    print(f"put to the test: {soak.told()}")
    print("nothing left unapproved, nothing left twice, no mail was forgotten" if not soak.bad else "VIOLATED:")
    print(*soak.bad, sep="\n", end="\n" if soak.bad else "")
    return int(bool(soak.bad))


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)))
