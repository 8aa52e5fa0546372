"""The weekly digest leaves by mail: once for each ISO week, whatever restarts, downtime and clocks do."""

from __future__ import annotations

import structlog

from mailhitl.daemon import alerts
from mailhitl.daemon.app import App
from mailhitl.daemon.digest import signoff as digest_signoff
from mailhitl.daemon.digest.gathering import gather
from mailhitl.daemon.digest.plan import Plan
from mailhitl.decision import Channel
from mailhitl.errors import MailhitlError
from mailhitl.insight.digest import render
from mailhitl.insight.week import Week, last_due
from mailhitl.mail.stamp import Kind, PrivateId, ticket_token
from mailhitl.ports.journal import Entry

log = structlog.get_logger(__name__)

#: The kind of journal entry that says what was sent, and the switch that remembers for which week.
DIGEST = "digest"


def run_once(app: App) -> int:
    """Queue the digest of the last whole week when it is due; return how many people get it.

    The week is remembered when all of them have theirs queued; until then the notices' keys keep one from leaving
    twice. The very first start has nothing to report: it only remembers the week.
    """
    plan = app.weekly
    if plan is None or not plan.to:
        return 0
    now = app.now().astimezone(app.settings.timezone)
    week, later = last_due(now, plan.weekday, plan.at)
    app.agenda.at(later)
    done = app.store.switches.get(DIGEST)
    # What was sent later than now was sent by a wrong clock, and must not silence the weeks until then.
    if str(week) <= done <= str(Week.of(now.date())) or _queued(app, plan, week):
        return 0
    sent = _try(app, plan, week) if done else 0
    app.store.switches.set(DIGEST, str(week), "daemon", app.now())
    return sent


def _try(app: App, plan: Plan, week: Week) -> int:
    try:
        return send(app, plan, week)
    except MailhitlError:
        # The store is away, the process is to stop: it is tried again.
        raise
    except Exception as error:  # noqa: BLE001
        # A template of the admin's, a figure that cannot be reckoned: the customers' mail must not wait for it.
        log.error("digest failed", week=str(week), error=type(error).__name__)
        text = f"It failed with {type(error).__name__}. To see why, run: mailhitl digest --week {week}"
        alerts.raise_alert(app, key=f"digest:{week}", subject=f"the digest of {week} could not be made", text=text)
        return 0


def send(app: App, plan: Plan, week: Week) -> int:
    """Queue it for everybody who gets it. Each mail carries a token of its own, so that it can be answered.

    With ``digest.signoff`` it becomes a draft instead, which leaves when that group has approved it.
    """
    digest, proposals = gather(app.store, plan, week, app.now())
    text, html = render(digest, app.templates)
    if plan.signoff:
        return digest_signoff.hold(app, plan, week, digest.subject, text, html)
    numbered = {str(number): str(entry.id) for number, entry in enumerate(proposals, 1)}
    said = Entry(
        DIGEST, "daemon", Channel.DAEMON, app.now(), str(week), why=digest.headline, data=numbered, key=f"digest:{week}"
    )
    app.store.journal.add(said)
    entry = app.store.journal.entries((DIGEST,), subject=str(week))[-1]
    return sum(_queue(app, entry, week, to, digest.subject, text, html) for to in plan.to)


def _queue(app: App, entry: Entry, week: Week, to: str, subject: str, text: str, html: str) -> bool:
    ticket = PrivateId(Kind.TICKET, entry.id, 0, ticket_token(entry.id, to, app.key))
    return alerts.post(app, ticket, key=_key(week, to), kind=DIGEST, to=to, subject=subject, text=text, html=html)


def _queued(app: App, plan: Plan, week: Week) -> bool:
    if plan.signoff:
        return digest_signoff.is_held(app, week)
    return all(app.store.notices.known(app.settings.mailbox, _key(week, to)) for to in plan.to)


def _key(week: Week, to: str) -> str:
    return f"digest:{week}:{to.lower()}"
