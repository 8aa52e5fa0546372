"""What the tests of handing over have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from mailhitl.backends.smtp import SmtpSettings, SmtpTransport, Timeouts
from mailhitl.delivery import Handover, Phase
from tests.smtp_server import ScriptedServer

ANN, BEN, CAT = "ann@example.org", "ben@example.org", "cat@example.org"
SENDER = "support@example.com"
MAIL = b"From: support@example.com\r\nSubject: answer\r\n\r\nHello Ann,\r\n.\r\nit is paid.\r\n"
#: More than the buffers of both ends of a loopback connection hold.
LONG_MAIL = b"Subject: long\r\n\r\n" + (b"0123456789abcdef" * 4 + b"\r\n") * 250_000
PATIENT = Timeouts(**{each.name: 20 for each in fields(Timeouts)} | {"quit": 1})


def ignore(phase: Phase) -> None:
    """Record nothing."""


def hand_over(
    server: ScriptedServer,
    *recipients: str,
    raw: bytes = MAIL,
    sender: str = SENDER,
    timeouts: Timeouts = PATIENT,
    on_phase: Callable[[Phase], None] = ignore,
) -> Handover:
    transport = SmtpTransport(SmtpSettings("127.0.0.1", server.port, "none", timeouts=timeouts))
    return transport.hand_over(raw, sender, recipients or (ANN,), on_phase=on_phase)


def statuses(handover: Handover) -> dict[str, str]:
    return {result.address: result.status.value for result in handover.results}
