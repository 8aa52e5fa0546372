"""The index of what the team knows: a SQLite file of its own, which may be deleted at any time.

It is a cache of files and of approved answers, so it needs neither the store's engine nor its migrations: another
version of it, or a ruined one, is made anew. Words are kept as stems, so that the trigrams of FTS5 find inflections and
compounds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from mailhitl.drafting.knowledge import LARGEST_FILE, LEAST_SCORE, passages, score
from mailhitl.drafting.triage import stems_of_weight
from mailhitl.errors import TemporaryFailure
from mailhitl.ports.knowledge import Question, Snippet

#: SQLite's result codes for a disk that is full, broken or somebody else's turn, and for a file that is none of ours.
DISK = (
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL),
    *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN),
)
RUINED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
#: Which files are read.
SUFFIXES = frozenset({".md", ".markdown", ".txt"})
#: How many passages are looked at more closely; of a question's words the longest are asked for.
CANDIDATES = 60
WORDS = 40
#: So many passages more are taken for granted that don't have a word.
FEW = 20
#: Languages differ little in numbers and names: a passage in another one counts this much.
OTHER_LANGUAGE = 0.7

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, stamp TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passages (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL, intent TEXT NOT NULL,
    language TEXT NOT NULL, path TEXT, case_id INTEGER);
CREATE INDEX IF NOT EXISTS passages_path ON passages (path);
CREATE UNIQUE INDEX IF NOT EXISTS passages_case ON passages (case_id);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (stems, tokenize = 'trigram');
PRAGMA user_version = 1;
"""


class KnowledgeIndex:
    """Fulfils ``ports.knowledge.Knowledge``. Safe to call from several threads and processes."""

    def __init__(self, path: Path, folders: Sequence[Path] = ()) -> None:
        self._path = path
        self._folders = tuple(folders)
        with self._failures():
            try:
                self._prepare()
            except sqlite3.DatabaseError as error:
                if _code(error) in DISK:
                    raise
                path.unlink(missing_ok=True)
                self._prepare()

    def refresh(self) -> int:
        found = {str(path): path for folder in self._folders for path in _files(folder)}
        with self._open() as index:
            known = dict(index.execute("SELECT path, stamp FROM files").fetchall())
            stamps = {name: stamp for name, path in found.items() if (stamp := _stamp(path))}
            changed = [name for name, stamp in stamps.items() if known.get(name) != stamp]
            gone = [name for name in known if name not in found]
            for name in (*gone, *changed):
                _drop(index, "path = ?", name)
                index.execute("DELETE FROM files WHERE path = ?", (name,))
            for name in changed:
                self._read(index, found[name], stamps[name])
        return len(changed) + len(gone)

    def answers(self) -> frozenset[int]:
        """The cases whose answers it holds."""
        with self._open() as index:
            return frozenset(row[0] for row in index.execute("SELECT case_id FROM passages WHERE case_id NOT NULL"))

    def learn(self, case_id: int, answer: Snippet) -> None:
        """Keep an approved answer, once per case. It must have been made anonymous."""
        with self._open() as index:
            _drop(index, "case_id = ?", case_id)
            _add(index, answer, case_id=case_id)

    def forget(self, case_ids: Collection[int]) -> None:
        """Drop the answers of these cases."""
        with self._open() as index:
            for case_id in case_ids:
                _drop(index, "case_id = ?", case_id)

    def search(self, question: Question, *, limit: int = 4) -> Sequence[Snippet]:
        stems = stems_of_weight(question.text)
        asked = [stem for stem in sorted(stems, key=lambda stem: (-len(stem), stem)) if len(stem) >= 3][:WORDS]
        if not asked:
            return ()
        with self._open() as index:
            found = _candidates(index, asked)
            common = _common(index, asked)
        fitting = [one for one in found if not (question.intent and one.intent) or one.intent == question.intent]
        scored = ((_score(stems, one, question, common), one) for one in fitting)
        best = sorted((pair for pair in scored if pair[0] >= LEAST_SCORE), key=lambda pair: -pair[0])
        return [_with_score(one, points) for points, one in best[:limit]]

    def _read(self, index: sqlite3.Connection, path: Path, stamp: str) -> None:
        content = path.read_bytes()[: 4 * LARGEST_FILE].decode("utf-8", "replace")
        for passage in passages(path.name, content):
            _add(index, passage, path=str(path))
        index.execute("INSERT INTO files VALUES (?, ?)", (str(path), stamp))

    def _prepare(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)
        with closing(sqlite3.connect(self._path)) as index:
            index.execute("PRAGMA journal_mode = WAL")
            index.executescript(_SCHEMA)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction on a connection of its own: closing it takes back what was not committed."""
        with self._failures(), closing(sqlite3.connect(self._path, timeout=30, isolation_level=None)) as index:
            index.execute("BEGIN IMMEDIATE")
            yield index
            index.execute("COMMIT")

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if _code(error) not in (*DISK, *RUINED):
                raise
            raise TemporaryFailure(f"the knowledge index: {error} ({self._path}; deleted, it is made anew)") from error


def _code(error: sqlite3.DatabaseError) -> int:
    """The primary result code, 0 when it is none of SQLite's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _files(folder: Path) -> Iterator[Path]:
    """Text files below the folder; hidden ones and what links lead to elsewhere are left out."""
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in SUFFIXES and not hidden and path.is_file() and path.resolve().is_relative_to(root):
            yield path


