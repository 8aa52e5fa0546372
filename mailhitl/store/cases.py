"""Cases, their drafts and their log."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from peewee import fn

from mailhitl.case import OPEN, Case, Event, Outcome, State
from mailhitl.decision import Decision
from mailhitl.delivery import Delivery
from mailhitl.draft import Draft
from mailhitl.ports.journal import Judgment
from mailhitl.ports.mailbox import Location
from mailhitl.ports.store import Arrival
from mailhitl.store import drafts, moves
from mailhitl.store.database import Database
from mailhitl.store.fields import digest_of
from mailhitl.store.models import CHUNK, LARGEST_INTEGER, AutomaticSendRow, CaseRow, DecisionRow, SourceRow
from mailhitl.store.statement import Statement, given, whole_row
from mailhitl.store.values import case_of, decision_of

_HERE = CaseRow.mailbox == given(CaseRow.mailbox)
_KNOWN = Statement(CaseRow.whole().where(_HERE, CaseRow.fingerprint == given(CaseRow.fingerprint)))
_BY_ID = Statement(CaseRow.whole().where(CaseRow.id == given(CaseRow.id)))
_IN_THREAD = Statement(
    CaseRow.whole().where(_HERE, CaseRow.thread_digest == given(CaseRow.thread_digest)).order_by(CaseRow.id)
)
_OF_SENDER = Statement(
    CaseRow.select(CaseRow.state).where(_HERE, CaseRow.sender_digest == given(CaseRow.sender_digest))
)
_OPEN = Statement(CaseRow.insert(**whole_row(CaseRow)))
_KEEP = Statement(SourceRow.insert(**whole_row(SourceRow)))
_SOURCE = Statement(SourceRow.whole().where(SourceRow.case == given(SourceRow.case)))
_LOG = Statement(DecisionRow.whole().where(DecisionRow.case == given(DecisionRow.case)).order_by(DecisionRow.id))
_SENT = AutomaticSendRow.select(fn.COUNT(AutomaticSendRow.case.distinct()).alias("sent")).where(
    AutomaticSendRow.mailbox == given(AutomaticSendRow.mailbox), AutomaticSendRow.at >= given(AutomaticSendRow.at)
)
_ALL_SENT = Statement(_SENT)
_SENT_TO = Statement(_SENT.where(AutomaticSendRow.recipient_digest == given(AutomaticSendRow.recipient_digest)))
_MAILS_TO = Statement(
    AutomaticSendRow.select(AutomaticSendRow.at)
    .where(
        AutomaticSendRow.mailbox == given(AutomaticSendRow.mailbox),
        AutomaticSendRow.recipient_digest == given(AutomaticSendRow.recipient_digest),
        AutomaticSendRow.at >= given(AutomaticSendRow.at),
    )
    .order_by(AutomaticSendRow.at)
)


class SqlCases:
    """Fulfils ``ports.store.Cases``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, arrival: Arrival) -> Case | None:
        with self._database.tx():
            known = self._database.first(_KNOWN(mailbox=arrival.mailbox, fingerprint=arrival.fingerprint))
            if known is not None:
                self._found_at(known, arrival.location)
                return None
            case_id = self._database.run(_OPEN(**_opened(arrival)))
            self._database.run(_KEEP(case=case_id, content=arrival.source))
        return self.get(case_id)

    def get(self, case_id: int) -> Case:
        row = None
        if 0 < case_id <= LARGEST_INTEGER:
            row = self._database.first(_BY_ID(id=case_id))
        if row is None:
            raise KeyError(f"there is no case {case_id}")
        return case_of(row)

    def in_state(self, *states: State, mailbox: str | None = None) -> Sequence[Case]:
        asked = {f"state{number}": state for number, state in enumerate(states)}
        return self._cases(_in_states(len(states), mailbox is not None)(mailbox=mailbox, **asked))

    def in_thread(self, mailbox: str, thread: str) -> Sequence[Case]:
        return self._cases(_IN_THREAD(mailbox=mailbox, thread_digest=digest_of(thread)))

    def answering(self, mailbox: str, message_ids: Collection[str], *, closed: bool = False) -> Sequence[Case]:
        digests = sorted({digest_of(message_id) for message_id in message_ids if message_id})
        found: list[Case] = []
        for start in range(0, len(digests), CHUNK):
            asked = (CaseRow.mailbox == mailbox) & CaseRow.message_digest.in_(digests[start : start + CHUNK])
            found += [case for case in self._cases(CaseRow.whole().where(asked)) if closed or case.state in OPEN]
        return sorted(found, key=lambda case: case.id)

    def recent(self, *, limit: int = 50, mailbox: str | None = None) -> Sequence[Case]:
        return self._cases(_of_mailbox(CaseRow.whole(), mailbox).order_by(CaseRow.id.desc()).limit(limit))

    def counts(self, mailbox: str) -> Mapping[State, int]:
        counted = CaseRow.select(CaseRow.state, fn.COUNT(CaseRow.id).alias("cases")).where(CaseRow.mailbox == mailbox)
        return {State(row.state): row.cases for row in self._database.rows(counted.group_by(CaseRow.state))}

    def source(self, case: Case) -> bytes:
        row = self._database.first(_SOURCE(case=case.id))
        if row is None:
            raise KeyError(f"case {case.id} has no source")
        return bytes(row.content)

    def correspondence(self, mailbox: str, sender: str) -> tuple[int, int]:
        if not sender:
            return (0, 0)
        theirs = _OF_SENDER(mailbox=mailbox, sender_digest=digest_of(sender.lower()))
        states = [row.state for row in self._database.rows(theirs)]
        return len(states), states.count(State.SENT)

    def of_sender(self, mailbox: str, sender: str, *, before: int, limit: int) -> Sequence[Case]:
        if not sender:
            return ()
        theirs = {"mailbox": mailbox, "sender_digest": digest_of(sender.lower())}
        return self._cases(_of_sender(limit)(before=before, **theirs))

    def automatic_sends(self, mailbox: str, since: datetime, recipient: str = "") -> int:
        values = {"mailbox": mailbox, "at": since, "recipient_digest": digest_of(recipient.lower())}
        row = self._database.first((_SENT_TO if recipient else _ALL_SENT)(**values))
        return 0 if row is None else int(row.sent)

    def automatic_mails(self, mailbox: str, since: datetime, recipient: str) -> Sequence[datetime]:
        values = {"mailbox": mailbox, "at": since, "recipient_digest": digest_of(recipient.lower())}
        return [row.at for row in self._database.rows(_MAILS_TO(**values))]

    def draft(self, case: Case, revision: int | None = None) -> Draft:
        return drafts.read(self._database, case.id, case.revision if revision is None else revision)

    def log(self, case: Case) -> Sequence[Decision]:
        return [decision_of(row) for row in self._database.rows(_LOG(case=case.id))]

    def move(
        self,
        case: Case,
        event: Event,
        decision: Decision,
        *,
        draft: Draft | None = None,
        outcome: Outcome | None = None,
        group: str | None = None,
        not_before: datetime | None = None,
        delivery: Delivery | None = None,
        judgment: Judgment | None = None,
    ) -> Case:
        move = moves.Move(event, decision, draft, outcome, group, not_before, delivery, judgment)
        return moves.make(self._database, case, move)

    def _cases(self, query: Any) -> list[Case]:
        return [case_of(row) for row in self._database.rows(query)]

    def _found_at(self, row: Any, location: Location) -> None:
        if Location(row.folder, row.uidvalidity, row.uid) != location:
            place = {"folder": location.folder, "uidvalidity": location.uidvalidity, "uid": location.uid}
            self._database.run(CaseRow.update(**place).where(CaseRow.id == row.id))


