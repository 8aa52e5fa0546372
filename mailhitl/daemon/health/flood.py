"""Too much at once: who sends a pile of mails gets no pile of packets mailed, and people hear of it once a day.

Nothing is dropped: every mail is a case with its draft in the review folder, and stands in the list of all that waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mailhitl.case import Case
from mailhitl.daemon import alerts
from mailhitl.daemon.app import App

#: How many mails of one sender may wait before packets for further ones are mailed.
PER_SENDER = 20


def asked_about(app: App, queue: Sequence[Case]) -> list[Case]:
    """Of these held cases, oldest first, those that reviewers are mailed about."""
    seen: Counter[str] = Counter()
    asked = []
    for case in queue:
        seen[case.sender] += 1
        if seen[case.sender] <= PER_SENDER:
            asked.append(case)
    for sender, number in seen.items():
        if number > PER_SENDER:
            _tell(app, sender)
    return asked


def _tell(app: App, sender: str) -> None:
    alerts.raise_alert(
        app,
        key=f"flood:{sender}:{app.now():%Y-%m-%d}",
        subject=f"more than {PER_SENDER} mails of one sender wait",
        text=f"More than {PER_SENDER} mails of {sender or 'senders without a readable address'} wait for a person. For "
        f"the first {PER_SENDER} you get packets as usual; the others stand in {app.folders.review}, and “queue” as "
        "the subject of a mail to this mailbox lists them. Nothing is lost, and nothing is sent to them by itself.",
    )


def tell_of_backlog(app: App, left: int) -> None:
    """More came in at once than one round takes in."""
    alerts.raise_alert(
        app,
        key=f"backlog:{app.now():%Y-%m-%d}",
        subject="a great many mails came in at once",
        text=f"Some {left} mails in {app.folders.inbox} are still to be taken in. This goes on by itself; what you "
        "approve meanwhile leaves as usual, and the caps on automatic answers hold.",
    )
