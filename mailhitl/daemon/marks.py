"""The answered mark on a customer's mail that none of us has set: a client sets it when somebody sends an answer.

It says less than the answer itself, which ``byhand`` finds in Sent or in the inbox: the mark may stand for a question
to a colleague, or be set by a slip. So it neither closes a case, which could forget a customer, nor lets a machine
answer, which could answer twice. It brings the case to people, who are asked once whether the answer has arrived.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import structlog

from mailhitl.case import Case, Event, State
from mailhitl.daemon import alerts
from mailhitl.daemon.app import App
from mailhitl.daemon.poison import each
from mailhitl.decision import Channel, Decision
from mailhitl.errors import StaleFolder
from mailhitl.ports.mailbox import Location
from mailhitl.review.reviewers import SOMEONE

log = structlog.get_logger(__name__)

#: The row of the log that remembers that the mark was seen. Whoever approves after it has been told.
ANSWERED_MARK = "answered-mark"
WHY = (
    "The customer's mail carries the answered mark, and no copy of an answer has been found. If somebody has answered "
    "by hand, say “arrived”; if nobody has, decide as always. By itself nothing is sent."
)


def run_once(app: App) -> int:
    """Look at the marks of all that waits or is about to leave; return how many were new."""
    cases = app.store.cases.in_state(State.HELD, State.APPROVED, mailbox=app.settings.mailbox)
    marked = _marked(app, cases)
    return each(app, "marks", [case for case in cases if _place(case) in marked], _heed)


def _marked(app: App, cases: Sequence[Case]) -> frozenset[Location]:
    """Which of their mails carry the mark. Asked anew only when the folder or the cases have changed."""
    by_folder: dict[tuple[str, int], list[Location]] = defaultdict(list)
    for case in cases:
        by_folder[case.folder, case.uidvalidity].append(_place(case))
    found: set[Location] = set()
    for (folder, _), places in by_folder.items():
        try:
            now = (app.mailbox.status(folder), tuple(places))
            if app.marks.get(folder, (None, ()))[0] != now or now[0].modseq is None:
                app.marks[folder] = now, app.mailbox.answered(places)
            found.update(app.marks[folder][1])
        except StaleFolder:
            continue
    return frozenset(found)


def _heed(app: App, case: Case) -> int:
    """Take back what has not left yet, and remember the sight; ask when the answer's copy had time to turn up."""
    seen = next((row for row in app.store.cases.log(case) if row.code == ANSWERED_MARK), None)
    if seen is None:
        event = Event.HOLD if case.state is State.APPROVED else Event.REVISE
        proof = f"folder {case.folder}, mail {case.uidvalidity}/{case.uid}"
        versions = app.settings.versions
        decision = Decision(event, SOMEONE, Channel.HAND, WHY, app.now(), ANSWERED_MARK, proof, versions=versions)
        app.store.cases.move(case, event, decision)
        log.info("answered mark", case=case.id)
        app.agenda.at(app.now() + app.settings.settle)
        return 1
    if case.state is State.HELD and app.now() >= seen.at + app.settings.settle:
        alerts.note(app, case, key=ANSWERED_MARK, text=WHY)
    elif case.state is State.HELD:
        app.agenda.at(seen.at + app.settings.settle)
    return 0


def _place(case: Case) -> Location:
    return Location(case.folder, case.uidvalidity, case.uid)
