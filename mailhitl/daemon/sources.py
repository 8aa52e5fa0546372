"""The customers' mails of the cases at work: read and parsed once, however many steps need them."""

from __future__ import annotations

from mailhitl.case import Case
from mailhitl.daemon.app import App
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse

#: Whoever writes this into a mail of their own has it looked at by a person.
CUT = "X-Mailhitl-Whole-Size"
#: Stands on top of what is kept of a mail that was set aside unread; in anybody else's mail it only sends that mail to
#: a person.
QUARANTINED = "X-Mailhitl-Quarantined"


def original(app: App, case: Case) -> bytes:
    """The customer's mail as it came, or as much of it as was fetched."""
    return _read(app, case)[0]


def stored(raw: bytes, message: Message) -> bytes:
    """What is kept of a mail: where it is only the beginning, with a line that says how large the whole is."""
    return f"{CUT}: {message.size}\r\n".encode() + raw if message.truncated else raw


def source_of(app: App, case: Case) -> Message:
    """The customer's mail, parsed."""
    return _read(app, case)[1]


def keep(app: App, case: Case, raw: bytes, message: Message) -> None:
    """Keep a mail at hand for the steps that follow. ``message`` is what ``parse`` makes of ``raw``."""
    app.shelf.put(case.id, raw, message)


def _read(app: App, case: Case) -> tuple[bytes, Message]:
    known = app.shelf.get(case.id)
    if known is None:
        raw = app.store.cases.source(case)
        known = raw, _parsed(raw)
        keep(app, case, *known)
    return known


def _parsed(raw: bytes) -> Message:
    message = parse(raw)
    # A mail that begins with a blank goes on in the line above it.
    whole = message.header(CUT).partition(" ")[0]
    return parse(raw, size=int(whole)) if whole.isascii() and whole.isdigit() and len(whole) < 16 else message
