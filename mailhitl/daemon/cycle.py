"""One round of one mailbox: every runner once, in the order in which a mail passes them."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from mailhitl.daemon import (
    alerts,
    byhand,
    copies,
    customers,
    filing,
    intake,
    judging,
    notices,
    outbox,
    packets,
    pause,
    reminders,
    restored,
    retention,
    rights,
    watch,
    worklist,
)
from mailhitl.daemon.app import App
from mailhitl.daemon.digest import mailing as digest_mail
from mailhitl.daemon.drafts import redrafting
from mailhitl.daemon.learning import knowing
from mailhitl.daemon.trust import proposals, sampling
from mailhitl.errors import MailboxFull

log = structlog.get_logger(__name__)

#: Seconds between two heartbeats while nothing is done but waiting.
HEARTBEAT = 10.0

FULL = (
    "The mail server has no room for another mail in this mailbox: drafts are not filed in the review folder, answers "
    "are not copied into Sent, and customers' mails may be turned away. Approved answers still leave, and packets can "
    "be answered by mail. Please delete or move mails there, or have the quota raised; the rest follows by itself."
)

#: What a reviewer's hand has just done leaves before anything else is filed. Whether they are silent is known only
#: when the folders and their answers have been read: while the mailbox is away nobody counts as silent.
RUNNERS: dict[str, Callable[[App], int]] = {
    "recover": outbox.recover,
    "pause": pause.run_once,
    "intake": intake.run_once,
    "byhand": byhand.run_once,
    "restored": restored.run_once,
    "customers": customers.run_once,
    "knowledge": knowing.run_once,
    "judging": judging.run_once,
    "rights": rights.run_once,
    "watch": watch.run_once,
    "redrafting": redrafting.run_once,
    "outbox": outbox.run_once,
    "copies": copies.run_once,
    "reminders": reminders.run_once,
    "filing": filing.run_once,
    "packets": packets.run_once,
    "worklist": worklist.run_once,
    "proposals": proposals.run_once,
    "sampling": sampling.run_once,
    "digest": digest_mail.run_once,
    "notices": notices.run_once,
    "retention": retention.run_once,
}


def run_once(app: App) -> int:
    """Run every runner once; return how much was done."""
    app.agenda.due, app.agenda.hands = None, False
    done = 0
    for runner in RUNNERS.values():
        app.heartbeat()
        try:
            done += runner(app)
        except MailboxFull as problem:
            # What needs no room goes on: approved answers leave, and people are asked by mail.
            _tell_full(app, problem)
    app.writers.sweep()
    return done


def _tell_full(app: App, problem: MailboxFull) -> None:
    """Say so once a day, until there is room."""
    log.warning("mailbox full", mailbox=app.settings.mailbox, problem=str(problem))
    text = f"{FULL}\n\nThe server said: {problem}"
    alerts.raise_alert(app, key=f"full:{app.now():%Y-%m-%d}", subject="the mailbox is full", text=text)


def run_until_quiet(app: App, rounds: int = 50) -> int:
    """Run rounds until one has nothing left to do; return how much was done in all."""
    total = 0
    for _ in range(rounds):
        done = run_once(app)
        total += done
        if not done and not _written(app):
            break
    return total


def _written(app: App) -> bool:
    """Wait for a draft that is being written beside the rounds; False when there is none."""
    while not app.writers.wait(HEARTBEAT):
        if not app.writers.busy:
            return False
        app.heartbeat()
    return True