def _stamp(path: Path) -> str:
    try:
        seen = path.stat()
        with path.open("rb"):
            return f"{seen.st_mtime_ns}:{seen.st_size}"
    except OSError:
        return ""


def _add(index: sqlite3.Connection, one: Snippet, *, path: str | None = None, case_id: int | None = None) -> None:
    columns = (one.source, one.heading, one.text, one.intent, one.language, path, case_id)
    row = index.execute(
        "INSERT INTO passages (source, heading, text, intent, language, path, case_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
        columns,
    )
    stems = " ".join(sorted(stems_of_weight(f"{one.heading}\n{one.text}")))
    index.execute("INSERT INTO words (rowid, stems) VALUES (?, ?)", (row.lastrowid, stems))


def _drop(index: sqlite3.Connection, which: str, value: str | int) -> None:
    index.execute(f"DELETE FROM words WHERE rowid IN (SELECT id FROM passages WHERE {which})", (value,))  # noqa: S608
    index.execute(f"DELETE FROM passages WHERE {which}", (value,))  # noqa: S608


def _match(stems: Iterable[str]) -> str:
    # Quoted, because a customer's words are no query language.
    return " OR ".join(f'"{stem}"' for stem in stems)


def _candidates(index: sqlite3.Connection, asked: Sequence[str]) -> list[Snippet]:
    rows = index.execute(
        "SELECT source, heading, text, intent, language FROM words JOIN passages ON passages.id = words.rowid"
        " WHERE words MATCH ? ORDER BY bm25(words) LIMIT ?",
        (_match(asked), CANDIDATES),
    )
    return [Snippet(*row) for row in rows]


def _common(index: sqlite3.Connection, asked: Sequence[str]) -> dict[str, float]:
    """The share of passages that have each stem; of few passages little can be said of what is common."""
    total = index.execute("SELECT count(*) FROM passages").fetchone()[0]
    counted = "SELECT count(*) FROM words WHERE words MATCH ?"
    return {stem: index.execute(counted, (_match([stem]),)).fetchone()[0] / (total + FEW) for stem in asked}


def _score(stems: frozenset[str], one: Snippet, question: Question, common: dict[str, float]) -> float:
    if any(order.casefold() in one.text.casefold() for order in question.orders):
        return 1.0
    points = score(stems, one, common)
    foreign = one.language and question.language and one.language != question.language
    return points * OTHER_LANGUAGE if foreign else points


def _with_score(one: Snippet, points: float) -> Snippet:
    return Snippet(one.source, one.heading, one.text, one.intent, one.language, round(points, 2))
