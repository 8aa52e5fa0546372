"""Drafts and packets on their way into a folder: planned, added and confirmed, many in one exchange.

A server takes as long to add mails as we to compose them, so the next are composed while these are added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from itertools import groupby

import structlog

from mailhitl.case import Case
from mailhitl.daemon import alerts, packets
from mailhitl.daemon.app import App
from mailhitl.daemon.sources import source_of
from mailhitl.draft import Draft
from mailhitl.mail import plus
from mailhitl.mail.compose import compose_filed
from mailhitl.mail.edited import read_edited
from mailhitl.mail.stamp import Kind, PrivateId, write_id
from mailhitl.ports.mailbox import Addition, Location, Mailbox
from mailhitl.ports.store import Ask, Filed
from mailhitl.review.filing import File
from mailhitl.review.gesture import Role, Sighting
from mailhitl.review.identity import Claim

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One draft or packet, composed. ``earlier`` is set when it was planned before, and nobody knows how that ended."""

    case: Case
    row: Filed
    role: Role
    raw: bytes = field(repr=False)
    draft: Draft | None
    ask: Ask | None
    earlier: Filed | None
    restored: bool


def pack_all(
    app: App, case: Case, steps: Iterable[File], rows: Sequence[Filed], queue: Sequence[Case]
) -> Iterator[Parcel]:
    """Compose what these steps are to file."""
    draft = None
    for step in steps:
        draft = draft or packets.draft_of(app, case)
        yield _pack(app, case, step, rows, queue, draft)


def _pack(
    app: App, case: Case, step: File, rows: Sequence[Filed], queue: Sequence[Case], draft: Draft | None
) -> Parcel:
    folder = app.folders.outgoing if step.role is Role.OUTGOING else app.folders.review
    ask = None
    if step.kind is Kind.PACKET:
        message_id, raw, ask = packets.for_folder(app, case, queue, draft)
        draft = None
    else:
        message_id = write_id(PrivateId(Kind.DRAFT, case.id, step.revision), app.key, app.settings.domain)
        draft = draft or app.store.cases.draft(case)
        raw = _draft(app, case, draft)
    row = Filed(case.id, step.revision, step.row_kind, message_id, folder, app.now())
    same = (row for row in rows if (row.revision, row.kind) == (step.revision, step.row_kind) and row.filed_at is None)
    return Parcel(case, row, step.role, raw, draft, ask, next(same, None), step.restore)


@dataclass(frozen=True, slots=True)
class Shipment:
    """Parcels that are planned and on their way; ``places`` is where they stand in the end (None: there are none)."""

    parcels: Sequence[Parcel] = ()
    places: Future[Sequence[tuple[Parcel, Location]]] | None = None


def send_off(app: App, parcels: Sequence[Parcel], carrier: Executor) -> Shipment:
    """Plan, and begin to add: until they have arrived the mailbox is the carrier's, and nobody else may use it.

    The look before saw none of them. Only what an earlier run was about to add may have come in since, from a
    connection that broke. A crash at any point leaves at most one of each, which the next look finds.
    """
    parcels = [parcel for parcel in parcels if not _stands(app, parcel)]
    if not parcels:
        return Shipment()
    app.heartbeat()
    app.store.asks.ask_all([parcel.ask for parcel in parcels if parcel.ask])
    app.store.filings.plan(*(parcel.row for parcel in parcels))
    return Shipment(parcels, carrier.submit(_add, app.mailbox, parcels))


def arrive(app: App, shipment: Shipment) -> None:
    """Wait until all are added, and confirm them. Raises what went wrong on the way."""
    if shipment.places is None:
        return
    for parcel, place in shipment.places.result():
        _remember(app, parcel, place)
    app.store.filings.confirm(*(parcel.row for parcel in shipment.parcels), at=app.now())
    for parcel in shipment.parcels:
        _tell(app, parcel)


def _add(mailbox: Mailbox, parcels: Sequence[Parcel]) -> Sequence[tuple[Parcel, Location]]:
    added: list[tuple[Parcel, Location]] = []
    for folder, group in groupby(sorted(parcels, key=_folder), key=_folder):
        together = list(group)
        places = mailbox.append_all(folder, [_addition(parcel) for parcel in together])
        added += zip(together, places, strict=False)
    return added


def _folder(parcel: Parcel) -> str:
    return parcel.row.folder


def _remember(app: App, parcel: Parcel, place: Location) -> None:
    """The next look need not read what we have just written: a mail never changes under one UID."""
    claim = Claim(Kind.DRAFT if parcel.draft else Kind.PACKET, parcel.case.id, parcel.row.revision)
    edited = read_edited(parcel.raw, parcel.draft) if parcel.draft else None
    app.seen[place] = Sighting(parcel.role, place, claim, edited)


def _stands(app: App, parcel: Parcel) -> bool:
    earlier = parcel.earlier
    if earlier is None or not app.mailbox.find(earlier.folder, earlier.message_id):
        return False
    app.store.filings.confirm(earlier, at=app.now())
    return True


def _addition(parcel: Parcel) -> Addition:
    # No keyword: saved by neomutt 20220429, "\\Draft $Keyword" reaches the server as one broken flag.
    flags = frozenset({"\\Draft"} if parcel.row.kind != Kind.PACKET else ())
    return Addition(parcel.raw, flags, parcel.row.planned_at)


def _tell(app: App, parcel: Parcel) -> None:
    case, row = parcel.case, parcel.row
    log.info("filed", case=case.id, kind=row.kind, revision=row.revision, restored=parcel.restored)
    if parcel.restored:
        text = f"The draft could not be seen in any folder any more, so it was put back into {row.folder}."
        alerts.note(app, case, key=f"restored:{case.revision}:{app.now().date()}", text=text)


def _draft(app: App, case: Case, draft: Draft) -> bytes:
    address = app.settings.address
    return compose_filed(
        draft,
        source_of(app, case),
        case_id=case.id,
        revision=case.revision,
        key=app.key,
        sender=address,
        now=app.now(),
        blind_copy=plus.for_draft(address, case.id, case.revision, app.key) if app.settings.plus_addressing else "",
    )
