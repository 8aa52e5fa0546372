"""Which case does a mail in a watched folder belong to? Every key is a claim until its signature verifies."""

from __future__ import annotations

from dataclasses import dataclass

from mailhitl.mail.message import Message
from mailhitl.mail.stamp import APPROVAL_HEADER, Kind, PrivateId, read_header, read_id

#: What our own people answer with a command.
ANSWERABLE = (Kind.PACKET, Kind.DRAFT, Kind.WORKLIST, Kind.TICKET)


#: Mails to our own people that are no draft and stand for no case in a folder.
UNFILED = (Kind.NOTICE, Kind.WORKLIST, Kind.TICKET)


@dataclass(frozen=True, slots=True)
class Claim:
    """What the keys of a mail say: a draft or a packet of this case and revision.

    ``disagree`` is True when two keys name different cases or revisions: then nobody may act on it.
    """

    kind: Kind
    case_id: int
    revision: int
    disagree: bool = False


def identify(header: Message, key: bytes) -> Claim | None:
    """Return what this mail claims to be, or None when it carries no valid key of ours.

    The order is that of the keys' strength; what survives differs from client to client (the approval header in mutt
    and aerc, References everywhere, the Message-ID where the mail was only moved). A mail that *answers* a draft or a
    packet carries their ids too, but names the answered one in In-Reply-To: it is not the draft.
    """
    own = read_id(header.message_id, key)
    if own and own.kind in (Kind.PACKET, *UNFILED):
        return Claim(own.kind, own.case_id, own.revision)
    if answered_id(header, key):
        return None
    found = _keys(header, own, key)
    if not found:
        return None
    case_id, revision = found[0]
    return Claim(Kind.DRAFT, case_id, revision, disagree=len(set(found)) > 1)


def answered_id(header: Message, key: bytes) -> PrivateId | None:
    """Return the packet, draft or worklist that this mail answers, newest first, or None.

    Claws rebuilds In-Reply-To from References, so both are read.
    """
    for message_id in (*header.in_reply_to, *reversed(header.references)):
        private = read_id(message_id, key)
        if private and private.kind in ANSWERABLE:
            return private
    return None


def _keys(header: Message, own: PrivateId | None, key: bytes) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    stamp = read_header(header.header(APPROVAL_HEADER), key)
    if stamp:
        found.append((stamp.case_id, stamp.revision))
    for message_id in header.references:
        private = read_id(message_id, key)
        if private and private.kind is Kind.MH:
            found.append((private.case_id, private.revision))
    if own and own.kind is Kind.DRAFT:
        found.append((own.case_id, own.revision))
    return found
