"""After a send: the copy in Sent, the answered mark on the customer's mail, the draw of samples; no crash loses any."""

from __future__ import annotations

import structlog

from mailhitl.case import Case
from mailhitl.daemon import outbox
from mailhitl.daemon.app import App
from mailhitl.daemon.poison import each
from mailhitl.daemon.trust import sampling
from mailhitl.delivery import Status
from mailhitl.errors import StaleFolder
from mailhitl.ports.mailbox import Location

log = structlog.get_logger(__name__)


def run_once(app: App) -> int:
    """Do what is still to be done for every sent case; return how many were served."""
    cases = app.store.deliveries.uncopied(app.settings.mailbox)
    # Only the copies need room: in a full mailbox too, everybody sees which mails have an answer.
    each(app, "copies", cases, _mark)
    return each(app, "copies", cases, _follow_up)


def _mark(app: App, case: Case) -> int:
    sampling.draw(app, case)
    _, mark_due = app.store.deliveries.pending_marks(case)
    if mark_due:
        _mark_answered(app, case)
    return 0


def _follow_up(app: App, case: Case) -> int:
    copy_due, _ = app.store.deliveries.pending_marks(case)
    if copy_due:
        _copy(app, case)
    return 1


def _copy(app: App, case: Case) -> None:
    """Only the APPEND is ever tried again, and never when the copy stands there already."""
    accepted = [d for d in app.store.deliveries.of(case) if any(r.status is Status.ACCEPTED for r in d.results)]
    if app.settings.sent_copy and accepted:
        last = accepted[-1]
        if not app.mailbox.find(app.folders.sent, last.message_id):
            draft = app.store.cases.draft(case, last.revision)
            raw = outbox.compose(app, case, draft, last.message_id, last.started_at)
            app.mailbox.append(app.folders.sent, raw, flags=("\\Seen",), at=last.started_at)
    app.store.deliveries.mark_copied(case)


def _mark_answered(app: App, case: Case) -> None:
    try:
        app.mailbox.flag(Location(case.folder, case.uidvalidity, case.uid), add=("\\Answered",))
    except StaleFolder:
        log.warning("the customer's mail is not where it was; it stays unmarked", case=case.id)
    app.store.deliveries.mark_answered(case)
