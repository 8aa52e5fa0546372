"""Checking the log: a row that was altered, removed, moved or slipped in is found and named.

What a chain can't show by itself is shown by something else: rows cut off the end by the cases' own count of moves and
by the journal's remembered head, words that were blanked without an entry that says so by the entries of those that
were erased, and a chain reckoned anew by an anchor kept elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from mailhitl.case import State
from mailhitl.ports.log import DECISIONS, JOURNAL, Head, Verification
from mailhitl.store import chain, drafts, history, journal
from mailhitl.store.chain import Content
from mailhitl.store.database import Database
from mailhitl.store.fields import at_text
from mailhitl.store.models import CaseRow, DecisionRow, JournalRow, MetaRow
from mailhitl.store.statement import Statement, given

#: How many rows are read at a time.
PAGE = 5_000
#: The entries that say, in ``data``, which rows they have erased.
ERASING = frozenset({"forget", "retention"})
#: The entry that says what became of the chain of schema 1.
RECHAINED = "rechained"

#: States as numbers, so that a million cases fit into memory.
NUMBERS = {str(state): number for number, state in enumerate(State)}


@dataclass(frozen=True, slots=True)
class _Chain:
    """One of the two logs. ``read`` makes of a driver's row what ``content`` takes, ``bare`` says what is left of a
    row's words when it is erased."""

    name: str
    table: Any
    called: str
    read: Callable[[dict[str, Any]], dict[str, Any]]
    content: Callable[[dict[str, Any]], Content]
    bare: Callable[[list[Any]], list[Any]]


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    # SQLite gives the very text; PostgreSQL's driver gives a moment.
    if not isinstance(row["at"], str):
        row["at"] = at_text(row["at"])
    return row


def _decision(row: dict[str, Any]) -> dict[str, Any]:
    row["reasons"] = _reasons(row["reasons"])
    return _entry(row)


@lru_cache(maxsize=1_000)
def _reasons(text: str) -> list[list[str]]:
    """The same rules say the same again and again. Not to be changed by who gets it."""
    found: list[list[str]] = json.loads(text)
    return found


CHAINS = (
    _Chain(JOURNAL, JournalRow, "entry", _entry, journal.content, lambda words: ["", "", "", []]),
    _Chain(DECISIONS, DecisionRow, "decision", _decision, history.content, lambda words: ["", [""] * len(words[1])]),
)


class Broken(Exception):
    """Where the log is broken, in words."""


def verify(
    database: Database,
    anchors: Collection[Head] = (),
    progress: Callable[[int], None] | None = None,
    *,
    texts: bool = False,
) -> Verification:
    """Fulfils ``ports.log.Log.verify``."""
    known = {(anchor.log, anchor.row): anchor.link for anchor in anchors}
    check = _Check(database, known, progress or (lambda rows: None))
    try:
        check.run()
        if texts:
            check.texts()
    except Broken as problem:
        return check.result(str(problem))
    return check.result("")


