"""What has had its time is erased: once a day, a few cases at a round, never what is still open or unsettled."""

from __future__ import annotations

from datetime import datetime

import structlog

from mailhitl.daemon.app import App

log = structlog.get_logger(__name__)

#: Cases at a round: a writing transaction keeps everybody else waiting.
A_ROUND = 50


def run_once(app: App) -> int:
    """Erase the words, then the rest, of closed cases that are old enough; return how many cases and entries that was.

    A day's work ends when nothing is left to erase; until then every round does a part of it.
    """
    if not app.settings.keep:
        return 0
    now, switch = app.now(), f"retention:{app.settings.mailbox}"
    today = f"{now.astimezone(app.settings.timezone):%Y-%m-%d}"
    if app.store.switches.get(switch) == today:
        return 0
    done = sum(_retire(app, level, now) for level in app.settings.keep) + _retire_entries(app, now)
    if not done:
        _end_the_day(app, switch, today, now)
    return done


def _retire(app: App, level: str, now: datetime) -> int:
    name, before = app.settings.mailbox, now - app.settings.keep[level]
    cases = app.store.erasing.outdated(name, level, before, A_ROUND)
    if cases:
        app.store.erasing.retire(name, level, cases, now)
        log.info("erased", mailbox=name, what=level, cases=len(cases))
    return len(cases)


def _retire_entries(app: App, now: datetime) -> int:
    """What the journal says of somebody beside all cases goes when cases do."""
    if (cases := app.settings.keep.get("cases")) is None:
        return 0
    done = app.store.erasing.retire_entries(app.settings.mailbox, now - cases, A_ROUND, now)
    if done:
        log.info("erased", mailbox=app.settings.mailbox, what="entries", count=done)
    return done


def _end_the_day(app: App, switch: str, today: str, now: datetime) -> None:
    """The mails to our own people quote customers: they go with the bodies."""
    if bodies := app.settings.keep.get("bodies"):
        notices = app.store.erasing.drop_notices(app.settings.mailbox, now - bodies)
        if notices:
            log.info("erased", mailbox=app.settings.mailbox, what="notices", count=notices)
    app.store.switches.set(switch, today, "daemon", now)
