"""Drafts: one row per revision of a case, with its attachments. Never changed once written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailhitl.draft import DRAFTED, Attachment, Draft
from mailhitl.insight.distance import distance
from mailhitl.store.database import Database
from mailhitl.store.fields import clean
from mailhitl.store.models import LARGEST_INTEGER, AttachmentRow, DraftRow
from mailhitl.store.statement import Statement, given, whole_row

_WRITE = Statement(DraftRow.insert(**whole_row(DraftRow)))
_READ = Statement(
    DraftRow.whole().where(DraftRow.case == given(DraftRow.case), DraftRow.revision == given(DraftRow.revision))
)
_FILES = Statement(
    AttachmentRow.whole().where(AttachmentRow.draft == given(AttachmentRow.draft)).order_by(AttachmentRow.id)
)


def storable(draft: Draft) -> Draft:
    """Return the draft as it will be read back: the digest that is approved must be the digest of what is sent."""
    return replace(draft, subject=clean(draft.subject), text=clean(draft.text))


def write(database: Database, case_id: int, revision: int, draft: Draft) -> None:
    """Add a revision, inside the transaction of its move. A person's words are measured against what was drafted."""
    row = {
        "case": case_id,
        "revision": revision,
        "to": draft.to,
        "cc": draft.cc,
        "subject": draft.subject,
        "text": draft.text,
        "author": draft.author,
        "template": draft.template,
        "language": draft.language,
        "evidence": draft.evidence,
        "complete": draft.complete,
        "distance": _distance(database, case_id, revision, draft),
    }
    draft_id = database.run(_WRITE(**row))
    for file in draft.attachments:
        attachment = {"name": file.name, "content_type": file.content_type, "content": file.content}
        database.run(AttachmentRow.insert(draft=draft_id, **attachment))


def read(database: Database, case_id: int, revision: int) -> Draft:
    """Raises KeyError."""
    row = None
    if 0 < revision <= LARGEST_INTEGER:
        row = database.first(_READ(case=case_id, revision=revision))
    if row is None:
        raise KeyError(f"case {case_id} has no draft {revision}")
    files = database.rows(_FILES(draft=row.id))
    return Draft(
        to=tuple(row.to),
        cc=tuple(row.cc),
        subject=row.subject,
        text=row.text,
        author=row.author,
        template=row.template,
        language=row.language,
        evidence=tuple(row.evidence),
        attachments=tuple(_attachment(file) for file in files),
        complete=row.complete,
    )


def _distance(database: Database, case_id: int, revision: int, draft: Draft) -> float | None:
    if draft.author.startswith(DRAFTED):
        return None
    proposed = (DraftRow.case == case_id) & (DraftRow.revision < revision) & DraftRow.author.startswith(DRAFTED)
    row = database.first(DraftRow.select(DraftRow.text).where(proposed).order_by(DraftRow.revision.desc()))
    return None if row is None else distance(row.text, draft.text)


def _attachment(row: Any) -> Attachment:
    return Attachment(row.name, row.content_type, row.content)