@dataclass(slots=True)
class _Check:
    """One walk through both chains and the cases."""

    database: Database
    anchors: dict[tuple[str, int], str]
    progress: Callable[[int], None]
    counts: dict[str, int] = field(default_factory=lambda: {DECISIONS: 0, JOURNAL: 0})
    heads: dict[str, Head] = field(default_factory=dict)
    #: Rows whose words are gone, and rows that an entry says it has erased.
    erased: dict[str, set[int]] = field(default_factory=lambda: {DECISIONS: set(), JOURNAL: set()})
    named: dict[str, set[int]] = field(default_factory=lambda: {DECISIONS: set(), JOURNAL: set()})
    #: By case: how many moves it has made, times 16, and the number of the state where they led.
    ends: dict[int, int] = field(default_factory=dict)

    def run(self) -> None:
        for one in CHAINS:
            self._walk(one)
            self._end(one)
        for case, version, state in _each(self.database, CaseRow, CaseRow.version, CaseRow.state):
            self._case(case, version, state)

    def texts(self) -> None:
        """Every draft still has the digest under which it was decided about, unless its words were erased."""
        for count, (number, case, revision, digest) in enumerate(self._decided(), sum(self.counts.values())):
            if not self._still(case, revision, digest):
                raise Broken(f"draft {revision} of case {case} is not the one of decision {number}")
            if count % PAGE == 0:
                self.progress(count)

    def _still(self, case: int, revision: int, digest: str) -> bool:
        try:
            return drafts.read(self.database, case, revision).digest == digest
        except KeyError:
            return False

    def _decided(self) -> Iterator[tuple[int, int, int, str]]:
        """The first decision on each draft that was not erased: its number, case, revision, and the draft's digest."""
        erased = {row[0] for row in _each(self.database, CaseRow, CaseRow.erased) if row[1]}
        columns = (DecisionRow.case, DecisionRow.revision, DecisionRow.draft_digest)
        seen: dict[int, int] = {}
        for number, case, revision, digest in _each(self.database, DecisionRow, *columns):
            if digest and revision > seen.get(case, 0) and case not in erased:
                seen[case] = revision
                yield number, case, revision, digest

    def result(self, problem: str) -> Verification:
        erased = sum(map(len, self.erased.values()))
        return Verification(problem, self.counts[DECISIONS], self.counts[JOURNAL], erased, tuple(self.heads.values()))

    def _walk(self, one: _Chain) -> None:
        """Every row of a chain, from the first."""
        fields = one.table._meta.sorted_fields
        names = [field.name for field in fields]
        # Under other names they come as the driver gives them: to make objects of a million times takes half the time.
        raw = [field.alias(f"raw_{field.name}") for field in fields[1:]]
        before = ""
        for values in _each(self.database, one.table, *raw):
            row = one.read(dict(zip(names, values, strict=True)))
            self._row(one, row, before)
            before = row["chain"]
            self.heads[one.name] = Head(one.name, row["id"], before)
            self.counts[one.name] += 1
            if self.counts[one.name] % PAGE == 0:
                self.progress(sum(self.counts.values()))

    def _row(self, one: _Chain, row: dict[str, Any], before: str) -> None:
        content = one.content(row)
        if chain.link(before, row["seal"], content.plain) != row["chain"]:
            raise Broken(f"{_called(one, row)} does not follow from the one before it")
        if row["salt"]:
            if chain.seal(row["salt"], content.words) != row["seal"]:
                raise Broken(f"{_called(one, row)} does not say any more what was logged")
        elif content.words == one.bare(content.words):
            self.erased[one.name].add(row["id"])
        else:
            raise Broken(f"{_called(one, row)} is erased, and yet says something")
        # A printed anchor may have its link cut off.
        if self.anchors and not row["chain"].startswith(self.anchors.pop((one.name, row["id"]), "")):
            raise Broken(f"{_called(one, row)} is not the one that the anchor knows")
        (self._note_move if one.name == DECISIONS else self._note_entry)(row)

    def _note_move(self, row: dict[str, Any]) -> None:
        moves = self.ends.get(row["case"], 0) >> 4
        self.ends[row["case"]] = (moves + 1) << 4 | NUMBERS[row["to_state"]]

    def _note_entry(self, row: dict[str, Any]) -> None:
        if row["kind"] in ERASING:
            data = json.loads(row["data"])
            for log, rows in self.named.items():
                rows.update(chain.read(data.get(log, "")))
        if row["kind"] == RECHAINED and (broken := json.loads(row["data"])["broken"]):
            raise Broken(f"decision {broken} was broken already when the log was carried over (entry {row['id']})")

    def _end(self, one: _Chain) -> None:
        """What only shows when all rows are known."""
        if gone := [row for log, row in self.anchors if log == one.name]:
            raise Broken(f"{one.called} {min(gone)}, which the anchor knows, is not there any more")
        if one.name == JOURNAL:
            remembered = self.database.first(MetaRow.whole().where(MetaRow.name == journal.HEAD))
            last = self.database.first(JournalRow.select(JournalRow.chain).order_by(JournalRow.id.desc()))
            if (remembered and remembered.value) != (last and last.chain):
                raise Broken("the journal does not end with the entry that was written last")
        if unnamed := self.erased[one.name] - self.named[one.name]:
            raise Broken(f"{one.called} {min(unnamed)} has lost its words, and no entry says that they were erased")

    def _case(self, case: int, version: int, state: str) -> None:
        # A case's version counts its moves: that shows rows cut off the end, which the chain itself does not.
        if version << 4 | NUMBERS[state] == self.ends.get(case, NUMBERS[State.RECEIVED]):
            return
        # The daemon may have moved it meanwhile; that it does so between two reads, three times, is no accident.
        for _ in range(3):
            version, state = self._stands(case)
            moves, last = self._led(case)
            if (version, state) == (moves, last):
                return
        raise Broken(f"case {case} is {state} after {version} moves, the log says {last} after {moves}")

    def _stands(self, case: int) -> tuple[int, str]:
        [row] = self.database.rows(CaseRow.select(CaseRow.version, CaseRow.state).where(CaseRow.id == case))
        return row.version, row.state

    def _led(self, case: int) -> tuple[int, str]:
        """How many moves the log says this case has made, and where they led."""
        query = DecisionRow.select(DecisionRow.to_state).where(DecisionRow.case == case).order_by(DecisionRow.id)
        rows = self.database.rows(query)
        return len(rows), rows[-1].to_state if rows else str(State.RECEIVED)


def _called(one: _Chain, row: dict[str, Any]) -> str:
    return f"{one.called} {row['id']}" + (f" (case {row['case']})" if row["case"] else "")


def _each(database: Database, table: Any, *fields: Any) -> Iterator[tuple[Any, ...]]:
    """Every row of a table: its number, and these columns."""
    after = table.select(table.id, *fields).where(table.id > given(table.id, "last")).order_by(table.id)
    # peewee takes longer to read a row than all that is reckoned from it.
    page_after = Statement(after.limit(PAGE))
    last = 0
    while page := database.rows(page_after(last=last)):
        yield from page
        last = page[-1][0]
