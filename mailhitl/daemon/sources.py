"""The customers' mails of the cases at work: read and parsed once, however many steps need them."""

from __future__ import annotations

from mailhitl.case import Case
from mailhitl.daemon.app import App
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse


def original(app: App, case: Case) -> bytes:
    """The customer's mail as it came, or as much of it as was fetched."""
    return _read(app, case)[0]


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
        known = raw, parse(raw)
        keep(app, case, *known)
    return known
