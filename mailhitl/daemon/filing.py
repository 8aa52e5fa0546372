"""The folders are brought in line with the store. The only place that files drafts and packets and withdraws them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import structlog

from mailhitl.case import Case, Outcome, State
from mailhitl.daemon import alerts, packets
from mailhitl.daemon.app import App
from mailhitl.daemon.look import look
from mailhitl.daemon.parcels import Parcel, Shipment, arrive, pack_all, send_off
from mailhitl.daemon.poison import each
from mailhitl.errors import MailboxFull, StaleFolder
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
    done = each(app, "filing", _to_flag(app), _flag)
    done += _serve_all(app, looks, standing)
    for row in (row for case_id, rows in standing.items() if case_id not in looks for row in rows):
        app.store.filings.withdraw(row)
    return done


@dataclass(frozen=True, slots=True)
class Batch:
    """Cases that are filed together: what to do about each, how many steps that is, and what is to be added."""

    cases: Sequence[Case]
    steps: Mapping[int, Sequence[Action]]
    parcels: Sequence[Parcel]
    count: int


def _serve_all(app: App, looks: Mapping[int, Look], standing: Mapping[int, Sequence[Filed]]) -> int:
    """Compose one batch while the one before is being added."""
    queue = packets.in_line([one.case for one in looks.values()])
    rest, done = iter(looks.values()), 0
    flying: tuple[Batch, Shipment] | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="filing") as carrier:
        try:
            while some := list(islice(rest, BATCH)):
                batch = _plan(app, some, standing, queue)
                done += batch.count
                if flying:
                    before, flying = flying, None
                    _finish(app, *before, standing)
                flying = batch, send_off(app, batch.parcels, carrier)
        except Exception:
            # What stands in the folder is remembered, whatever ends this round.
            if flying:
                arrive(app, flying[1])
            raise
        if flying:
            _finish(app, *flying, standing)
    return done


def _plan(app: App, some: Sequence[Look], standing: Mapping[int, Sequence[Filed]], queue: Sequence[Case]) -> Batch:
    """Plan, and compose all that is to be filed. The mailbox is not touched."""
    looks = {one.case.id: one for one in some}
    steps: dict[int, Sequence[Action]] = {}
    parcels: list[Parcel] = []

    def compose(app: App, case: Case) -> int:
        rows = standing.get(case.id, ())
        planned = [*plan(looks[case.id], rows, app.now(), app.settings.restore_after)]
        parcels.extend(pack_all(app, case, [step for step in planned if isinstance(step, File)], rows, queue))
        steps[case.id] = planned
        # What came too late stays where it is: it was told once, and there is nothing to do about it in any round.
        return sum(not isinstance(step, Late) for step in planned)

    count = each(app, "filing", [one.case for one in some], compose)
    return Batch([one.case for one in some], steps, parcels, count)


def _finish(app: App, batch: Batch, shipment: Shipment, standing: Mapping[int, Sequence[Filed]]) -> None:
    """When all is filed that is to be filed, do the rest: the new stands before the old is withdrawn.

    Where there was no room for it, the rest of the other cases is done all the same: what is withdrawn makes room.
    """
    full: MailboxFull | None = None
    try:
        arrive(app, shipment)
    except MailboxFull as problem:
        full = problem

    def carry_out(app: App, case: Case) -> int:
        for step in batch.steps[case.id]:
            _carry_out(app, case, standing.get(case.id, ()), step)
        return 0

    lacking = {parcel.case.id for parcel in shipment.parcels} if full else set()
    rest = [case for case in batch.cases if batch.steps.get(case.id) and case.id not in lacking]
    each(app, "filing", rest, carry_out)
    if full:
        raise full


def _carry_out(app: App, case: Case, rows: Sequence[Filed], step: Action) -> None:
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


def _row(app: App, case: Case, rows: Sequence[Filed], revision: int, kind: Kind) -> Filed:
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
