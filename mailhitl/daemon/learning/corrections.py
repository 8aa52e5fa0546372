"""What is learned once a night: triage anew, answers that were approved, and what reviewers keep correcting.

It runs in a process of its own (``mailhitl learn now``). Corrections are only proposed: the journal keeps each proposal
once, and an admin accepts or dismisses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from mailhitl.case import Case, Event, State
from mailhitl.config.schema import Config
from mailhitl.decision import Channel
from mailhitl.draft import Draft
from mailhitl.drafting.library import Library
from mailhitl.drafting.placeholders import placeholders
from mailhitl.drafting.quoting import answer_words
from mailhitl.drafting.reading import SUFFIX
from mailhitl.drafting.redaction import anonymous, without_names
from mailhitl.errors import TemplateProblem
from mailhitl.insight.corrections import Change, Edit, Habit, Kind, changes, habits, patched, recurring
from mailhitl.kept import replace_file
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse
from mailhitl.ports.journal import Entry
from mailhitl.ports.knowledge import Snippet
from mailhitl.ports.store import Store
from mailhitl.store.knowledge import KnowledgeIndex
from mailhitl.templating import folders

#: How far back decisions are looked at: what was corrected before has been changed by now, or is wanted so.
REMEMBERED = timedelta(days=120)
#: The journal's words for a proposal, and for what an admin made of it.
CORRECTION, ACCEPTED, DISMISSED = "correction", "accepted", "dismissed"
#: The mode of a template's file: the umask takes from it what nobody else shall read.
READABLE = 0o666
#: Stands for a language model where others name a template's file.
MODEL = "model"


@dataclass(frozen=True, slots=True)
class Answered:
    """A case that a person approved. ``drafted`` is what a machine wrote, None where a person wrote the answer."""

    case: Case
    source: Message
    drafted: Draft | None
    sent: Draft


def answered(store: Store, since: datetime, now: datetime) -> Iterator[Answered]:
    """Every answer that a person approved, oldest first; what was erased is left out."""
    for about, rows in store.figures.rows(since, now):
        approvals = [row for row in rows if row.event == Event.APPROVE and row.channel != Channel.RULE]
        if not approvals:
            continue
        case = store.cases.get(about.case_id)
        raw = store.cases.source(case)
        if case.state is not State.SENT or not raw:
            continue
        source = parse(raw)
        # Who encrypts does not want the answer told to others either.
        if not source.encrypted:
            yield Answered(case, source, _machines(store, case), store.cases.draft(case))


def _machines(store: Store, case: Case) -> Draft | None:
    """The last draft that a machine wrote before people took over."""
    for revision in range(case.revision, 0, -1):
        draft = store.cases.draft(case, revision)
        if draft.author.startswith("drafter:"):
            return draft if draft.complete and draft.text else None
    return None


def names_of(one: Answered) -> tuple[str, ...]:
    """What is known of the names of the customer and of whom they have put into copy."""
    people = (*one.source.senders, *one.source.reply_to, *one.source.cc)
    return tuple(word for each in people for word in (each.name, each.spec.partition("@")[0]))


def source_name(draft: Draft) -> str:
    """What a correction of this draft is charged to: its template as in its evidence, or the language model."""
    if draft.author == "drafter:model":
        return MODEL
    named = (line.split()[1] for line in draft.evidence if line.startswith("template "))
    return next(named, draft.template)


def edits(answers: Sequence[Answered]) -> list[Edit]:
    """What people changed, the customers' names aside."""
    found = []
    for one in answers:
        if one.drafted is None:
            continue
        names = names_of(one)
        old, new = (without_names(answer_words(draft.text, one.source), names) for draft in (one.drafted, one.sent))
        moved = {*one.drafted.recipients} != {*one.sent.recipients}
        if made := tuple(changes(old, new, recipients=moved)):
            found.append(Edit(one.case.id, one.case.sender, source_name(one.drafted), made))
    return found


def rejections(store: Store, since: datetime, now: datetime) -> Iterator[tuple[str, str, int]]:
    """Every draft of a machine that a person rejected: its source, why, and the case."""
    for about, rows in store.figures.rows(since, now):
        for row in rows:
            if row.event == Event.REJECT and about.drafter:
                yield (about.template or MODEL, row.why, about.case_id)


def propose(store: Store, answers: Sequence[Answered], now: datetime) -> int:
    """Write what is repeated into the journal, each once; return how many are new."""
    fresh = sum(store.journal.add(_entry(habit, now)) for habit in habits(edits(answers)))
    for source, code, cases in recurring(rejections(store, now - REMEMBERED, now)):
        why = f"drafts of it were rejected {len(cases)} times for the same reason ({code}): cases {_listed(cases)}"
        data = {"cases": _listed(cases), "kind": f"rejected: {code}"}
        # Again when it has happened as often once more.
        key = f"rejected:{source}:{code}:{len(cases) // 3}"
        fresh += store.journal.add(_of(source, why, now, data, key))
    return fresh


