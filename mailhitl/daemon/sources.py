"""The customers' mails of the cases at work: read and parsed once, however many steps need them."""

from __future__ import annotations

from mailhitl.case import Case
from mailhitl.daemon.app import App
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse

#: Bytes of mails that are kept at hand: all that one round takes in, where they are of the everyday kind.
KEPT = 2_000_000


def original(app: App, case: Case) -> bytes:
    """The customer's mail as it came, or as much of it as was fetched."""
    return _read(app, case)[0]


def source_of(app: App, case: Case) -> Message:
    """The customer's mail, parsed."""
    return _read(app, case)[1]


def keep(app: App, case: Case, raw: bytes, message: Message) -> None:
    """Keep a mail at hand for the steps that follow. ``message`` is what ``parse`` makes of ``raw``."""
    app.source[case.id] = raw, message
    size = sum(len(each) for each, _ in app.source.values())
    while size > KEPT and len(app.source) > 1:
        # A dict keeps the order in which it was filled: the oldest go.
        oldest, _ = app.source.pop(next(iter(app.source)))
        size -= len(oldest)


def _read(app: App, case: Case) -> tuple[bytes, Message]:
    if case.id not in app.source:
        raw = app.store.cases.source(case)
        keep(app, case, raw, parse(raw))
    return app.source[case.id]
