"""One look at the watched folders: what of ours stands where, and what stands there that is not ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from mailhitl.case import OPEN, Case, Event, State
from mailhitl.daemon import restored
from mailhitl.daemon.app import App
from mailhitl.decision import Channel
from mailhitl.errors import MailhitlError, StaleFolder
from mailhitl.mail import plus
from mailhitl.mail.edited import EditedDraft, read_edited
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse_header
from mailhitl.mail.stamp import Kind
from mailhitl.ports.mailbox import Glance, Location
from mailhitl.review.gesture import Look, Role, Sighting
from mailhitl.review.identity import UNFILED, Claim, answered_id, identify

log = structlog.get_logger(__name__)


#: Where an edited version may stand.
WRITTEN_IN = (Role.REVIEW, Role.APPROVE, Role.DRAFTS)
#: How many new mails are read together, and up to what size (bytes) drafts are: the others come one by one.
TOGETHER = 100
SMALL = 65_536


@dataclass(frozen=True, slots=True)
class Foreign:
    """A mail in a decision folder that is none of ours. ``own``: it was written from our own address."""

    role: Role
    location: Location
    own: bool
    subject: str


@dataclass(frozen=True, slots=True)
class Everything:
    """All that one look showed: a Look per case of ours, and what is not ours."""

    looks: Sequence[Look]
    foreign: Sequence[Foreign]


def look(app: App) -> Everything:
    """Look into every watched folder. A folder that is missing shows nothing."""
    seen: dict[int, list[Sighting]] = defaultdict(list)
    foreign: list[Foreign] = []
    standing: set[Location] = set()
    for role, folder, owner in _watched(app):
        locations = _locations(app, folder)
        standing.update(locations)
        foreign.extend(_read_new(app, role, owner, [loc for loc in locations if loc not in app.seen]))
        for location in locations:
            sighting = app.seen.get(location)
            if sighting is not None:
                seen[sighting.claim.case_id].append(sighting)
    for gone in app.seen.keys() - standing:
        del app.seen[gone]
    return Everything([*_looks(app, seen)], foreign)


def being_edited(app: App, case: Case) -> bool:
    """Whether words stand in the folders, seen now, that nobody has adopted or thrown away yet."""
    return any(one.case.id == case.id and one.new_versions(*WRITTEN_IN) for one in look(app).looks)


def _watched(app: App) -> Iterator[tuple[Role, str, str]]:
    """Every watched folder: (what it is for, its name, whose own it is)."""
    for role in Role:
        yield role, getattr(app.folders, role), ""
    for folder, owner in app.personal:
        yield Role.APPROVE, folder, owner


def _locations(app: App, folder: str) -> Sequence[Location]:
    """What stands there. It is listed only where something has changed: a Trash may hold years of mail."""
    try:
        status = app.mailbox.status(folder)
        before = app.listed.get(folder)
        if before is None or status.modseq is None or before[0] != status:
            # The status comes first: what changes in between is seen by the next look.
            app.listed[folder] = before = status, app.mailbox.locations(folder)
        return before[1]
    except StaleFolder:
        return ()


def _looks(app: App, seen: dict[int, list[Sighting]]) -> Iterator[Look]:
    """A Look for every open case and for every case of which something still stands."""
    cases = {case.id: case for case in app.store.cases.in_state(*OPEN, mailbox=app.settings.mailbox)}
    for case_id in seen.keys() - cases.keys():
        try:
            case = app.store.cases.get(case_id)
        except KeyError:
            continue
        if case.mailbox == app.settings.mailbox:
            cases[case.id] = case
    for gone in [key for key in app.digests if key[0] not in cases]:
        del app.digests[gone]
    for case_id in sorted(cases):
        yield look_of(app, cases[case_id], tuple(seen.get(case_id, ())))


def look_of(app: App, case: Case, sightings: tuple[Sighting, ...]) -> Look:
    """Put one case beside what was seen of it."""
    numbers = range(1, case.revision + 1)
    if case.draft_digest:
        app.digests[case.id, case.revision] = case.draft_digest
    for number in numbers:
        if (case.id, number) not in app.digests:
            app.digests[case.id, number] = app.store.cases.draft(case, number).digest
    digests = [app.digests[case.id, number] for number in numbers]
    revisions = {digest: revision for revision, digest in enumerate(digests, 1)}
    renewed = digests.count(case.draft_digest or "") > 1
    return Look(case, revisions, sightings, renewed, _approval(app, case))


def _approval(app: App, case: Case) -> Channel | None:
    if case.state is not State.APPROVED:
        return None
    approvals = (row.channel for row in reversed(app.store.cases.log(case)) if row.event is Event.APPROVE)
    return next(approvals, None)


def _read_new(app: App, role: Role, owner: str, new: Sequence[Location]) -> Iterator[Foreign]:
    for start in range(0, len(new), TOGETHER):
        yield from _read_some(app, role, owner, new[start : start + TOGETHER])


def _read_some(app: App, role: Role, owner: str, new: Sequence[Location]) -> Iterator[Foreign]:
    claims = [(glance, _claim(app, role, header), header) for glance, header in _headers(app, new)]
    bodies = _bodies(app, [glance for glance, claim, _ in claims if claim and claim.kind is Kind.DRAFT])
    for glance, claim, header in claims:
        if claim is None or claim.kind in UNFILED:
            if role in (Role.APPROVE, Role.REJECT, Role.ESCALATE):
                yield Foreign(role, glance.location, header.sender.key in app.settings.own, header.subject)
            else:
                app.seen[glance.location] = None
            continue
        try:
            app.seen[glance.location] = _sighting(app, role, owner, claim, glance.location, bodies)
        except MailhitlError:
            raise
        except Exception as error:  # noqa: BLE001  one mail that no reader survives must not blind us to the others
            log.error("a draft cannot be read", folder=glance.location.folder, error=type(error).__name__)
            app.seen[glance.location] = None


def _claim(app: App, role: Role, header: Message) -> Claim | None:
    """Whose case it is: one of this mailbox, by marks that we have made. What a stranger wrote is never a draft.

    mutt and aerc let our marks out to customers, whose answers then carry them.
    """
    ours = app.is_ours(header.sender.key)
    claim = identify(header, app.key)
    if claim is None:
        return _by_thread(app, role, header)
    if not ours and header.header("received"):
        return None
    if claim.kind in UNFILED:
        return claim
    try:
        case = app.store.cases.get(claim.case_id)
    except KeyError:
        return None
    if case.mailbox != app.settings.mailbox or restored.of_another(app, case, header):
        return None
    return claim


def _headers(app: App, new: Sequence[Location]) -> Iterator[tuple[Glance, Message]]:
    for glance in app.mailbox.glance(new):
        yield glance, parse_header(glance.header)


def _bodies(app: App, glances: Sequence[Glance]) -> dict[Location, bytes]:
    """The small ones of these drafts, in few exchanges. A size may be a guess: what came cut is left out."""
    small = [glance.location for glance in glances if glance.size < SMALL]
    fetched = app.mailbox.fetch_all(small, limit=SMALL) if small else ()
    return {location: raw for location, raw in fetched if len(raw) < SMALL}


def _sighting(
    app: App, role: Role, owner: str, claim: Claim, location: Location, bodies: Mapping[Location, bytes]
) -> Sighting | None:
    if claim.kind is Kind.PACKET:
        return Sighting(role, location, claim, owner=owner)
    raw = bodies.get(location) or app.mailbox.fetch(location, limit=app.settings.fetch_limit * 30)
    if raw is None:
        return None
    try:
        filed = app.store.cases.draft(app.store.cases.get(claim.case_id), claim.revision)
    except KeyError:
        return None
    return Sighting(role, location, claim, _without_ours(app, read_edited(raw, filed)), owner)


def _without_ours(app: App, edited: EditedDraft) -> EditedDraft:
    """The blind copy that we have put in ourselves is nobody's edit."""
    address = app.settings.address
    return replace(edited, bcc=tuple(each for each in edited.bcc if not plus.draft_of(each, address, app.key)))


def _by_thread(app: App, role: Role, header: Message) -> Claim | None:
    """The weakest key: our own address answers the customer's mail, to the draft's own recipients.

    Only where a draft may stand; it finds drafts whose every mark a client has dropped.
    """
    if role is Role.TRASH or header.sender.key not in app.settings.own or answered_id(header, app.key):
        return None
    if header.header("received"):
        # It came by mail: anybody can have written our address into From, and no client saves a draft like that.
        return None
    ids = {*header.in_reply_to, *header.references}
    for case in app.store.cases.answering(app.settings.mailbox, ids) if ids else ():
        if case.draft_digest is None:
            continue
        draft = app.store.cases.draft(case)
        if {a.key for a in header.to} == {address.lower() for address in draft.to}:
            return Claim(Kind.DRAFT, case.id, case.revision)
    return None
