"""Handing over by SMTP to a server somebody else wrote: Postfix's smtp-sink."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mailhitl.backends.smtp import SmtpSettings, SmtpTransport, Timeouts
from mailhitl.delivery import Handover, Phase, Status
from tests.contract.handing_over import ANN, BEN, LONG_MAIL, MAIL, PATIENT, SENDER, ignore, statuses
from tests.contract.test_transport_content import BODIES
from tests.servers import free_port, require

pytestmark = pytest.mark.servers


@dataclass(frozen=True, slots=True)
class Sink:
    """A running smtp-sink; every mail it took in is a file."""

    port: int
    directory: Path

    def hand_over(self, raw: bytes = MAIL, timeouts: Timeouts = PATIENT) -> Handover:
        transport = SmtpTransport(SmtpSettings("127.0.0.1", self.port, "none", timeouts=timeouts))
        return transport.hand_over(raw, SENDER, [ANN, BEN], on_phase=ignore)

    def mails(self) -> list[bytes]:
        return [path.read_bytes() for path in self.directory.iterdir()]


@contextmanager
def smtp_sink(*flags: str) -> Iterator[Sink]:
    binary, port = require("smtp-sink"), free_port()
    # As root it gives up its rights, and pytest's own directories are closed to everybody else.
    rights = ["-u", "nobody"] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        command = [binary, *rights, *flags, "-d", f"{name}/", f"127.0.0.1:{port}", "16"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield Sink(port, Path(name))
        finally:
            process.terminate()
            process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "smtp-sink did not start"
            time.sleep(0.02)
        else:
            return


def content(dump: bytes) -> bytes:
    """Return the mail of a dump: smtp-sink puts headers of its own before it and an empty line after it."""
    _, _, rest = dump.partition(b" (UTC)\n")
    return rest.removesuffix(b"\n")


DROPPED, CLOSING, TEMPORARY, PERMANENT = "-q", "-Q", "-r", "-f"
DEFERRED, REFUSED, UNKNOWN = Status.DEFERRED, Status.REFUSED, Status.UNKNOWN

#: What smtp-sink does at a command, and what comes of it: dropped, 421, 4xx, 5xx.
OUTCOMES = {
    "CONNECT": (DEFERRED, DEFERRED, DEFERRED, DEFERRED),
    "EHLO": (DEFERRED, DEFERRED, DEFERRED, DEFERRED),
    "MAIL": (DEFERRED, DEFERRED, DEFERRED, REFUSED),
    "RCPT": (DEFERRED, DEFERRED, DEFERRED, REFUSED),
    "DATA": (DEFERRED, DEFERRED, DEFERRED, REFUSED),
    ".": (UNKNOWN, DEFERRED, DEFERRED, REFUSED),
    "QUIT": (Status.ACCEPTED,) * 4,
}
CASES = [
    (flag, command, expected)
    for command, outcomes in OUTCOMES.items()
    for flag, expected in zip((DROPPED, CLOSING, TEMPORARY, PERMANENT), outcomes, strict=True)
]


@pytest.mark.parametrize(("flag", "command", "expected"), CASES)
def test_a_fault_at_any_command_has_its_true_outcome(flag: str, command: str, expected: Status) -> None:
    with smtp_sink(flag, command) as sink:
        handover = sink.hand_over()

    assert statuses(handover) == {ANN: expected.value, BEN: expected.value}
    assert (handover.phase is Phase.BODY) == (expected is Status.UNKNOWN)


def test_a_mail_arrives_once_for_both_recipients() -> None:
    with smtp_sink() as sink:
        handover = sink.hand_over()
        (dump,) = sink.mails()

    assert statuses(handover) == {ANN: "accepted", BEN: "accepted"}
    assert f"X-Mail-Args: <{SENDER}>\nX-Rcpt-Args: <{ANN}>\nX-Rcpt-Args: <{BEN}>\n".encode() in dump
    assert content(dump) == MAIL.replace(b"\r\n", b"\n")


@pytest.mark.parametrize(("raw", "arrives"), BODIES)
def test_a_body_of_dots_and_bare_line_ends_arrives_as_exactly_one_mail(raw: bytes, arrives: bytes | None) -> None:
    with smtp_sink() as sink:
        handover = sink.hand_over(raw)
        (dump,) = sink.mails()

    assert statuses(handover) == {ANN: "accepted", BEN: "accepted"}
    assert content(dump) == (arrives if arrives is not None else raw).replace(b"\r\n", b"\n")


@pytest.mark.parametrize("raw", [MAIL, LONG_MAIL], ids=["short", "long"])
@pytest.mark.parametrize("delay", ["0", "1"])
def test_a_refusal_in_the_middle_of_the_body_is_never_a_yes(raw: bytes, delay: str) -> None:
    """After its 354 smtp-sink answers 550 at once or a second later, reads nothing and hangs up.

    Which of the no, the reset and the invitation comes first is the network's affair.
    """
    with smtp_sink("-A", delay) as sink:
        handover = sink.hand_over(raw)

    assert [result.address for result in handover.results] == [ANN, BEN]
    assert handover.accepted == ()


def test_a_late_final_reply_is_waited_for_and_a_silent_one_is_not_for_ever() -> None:
    with smtp_sink("-W", ".:1") as sink:
        waited = sink.hand_over(timeouts=replace(PATIENT, data=0.5, final=20))
        gave_up = sink.hand_over(timeouts=replace(PATIENT, final=0.2))

    assert statuses(waited) == {ANN: "accepted", BEN: "accepted"}
    assert statuses(gave_up) == {ANN: "unknown", BEN: "unknown"}
