"""The log for other programs: every row as a record, written as JSON lines or as CSV that no spreadsheet executes."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from mailhitl.cli.show import one_json_line
from mailhitl.mail.text import one_line

if TYPE_CHECKING:
    from mailhitl.decision import Decision
    from mailhitl.ports.journal import Entry
    from mailhitl.ports.log import LogRow
    from mailhitl.store import SqlStore

#: Every record has all of them, in this order.
COLUMNS = (
    *("log", "row", "at", "case", "mailbox", "sender", "customer_subject", "event", "subject", "from", "to"),
    *("by", "channel", "proof", "code", "why", "reasons", "data", "revision", "draft_digest", "versions"),
    *("erased", "salt", "seal", "link"),
)
DRAFT_COLUMNS = ("draft_to", "draft_cc", "draft_subject", "draft_text", "draft_author", "draft_template")
#: What Excel and LibreOffice take as the beginning of a formula (OWASP, CSV Injection), full width included; also
#: after what a program may split cells at, whatever we separate them by.
_FORMULA = re.compile(r"(^|[;,|\t])([\s'\"]*)(?=[=+\-@＝＋－＠])")
#: Excel's limit for a cell.
LONGEST_CELL = 32_000


def records(
    store: SqlStore, since: datetime | None, until: datetime | None, *, bodies: bool
) -> Iterator[dict[str, Any]]:
    """Every row of the log as a record; with ``bodies`` also the draft that a decision is about."""
    for row in store.log.rows(since=since, until=until):
        yield record(row) | (_draft(store, row) if bodies else {})


def write_jsonl(found: Iterable[dict[str, Any]], file: IO[str]) -> int:
    """One JSON object per line, times in ISO 8601, UTC; returns how many."""
    count = 0
    for one in found:
        file.write(one_json_line(one) + "\n")
        count += 1
    return count


def write_csv(found: Iterable[dict[str, Any]], file: IO[str]) -> int:
    """One line per record, every cell quoted and made safe; returns how many."""
    count = 0
    writer = None
    for one in found:
        if writer is None:
            writer = csv.DictWriter(file, list(one), quoting=csv.QUOTE_ALL, lineterminator="\r\n")
            writer.writeheader()
        writer.writerow({name: cell(value) for name, value in one.items()})
        count += 1
    if writer is None:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(COLUMNS)
    return count


def cell(value: Any) -> str:
    """A value as a spreadsheet may have it: one line, no control characters, and no beginning of a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bool | int):
        return str(value).lower()
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _FORMULA.sub(r"\1\2'", one_line(text, LONGEST_CELL))


def record(row: LogRow) -> dict[str, Any]:
    """A row as a record of ``COLUMNS``."""
    said = _decision(row.decision) if row.decision else _entry(row.entry) if row.entry else {}
    known = {
        "log": row.log,
        "row": row.id,
        "case": row.case_id,
        "mailbox": row.mailbox,
        "sender": row.sender,
        "customer_subject": row.subject,
        "erased": not row.salt,
        "salt": row.salt,
        "seal": row.seal,
        "link": row.link,
    }
    both = known | said
    return {name: both.get(name) for name in COLUMNS}


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "at": decision.at,
        "event": str(decision.event),
        "from": str(decision.from_state or ""),
        "to": str(decision.to_state or ""),
        "by": decision.by,
        "channel": str(decision.channel),
        "proof": decision.proof,
        "code": decision.code,
        "why": decision.why,
        "reasons": [{"rule": r.rule, "says": str(r.outcome), "text": r.text} for r in decision.reasons],
        "revision": decision.revision,
        "draft_digest": decision.draft_digest,
        "versions": decision.versions,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "at": entry.at,
        "event": entry.kind,
        "subject": entry.subject,
        "by": entry.by,
        "channel": str(entry.channel),
        "proof": entry.proof,
        "code": entry.code,
        "why": entry.why,
        "data": dict(entry.data),
    }


def _draft(store: SqlStore, row: LogRow) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(DRAFT_COLUMNS)
    if row.decision is None or row.case_id is None or not row.decision.revision:
        return empty
    try:
        draft = store.cases.draft(store.cases.get(row.case_id), row.decision.revision)
    except KeyError:
        return empty
    values = (list(draft.to), list(draft.cc), draft.subject, draft.text, draft.author, draft.template)
    return dict(zip(DRAFT_COLUMNS, values, strict=True))
