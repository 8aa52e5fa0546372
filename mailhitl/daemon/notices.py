"""The queue of mails to our own people is emptied: packets, answers to commands, notes, alerts."""

from __future__ import annotations

import structlog

from mailhitl.daemon import alerts
from mailhitl.daemon.app import App
from mailhitl.delivery import Phase, next_attempt
from mailhitl.mail.text import one_line

log = structlog.get_logger(__name__)


#: Each is a connection of its own, and a reviewer's hand must not wait behind a pile of packets.
A_ROUND = 10


def run_once(app: App) -> int:
    """Send what is due; return how many went out. Unknown counts as sent: nobody waits for a notice twice."""
    sent = 0
    due = app.store.notices.due(app.settings.mailbox, app.now())
    if len(due) > A_ROUND:
        app.agenda.at(app.now())
    for notice in due[:A_ROUND]:
        handover = app.transport.hand_over(notice.raw, app.settings.address.spec, [notice.recipient], on_phase=_ignore)
        if handover.accepted or handover.unknown:
            app.store.notices.mark_sent(notice, app.now())
            sent += 1
            continue
        again = next_attempt(notice.attempts + 1, notice.created_at, app.now()) if handover.deferred else None
        app.store.notices.mark_failed(notice, again)
        if again is not None:
            app.agenda.at(again)
        else:
            subject = "a mail to one of your own people was refused for good"
            key = f"notice:{notice.recipient}:{app.now():%Y-%m-%d}"
            said = one_line(f"{notice.recipient}: {handover.reply}", 300)
            alerts.raise_alarm(app, key=key, subject=subject, text=said)
        log.warning("notice not sent", kind=notice.kind, to=notice.recipient, reply=handover.reply, again=str(again))
    return sent


def _ignore(phase: Phase) -> None:
    """Which phase a notice died in decides nothing: it may go out twice."""