@cache
def _of_sender(limit: int) -> Statement:
    theirs = (_HERE, CaseRow.sender_digest == given(CaseRow.sender_digest), CaseRow.id < given(CaseRow.id, "before"))
    return Statement(CaseRow.whole().where(*theirs).order_by(CaseRow.id.desc()).limit(limit))


@cache
def _in_states(count: int, of_one: bool) -> Statement:
    """Cases in one of so many states, of all mailboxes or of one."""
    states = CaseRow.state.in_([given(CaseRow.state, f"state{number}") for number in range(count)])
    return Statement(CaseRow.whole().where(states & _HERE if of_one else states).order_by(CaseRow.id))


def _of_mailbox(query: Any, mailbox: str | None) -> Any:
    return query if mailbox is None else query.where(CaseRow.mailbox == mailbox)


def _opened(arrival: Arrival) -> dict[str, Any]:
    message, sender = arrival.message, arrival.message.sender.spec
    return {
        "mailbox": arrival.mailbox,
        "state": State.RECEIVED,
        "version": 0,
        "fingerprint": arrival.fingerprint,
        "message_id": message.message_id,
        "message_digest": digest_of(message.message_id),
        "thread": arrival.thread,
        "thread_digest": digest_of(arrival.thread),
        "sender": sender,
        "sender_digest": digest_of(sender.lower()),
        "subject": message.subject,
        "opened_at": arrival.arrived,
        "folder": arrival.location.folder,
        "uidvalidity": arrival.location.uidvalidity,
        "uid": arrival.location.uid,
        "revision": 0,
        "group": "",
        "erased": "",
    }
