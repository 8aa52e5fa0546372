"""What triage learns from, and where it keeps what it has learned.

Learning takes minutes of one processor, so it happens in a process of its own (``mailhitl triage learn``), which the
daemon starts at night and at its start. The daemon looks at the file and takes a new one into use at the next mail.
"""

from __future__ import annotations

import csv
import io
import json
import pickle
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import structlog

from mailhitl.case import Event, State
from mailhitl.config.schema import Config
from mailhitl.decision import Channel
from mailhitl.drafting.learned import Labelled, LearnedTriage, fingerprint
from mailhitl.errors import ConfigError, ModelFailure
from mailhitl.kept import replace_file
from mailhitl.mail.message import Message
from mailhitl.ports.drafter import Classifier, Triage
from mailhitl.ports.journal import Judgment
from mailhitl.ports.model import Embedder
from mailhitl.ports.store import Store
from mailhitl.rules.snapshot import thaw

log = structlog.get_logger(__name__)

FILE = "triage.model"
#: How far back decisions are learned from, and how many at most: newer ones know better.
REMEMBERED = timedelta(days=365)
MOST_DECISIONS = 20_000
#: Seconds between looks at the file.
LOOK = 10.0
#: Characters of a customer's mail that are learned from.
LONGEST = 2_000
_MAGIC = b"mailhitl triage\n"


def engine() -> str:
    """The version of what a model is made with, "" when the extra is not installed. A model fits no other."""
    try:
        return version("scikit-learn")
    except PackageNotFoundError:
        return ""


def from_config(config: Config) -> list[Labelled]:
    """The examples in the config and its CSV file. Raises ConfigError naming file and line."""
    written = [(text, intent.name) for intent in config.intent for text in intent.examples]
    path = config.triage.csv
    return [*written, *(_read(path, {intent.name for intent in config.intent}) if path else ())]


def _read(path: Path, known: set[str]) -> Iterator[Labelled]:
    problems = []
    with _opened(path) as file:
        reader = csv.DictReader(file)
        if not {"text", "intent"} <= set(reader.fieldnames or ()):
            raise ConfigError([f"{path}:1: the examples need the columns “text” and “intent”"])
        for row in reader:
            if row["intent"] not in known:
                problems.append(f"{path}:{reader.line_num}: there is no [[intent]] named “{row['intent']}”")
            elif row["text"]:
                yield row["text"], row["intent"]
    if problems:
        raise ConfigError(problems)


def _opened(path: Path) -> io.StringIO:
    """The file's text. Raises ConfigError naming it."""
    try:
        return io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")
    except OSError as error:
        raise ConfigError([f"{path}: triage.csv cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: triage.csv is not UTF-8 text; save it as “CSV UTF-8”"]) from None


def from_decisions(store: Store, now: datetime, intents: set[str]) -> list[Labelled]:
    """Mails whose drafted answer people approved, unedited or edited: their words and the intent that was seen.

    A rejected draft teaches nothing: it may have been the right intent with the wrong words.
    """
    learned: dict[int, Labelled] = {}
    for judgment in store.judgments.since(now - REMEMBERED):
        if judgment.case_id not in learned and (lesson := _lesson(store, judgment)) and lesson[1] in intents:
            learned[judgment.case_id] = lesson
    return list(learned.values())[-MOST_DECISIONS:]


def _lesson(store: Store, judgment: Judgment) -> Labelled | None:
    """What this judgment teaches, None when nothing: its words were erased, or no person has approved its draft."""
    try:
        facts, case = thaw(judgment.facts), store.cases.get(judgment.case_id)
    except (ValueError, KeyError):
        return None
    text = " ".join(facts.message.new_text[:LONGEST].split())
    draft = facts.draft
    # Whoever approves a template's words agrees to its intent; a model's may be right where the intent is wrong.
    if case.state is not State.SENT or draft is None or not (draft.complete and draft.template and text):
        return None
    by_person = any(one.event is Event.APPROVE and one.channel is not Channel.RULE for one in store.cases.log(case))
    return (text, facts.triage.intent) if by_person else None


def learn(
    path: Path, examples: Sequence[Labelled], embedder: Embedder | None = None, private: Collection[str] = ()
) -> bool:
    """Learn and keep it, unless the file holds just that; True when it was learned anew.

    ``private`` are the texts that nobody else may read. Raises TooFewExamples, or ModelFailure when ``embedder`` gives
    no vectors.
    """
    wanted = fingerprint(examples, embedder.name if embedder else "")
    if _header(path) == {"learned": wanted, "engine": engine()}:
        return False
    model = LearnedTriage(examples, embedder, private)
    header = json.dumps({"learned": model.version, "engine": engine()}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    # The file holds customers' words.
    replace_file(path, _MAGIC + header + b"\n" + pickle.dumps(model), mode=0o600)
    return True


def load(path: Path) -> LearnedTriage | None:
    """What was learned, None when there is none that fits. The file is as trusted as the database beside it."""
    header = _header(path)
    if header is None or header.get("engine") != engine():
        return None
    with path.open("rb") as file:
        file.readline(), file.readline()
        model = pickle.load(file)  # noqa: S301 - written by us into a directory that is ours alone
    return model if isinstance(model, LearnedTriage) else None


def _header(path: Path) -> dict[str, str] | None:
    with suppress(OSError, ValueError), path.open("rb") as file:
        if file.readline() == _MAGIC:
            header: dict[str, str] = json.loads(file.readline())
            return header
    return None


@dataclass(slots=True)
class TaughtTriage:
    """Asks what was learned, and the admin's words where nothing was yet; fulfils ``ports.drafter.Classifier``."""

    path: Path
    words: Classifier
    embedder: Embedder | None = None
    clock: Callable[[], float] = time.monotonic
    _learned: LearnedTriage | None = field(default=None, init=False)
    _stamp: tuple[int, int] | None = field(default=None, init=False)
    _asked: tuple[Message, Classifier, Triage] | None = field(default=None, init=False)
    _look: float = field(default=-1.0, init=False)

    @property
    def version(self) -> str:
        """What decides now: for the versions of a decision."""
        self._refresh()
        return self._learned.version if self._learned else "words"

    def triage(self, message: Message) -> Triage:
        self._refresh()
        judge = self._learned or self.words
        # The drafter asks, and then the rules do.
        if self._asked is None or self._asked[0] is not message or self._asked[1] is not judge:
            self._asked = message, judge, self._judged(judge, message)
        return self._asked[2]

    def _judged(self, judge: Classifier, message: Message) -> Triage:
        try:
            return judge.triage(message)
        except ModelFailure as failure:
            log.warning("triage by words", problem=str(failure))
            return self.words.triage(message)

    def _refresh(self) -> None:
        if self.clock() < self._look:
            return
        self._look = self.clock() + LOOK
        try:
            seen = self.path.stat()
            if (stamp := (seen.st_mtime_ns, seen.st_size)) != self._stamp:
                self._learned, self._stamp = load(self.path), stamp
                if self._learned is not None:
                    self._learned.connect(self.embedder)
        except Exception as problem:  # noqa: BLE001  a ruined pickle may raise anything; triage goes on without it
            if self._learned is not None or not isinstance(problem, FileNotFoundError):
                log.warning("what triage has learned cannot be read", problem=type(problem).__name__)
