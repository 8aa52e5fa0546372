"""Ways to ring somebody: the admin's own command, or a mail through another account than those that are served."""

from __future__ import annotations

import shlex
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import make_msgid
from pathlib import Path

from mailhitl.delivery import Phase
from mailhitl.errors import TemporaryFailure
from mailhitl.mail.compose import compose_notice
from mailhitl.mail.message import Address
from mailhitl.ports.alarm import Alarm
from mailhitl.ports.transport import Transport

#: Seconds that a command may take: whoever looks after the mailboxes waits for it.
PATIENCE = 30
TRIAL = (
    "a trial of the alarm",
    "This is a trial: nothing is wrong. It came from “mailhitl doctor” or “mailhitl alarm --test”.",
)


@dataclass(frozen=True, slots=True)
class CommandAlarm:
    """Runs a command, without a shell, in the config's folder. Standard input: the subject, an empty line, the text."""

    command: str
    folder: Path

    def ring(self, subject: str, text: str) -> None:
        words = shlex.split(self.command)
        try:
            done = subprocess.run(  # noqa: S603 - the admin's own command, without a shell
                words,
                input=f"{subject}\n\n{text}\n".encode(),
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TemporaryFailure(f"the command “{words[0]} …” did not end within {PATIENCE} seconds") from None
        except OSError as error:
            raise TemporaryFailure(f"the command “{words[0]} …” cannot be started: {error.strerror}") from None
        if done.returncode:
            # Its arguments may hold a token, and so may what it prints.
            raise TemporaryFailure(f"the command “{words[0]} …” failed with exit code {done.returncode}")

    def probe(self) -> str:
        """Rings: nothing less shows that a command works."""
        try:
            self.ring(*TRIAL)
        except TemporaryFailure as failure:
            return str(failure)
        return ""


@dataclass(frozen=True, slots=True)
class MailAlarm:
    """Writes a mail to each of ``to``, by a server and from an address of its own."""

    transport: Transport
    sender: str
    to: Sequence[str]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def ring(self, subject: str, text: str) -> None:
        failed = [reply for each in self.to if (reply := self._write(each, subject, text))]
        if len(failed) == len(self.to):
            raise TemporaryFailure(f"the alarm's mail was not taken: {'; '.join(failed)}")

    def _write(self, to: str, subject: str, text: str) -> str:
        """Return "" when it went out, or may have; else what the server said."""
        raw = compose_notice(
            sender=Address("mailhitl", self.sender),
            to=to,
            subject=f"[mailhitl] {subject}",
            text=text,
            html=None,
            message_id=make_msgid(domain=self.sender.rpartition("@")[2]),
            now=self.now(),
        )
        handover = self.transport.hand_over(raw, self.sender, [to], on_phase=_ignore)
        return "" if handover.accepted or handover.unknown else handover.reply

    def probe(self) -> str:
        return self.transport.probe()


@dataclass(frozen=True, slots=True)
class EveryAlarm:
    """Several ways at once: somebody was reached when one of them worked."""

    ways: tuple[Alarm, ...]

    def ring(self, subject: str, text: str) -> None:
        failures = []
        for way in self.ways:
            try:
                way.ring(subject, text)
            except TemporaryFailure as failure:
                failures.append(str(failure))
        if len(failures) == len(self.ways):
            raise TemporaryFailure("; ".join(failures))

    def probe(self) -> str:
        return "; ".join(filter(None, (way.probe() for way in self.ways)))


def host() -> str:
    """This machine's name, as an alarm names where it comes from."""
    return socket.gethostname()


def _ignore(phase: Phase) -> None:
    """An alarm may come twice."""
