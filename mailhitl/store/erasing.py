"""Erasing: personal words leave the store, rows, numbers and chains stay.

A case is emptied in place, never deleted: its state, times, verdict and digests go on counting, and whoever meets it
finds an empty mail instead of none. Its fingerprints stay too, so that a mail which still lies in the inbox is not
taken for a new one; nobody can turn them back into words.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from mailhitl.store.database import Database
from mailhitl.store.fields import digest_of
from mailhitl.store.journal import impersonal, is_personal
from mailhitl.store.models import (
    CHUNK,
    AttachmentRow,
    AutomaticSendRow,
    CaseRow,
    DecisionRow,
    DeliveryRow,
    DraftRow,
    JournalRow,
    JudgmentRow,
    NoticeRow,
    SourceRow,
)

#: How much of a case is erased: the words of mails and drafts, or also whom it was about and why it was decided.
BODIES, CASES = "bodies", "cases"
#: What stands in place of an erased subject, for people.
ERASED = "(erased)"
#: Entries of these kinds keep the digest by which an address is looked up: it goes on keeping machines from answering
#: somebody who has complained, which is in that person's own interest.
PROTECTING = frozenset({"complaint", "suppress"})
#: Entries of these kinds tell what our own people did with rules, switches and the log: age takes no words from them.
OURS = frozenset(
    {"rule", "propose", "promote", "demote", "pause", "resume", "digest", "forget", "retention", "rechained"}
)


def bodies_of(database: Database, cases: Sequence[int]) -> None:
    """Empty mails, drafts, attachments and what the rules saw, inside a transaction."""
    for some in chunks(cases):
        database.run(SourceRow.update(content=b"").where(SourceRow.case.in_(some)))
        drafts = DraftRow.select(DraftRow.id).where(DraftRow.case.in_(some))
        database.run(AttachmentRow.delete().where(AttachmentRow.draft.in_(drafts)))
        database.run(DraftRow.update(text="", evidence=[]).where(DraftRow.case.in_(some)))
        database.run(JudgmentRow.update(facts=b"").where(JudgmentRow.case.in_(some)))
        database.run(CaseRow.update(erased=BODIES).where(CaseRow.id.in_(some)))


def persons_of(database: Database, cases: Sequence[int]) -> tuple[list[int], list[int]]:
    """Take out, inside a transaction, whom these cases were about and why they were decided; returns the rows of the
    log and of the journal that lost their words."""
    decisions: list[int] = []
    entries: list[int] = []
    for some in chunks(cases):
        database.run(CaseRow.update(**_NOBODY).where(CaseRow.id.in_(some)))
        database.run(DraftRow.update(to=[], cc=[], subject="").where(DraftRow.case.in_(some)))
        for row in database.rows(DeliveryRow.whole().where(DeliveryRow.case.in_(some))):
            _empty_delivery(database, row)
        for send in database.rows(AutomaticSendRow.whole().where(AutomaticSendRow.case.in_(some))):
            _unlink_send(database, send)
        decisions += decisions_where(database, DecisionRow.case.in_(some))
        entries += entries_where(database, JournalRow.case.in_(some))
    return decisions, entries


_NOBODY = {
    "sender": "",
    "sender_digest": "",
    "subject": ERASED,
    "message_id": "",
    "message_digest": "",
    "thread": "",
    "thread_digest": "",
    "erased": CASES,
}


def decisions_where(database: Database, wanted: Any) -> list[int]:
    """Take the words out of these rows of the log, inside a transaction; returns which they were."""
    query = DecisionRow.select(DecisionRow.id, DecisionRow.reasons).where(wanted & (DecisionRow.salt != ""))
    rows = database.rows(query)
    for row in rows:
        reasons = [[rule, outcome, ""] for rule, outcome, _ in row.reasons]
        bare = DecisionRow.update(why="", reasons=reasons, salt="")
        database.run(bare.where(DecisionRow.id == row.id))
    return [row.id for row in rows]


def entries_where(database: Database, wanted: Any) -> list[int]:
    """The same for the journal."""
    rows = database.rows(JournalRow.whole().where(wanted & (JournalRow.salt != "")))
    for row in rows:
        data = {name: impersonal(value) for name, value in json.loads(row.data).items()}
        bare: dict[str, Any] = {"subject": impersonal(row.subject), "why": "", "proof": "", "salt": ""}
        bare["data"] = json.dumps(data, sort_keys=True)
        if is_personal(row.subject) and row.kind not in PROTECTING:
            bare["subject_digest"] = ""
        database.run(JournalRow.update(**bare).where(JournalRow.id == row.id))
    return [row.id for row in rows]


def notices_where(database: Database, wanted: Any) -> int:
    """Empty mails to our own people that were settled; their keys' digests still keep them from being sent twice."""
    settled = wanted & (NoticeRow.waiting == False) & (NoticeRow.raw_mail != b"")  # noqa: E712
    return int(database.run(NoticeRow.update(raw_mail=b"", key="").where(settled)))


def _empty_delivery(database: Database, row: Any) -> None:
    results = [["", status, ""] for _, status, _ in row.results]
    this = (DeliveryRow.case == row.case_id) & (DeliveryRow.attempt == row.attempt)
    database.run(DeliveryRow.update(results=results).where(this))


def _unlink_send(database: Database, row: Any) -> None:
    """It goes on counting for the hourly cap, for nobody in particular."""
    this = (AutomaticSendRow.case == row.case_id) & (AutomaticSendRow.recipient_digest == row.recipient_digest)
    anybody = digest_of(secrets.token_hex(16))
    database.run(AutomaticSendRow.update(recipient_digest=anybody).where(this))


def chunks(cases: Sequence[int]) -> Iterator[Sequence[int]]:
    """As many as one query may ask for."""
    for start in range(0, len(cases), CHUNK):
        yield cases[start : start + CHUNK]
