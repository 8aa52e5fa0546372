"""The customer's mail of the case that is at work: read and parsed once, however many steps need it."""

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


def _read(app: App, case: Case) -> tuple[bytes, Message]:
    if case.id not in app.source:
        # Only the last one: a mail may have a megabyte.
        app.source.clear()
        raw = app.store.cases.source(case)
        app.source[case.id] = raw, parse(raw)
    return app.source[case.id]
