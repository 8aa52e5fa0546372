"""The folders are brought in line with the store. The only place that files drafts and packets and withdraws them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice

import structlog

from mailhitl.case import Case, Outcome, State
from mailhitl.daemon import alerts, packets
from mailhitl.daemon.app import App
from mailhitl.daemon.look import look
from mailhitl.daemon.parcels import Parcel, pack, put
from mailhitl.daemon.poison import each
from mailhitl.errors import StaleFolder
from mailhitl.mail.stamp import Kind, PrivateId, write_id
from mailhitl.ports.mailbox import Location
from mailhitl.ports.store import Filed
from mailhitl.review.filing import Action, Confirm, File, Forget, Late, Miss, Return, Withdraw, plan
from mailhitl.review.gesture import Look

log = structlog.get_logger(__name__)

#: The row that remembers that the customer's own mail was flagged for a person.
FLAG = "flag"
#: How many cases are filed together: a crash between plan and confirm leaves so many to be looked for.
BATCH = 50


def run_once(app: App) -> int:
    """Carry out the plan of every case; return how many steps it had."""
    standing: dict[int, list[Filed]] = defaultdict(list)
    # The flag is set once: whoever takes it off has seen to the customer. It is remembered for good, so it is left out.
    for row in app.store.filings.standing(app.settings.mailbox, but=FLAG):
        standing[row.case_id].append(row)
    looks = {one.case.id: one for one in look(app).looks}
    queue = packets.in_line([one.case for one in looks.values()])
    rest, done = iter(looks.values()), 0
    while some := list(islice(rest, BATCH)):
        done += _serve(app, some, standing, queue)
    for row in (row for case_id, rows in standing.items() if case_id not in looks for row in rows):
        app.store.filings.withdraw(row)
    return done + each(app, "filing", _to_flag(app), _flag)


def _serve(app: App, some: Sequence[Look], standing: dict[int, list[Filed]], queue: Sequence[Case]) -> int:
    """File what is to be filed for all of these, then do the rest: the new stands before the old is withdrawn."""
    looks = {one.case.id: one for one in some}
    steps: dict[int, list[Action]] = {}
    parcels: list[Parcel] = []

    def compose(app: App, case: Case) -> int:
        rows = standing[case.id]
        planned = [*plan(looks[case.id], rows, app.now(), app.settings.restore_after)]
        parcels.extend([pack(app, case, step, rows, queue) for step in planned if isinstance(step, File)])
        steps[case.id] = planned
        # What came too late stays where it is: it was told once, and there is nothing to do about it in any round.
        return sum(not isinstance(step, Late) for step in planned)

    def carry_out(app: App, case: Case) -> int:
        for step in steps[case.id]:
            _carry_out(app, case, standing[case.id], step)
        return 0

    done = each(app, "filing", [one.case for one in some], compose)
    put(app, parcels)
    return done + each(app, "filing", [one.case for one in some if steps.get(one.case.id)], carry_out)


def _carry_out(app: App, case: Case, rows: list[Filed], step: Action) -> None:
    match step:
        case File():
            """Done before, for many cases at once."""
        case Confirm(_, revision, kind):
            app.store.filings.confirm(_row(app, case, rows, revision, kind), at=app.now())
        case Miss(row):
            app.store.filings.mark_missing(row, app.now())
        case Withdraw(sighting):
            app.mailbox.remove([sighting.location])
            app.seen.pop(sighting.location, None)
        case Return(sighting):
            app.mailbox.move(sighting.location, app.folders.review)
            app.seen.pop(sighting.location, None)
        case Forget(row):
            app.store.filings.withdraw(row)
        case Late(sighting):
            text = (
                f"This case is {case.state} already. The edited version in {sighting.location.folder} came too late: "
                "it was not sent, and it stays where it is."
            )
            alerts.note(app, case, key=f"late:{sighting.digest}", text=text)


def _row(app: App, case: Case, rows: list[Filed], revision: int, kind: Kind) -> Filed:
    """What the store remembers of it; a reviewer's own version becomes known here for the first time."""
    for row in rows:
        if row.revision == revision and row.kind == kind:
            return row
    message_id = write_id(PrivateId(kind, case.id, revision), app.key, app.settings.domain)
    row = Filed(case.id, revision, kind, message_id, app.folders.review, app.now())
    app.store.filings.plan(row)
    return row


def _to_flag(app: App) -> list[Case]:
    """Cases whose customer a person has to answer by hand: rejected, blocked or set aside, and not flagged yet."""
    cases = app.store.filings.lacking(app.settings.mailbox, FLAG, State.REJECTED, State.SHUNTED, State.HELD)
    return [case for case in cases if case.state is not State.HELD or case.outcome is Outcome.BLOCK]


def _flag(app: App, case: Case) -> int:
    row = Filed(case.id, case.revision, FLAG, "", case.folder, app.now())
    try:
        app.mailbox.flag(Location(case.folder, case.uidvalidity, case.uid), add=("\\Flagged",))
    except StaleFolder:
        log.warning("the customer's mail is not where it was", case=case.id)
    app.store.filings.plan(row)
    app.store.filings.confirm(row, at=app.now())
    return 1