def _entry(habit: Habit, now: datetime) -> Entry:
    change = habit.change
    data = {"kind": str(change.kind), "old": change.old, "new": change.new, "cases": _listed(habit.cases)}
    words = sha256(f"{habit.source}\0{change.old}\0{change.new}".encode()).hexdigest()[:16]
    return _of(habit.source, habit.why, now, data, f"correction:{words}")


def _of(source: str, why: str, now: datetime, data: Mapping[str, str], key: str) -> Entry:
    return Entry(CORRECTION, "learning", Channel.DAEMON, now, subject=source, why=why, data=data, key=key)


def _listed(cases: Sequence[int]) -> str:
    return ", ".join(str(number) for number in cases)


def open_proposals(store: Store) -> list[Entry]:
    """What was proposed and neither accepted nor dismissed."""
    settled = {entry.data.get("proposal") for entry in store.journal.entries({ACCEPTED, DISMISSED})}
    return [entry for entry in store.journal.entries({CORRECTION}) if str(entry.id) not in settled]


def settle(store: Store, proposal: Entry, kind: str, by: str, now: datetime, why: str = "") -> None:
    """Remember what an admin made of a proposal: ``accepted`` or ``dismissed``."""
    data = {"proposal": str(proposal.id)}
    key = f"settled:{proposal.id}"
    store.journal.add(Entry(kind, by, Channel.CLI, now, proposal.subject, why=why, data=data, key=key))


@dataclass(frozen=True, slots=True)
class Patch:
    """One file as it is (``before``, of ``file``) and as it would be; ``target`` is the admin's own file."""

    file: Path
    target: Path
    before: str
    after: str


def patch_of(config: Config, library: Library, proposal: Entry) -> Patch | None:
    """What accepting a proposal would change; None where no file can be changed by itself."""
    change = Change(Kind.TONE, proposal.data.get("old", ""), proposal.data.get("new", ""))
    if placeholders(change.new):
        # A reviewer's words, which may repeat a customer's, are text: in a template some of them would be code.
        return None
    if proposal.subject == MODEL:
        return _told_to_model(config, proposal, change)
    for template in library.templates():
        if template.file.name != proposal.subject:
            continue
        before = template.file.read_text(encoding="utf-8")
        after = patched(before, change)
        # The package's own templates are not changed: the admin's folder goes before them.
        target = config.agent.templates / "reply" / template.file.name
        return Patch(template.file, target, before, after) if after is not None else None
    return None


def _told_to_model(config: Config, proposal: Entry, change: Change) -> Patch | None:
    """A model is told: facts as a passage of the knowledge, everything else as a line of the house style."""
    if not change.new:
        return None
    if proposal.data.get("kind") == Kind.FACT and config.knowledge:
        file, line = config.knowledge.folders[0] / "corrections.md", f"\n{change.new}\n"
    elif config.llm and config.llm.style:
        instead = f" instead of “{change.old}”" if change.old else ""
        file, line = config.llm.style, f"\nWrite “{change.new}”{instead}.\n"
    else:
        return None
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    return Patch(file, file, before, f"{before.rstrip()}\n{line}".lstrip("\n"))


def apply(patch: Patch) -> None:
    """Write the changed file whole, or not at all."""
    patch.target.parent.mkdir(parents=True, exist_ok=True)
    for other in _other_languages(patch):
        replace_file(patch.target.with_name(other.name), other.read_bytes(), mode=READABLE)
    replace_file(patch.target, patch.after.encode(), mode=READABLE)


def _other_languages(patch: Patch) -> list[Path]:
    """The package's files of the same template: a folder that has one of them owns the name in every language."""
    if patch.file == patch.target or not patch.target.name.endswith(SUFFIX):
        return []
    name = patch.file.name.partition(".")[0]
    return [file for file in sorted(patch.file.parent.glob(f"{name}.*")) if file.name.endswith(SUFFIX)]


def learn_answers(index: KnowledgeIndex, answers: Sequence[Answered]) -> int:
    """Offer approved answers as knowledge, made anonymous; forget those that were erased. Return how many are new."""
    held, wanted = index.answers(), {one.case.id: one for one in answers}
    index.forget(held - wanted.keys())
    fresh = [one for number, one in wanted.items() if number not in held]
    for one in fresh:
        words = anonymous(answer_words(one.sent.text, one.source), names_of(one))
        index.learn(one.case.id, Snippet(f"case {one.case.id}", "", words, _intent(one.sent), one.sent.language))
    return len(fresh)


def _intent(draft: Draft) -> str:
    named = (line.split()[1] for line in draft.evidence if line.startswith("intent "))
    return next(named, "")


def checked(patch: Patch, folder: Path) -> None:
    """Try a changed template in an empty folder first. Raises TemplateProblem when the change has broken it."""
    trial = folder / "reply" / patch.target.name
    trial.parent.mkdir()
    trial.write_text(patch.after, encoding="utf-8")
    own = [problem for problem in Library(folders(folder)).check() if str(trial) in problem]
    if own:
        raise TemplateProblem("\n".join(own))
