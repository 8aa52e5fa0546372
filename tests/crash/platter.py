"""A disk that may lose its power: what was synced stays; of the rest anything may be missing, torn or out of order.

It is told what a process wrote, by the lines of strace, and gives images of a folder as it may be found afterwards. The
model is the harshest that POSIX allows (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014): to sync a
file keeps its bytes and not its name, to sync a folder keeps its names, and what was never synced has no order.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

#: What a process does to files, as far as SQLite and Python make use of it.
CALLS = (
    *("openat", "pwrite64", "write", "ftruncate", "fsync", "fdatasync", "unlink", "rename", "mkdir", "rmdir"),
    *("fallocate", "pwritev", "writev", "truncate", "renameat", "renameat2", "link", "unlinkat", "copy_file_range"),
)
#: So many bytes are written whole or not at all.
SECTOR = 512

_CALL = re.compile(r"(\d+) +(\w+)\((.*)")
_RESUMED = re.compile(r"(\d+) +<\.\.\. \w+ resumed>(.*)")
_UNFINISHED = " <unfinished ...>"
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A file or a folder."""

    folder: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes of a file."""

    node: Node
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """A file's new length."""

    node: Node
    size: int


@dataclass(frozen=True, slots=True)
class Named:
    """Names of one folder, given and taken away (None) in one step."""

    names: Mapping[Path, Node | None]

    @property
    def folder(self) -> Path:
        return next(iter(self.names)).parent


Change = Written | Cut | Named
#: What comes through of the changes that no sync has covered.
Loss = Callable[[Sequence[Change], Random], Sequence[Change]]


class Disk:
    """What is written below ``root``, and what of it may be found after a power loss.

    ``deaf``: this disk never does what it is asked to by a sync.
    """

    def __init__(self, root: Path, *, deaf: bool = False) -> None:
        self.root, self.deaf = root.resolve(), deaf
        found = [self.root, *self.root.rglob("*")] if self.root.exists() else []
        # What stands there before the first line has been on the disk for long.
        self.kept = {path: Node(path.is_dir()) for path in found}
        self.bytes = {node: path.read_bytes() for path, node in self.kept.items() if not node.folder}
        self.named = dict(self.kept)
        self.unsynced: list[Change] = []
        self._begun: dict[str, tuple[str, str, int]] = {}
        self._ends: dict[Node, int] = {}

    def see(self, line: str) -> None:
        """Take in one line of the trace."""
        if found := _RESUMED.match(line):
            name, words, before = self._begun.pop(found[1])
            self._take(name, words + found[2], before)
        elif (found := _CALL.match(line)) and found[3].endswith(_UNFINISHED):
            self._begun[found[1]] = (found[2], found[3].removesuffix(_UNFINISHED), len(self.unsynced))
        elif found:
            self._take(found[2], found[3], len(self.unsynced))

    def image(self, loss: Loss, chance: Random) -> dict[Path, bytes | None]:
        """What may be found: each file's bytes, None for a folder. ``-shm`` is memory, and gone."""
        begun = [
            change
            for name, words, _ in self._begun.values()
            if name in _CHANGES
            for change in self._changes(name, words)
        ]
        names, contents = dict(self.kept), dict(self.bytes)
        _apply(loss([*self.unsynced, *begun], chance), names, contents)
        reached = {path: node for path, node in names.items() if self._reaches(path, names)}
        return {
            path: None if node.folder else contents.get(node, b"")
            for path, node in reached.items()
            if not path.name.endswith("-shm")
        }

    def put(self, image: Mapping[Path, bytes | None], root: Path) -> None:
        """Make ``root`` look like that."""
        shutil.rmtree(root, ignore_errors=True)
        for path, content in sorted(image.items()):
            target = root / path.relative_to(self.root)
            if content is None:
                target.mkdir(mode=0o700, parents=True)
            else:
                target.write_bytes(content)
                target.chmod(0o600)

    def _reaches(self, path: Path, names: Mapping[Path, Node]) -> bool:
        return path == self.root or (path.parent in names and self._reaches(path.parent, names))

    def _take(self, name: str, words: str, before: int) -> None:
        if name in ("fsync", "fdatasync"):
            self._sync(_file(words), before)
        elif name in CALLS:
            changes = list(self._changes(name, words))
            self.unsynced += changes
            _apply([change for change in changes if isinstance(change, Named)], self.named, {})
            ends = {change.node: change.offset + len(change.data) for change in changes if isinstance(change, Written)}
            self._ends.update(ends)

    def _sync(self, path: Path | None, before: int) -> None:
        """What was done to this file, or to the names of this folder, before the sync began is on the disk now."""
        if self.deaf:
            return
        node = self.named.get(path)
        asked = [
            change
            for change in self.unsynced[:before]
            if (change.folder == path if isinstance(change, Named) else change.node is node)
        ]
        _apply(asked, self.kept, self.bytes)
        done = {id(change) for change in asked}
        self.unsynced = [change for change in self.unsynced if id(change) not in done]

    def _changes(self, name: str, words: str) -> Iterator[Change]:
        """What a call did below the root."""
        path = _file(words) or _opened(words) or Path(_texts(words)[0] if _texts(words) else "")
        if re.search(r"\) += -1 |>\(deleted\)", words) or (path != self.root and self.root not in path.parents):
            return
        if name not in _CHANGES:
            raise NotImplementedError(f"{name} of a file is not understood: {words[:200]}")
        yield from _CHANGES[name](self, path, words)

    def _open(self, path: Path, words: str) -> Iterator[Change]:
        if path in self.named:
            self._ends[self.named[path]] = 0
        if path not in self.named:
            yield Named({path: Node()})
        elif "O_TRUNC" in words:
            yield Cut(self.named[path], 0)

    def _write(self, path: Path, words: str) -> Iterator[Change]:
        node = self.named[path]
        yield Written(node, self._ends.get(node, 0), _data(words))

    def _write_at(self, path: Path, words: str) -> Iterator[Change]:
        yield Written(self.named[path], _last_number(words), _data(words))

    def _cut(self, path: Path, words: str) -> Iterator[Change]:
        yield Cut(self.named[path], _last_number(words))

    def _remove(self, path: Path, words: str) -> Iterator[Change]:
        yield Named({path: None})

    def _make_folder(self, path: Path, words: str) -> Iterator[Change]:
        yield Named({path: Node(folder=True)})

    def _rename(self, path: Path, words: str) -> Iterator[Change]:
        yield Named({path: None, Path(_texts(words)[1]): self.named[path]})


_CHANGES: dict[str, Callable[[Disk, Path, str], Iterator[Change]]] = {
    "openat": Disk._open,
    "write": Disk._write,
    "pwrite64": Disk._write_at,
    "ftruncate": Disk._cut,
    "unlink": Disk._remove,
    "rmdir": Disk._remove,
    "mkdir": Disk._make_folder,
    "rename": Disk._rename,
}


def _apply(changes: Sequence[Change], names: dict[Path, Node], contents: dict[Node, bytes]) -> None:
    for change in changes:
        if isinstance(change, Named):
            names.update({path: node for path, node in change.names.items() if node is not None})
            for path in [path for path, node in change.names.items() if node is None]:
                names.pop(path, None)
            continue
        before = contents.get(change.node, b"")
        if isinstance(change, Cut):
            contents[change.node] = before[: change.size].ljust(change.size, b"\0")
        else:
            start, end = change.offset, change.offset + len(change.data)
            contents[change.node] = before[:start].ljust(start, b"\0") + change.data + before[end:]


def nothing(changes: Sequence[Change], chance: Random) -> Sequence[Change]:
    """Only what was synced is there."""
    return []


def everything(changes: Sequence[Change], chance: Random) -> Sequence[Change]:
    """The disk was quick: all is there, as after a kill."""
    return changes


def first_ones(changes: Sequence[Change], chance: Random) -> Sequence[Change]:
    """In order, up to some moment; what was being written then is torn."""
    count = chance.randint(0, len(changes))
    return [*changes[:count], *(part for change in changes[count : count + 1] for part in torn(change, chance))]


def some(changes: Sequence[Change], chance: Random) -> Sequence[Change]:
    """Any of them, some of these torn."""
    share = chance.choice((0.1, 0.5, 0.9))
    chosen = [change for change in changes if chance.random() < share]
    return [part for one in chosen for part in (torn(one, chance) if chance.random() < 0.2 else [one])]


LOSSES: dict[str, Loss] = {"nothing": nothing, "everything": everything, "first": first_ones, "some": some}


def torn(change: Change, chance: Random) -> list[Change]:
    """Some sectors of what was written. A name and a length are there or not."""
    if not isinstance(change, Written):
        return [change] if chance.random() < 0.5 else []
    begin, end = change.offset, change.offset + len(change.data)
    edges = [begin, *range(begin - begin % SECTOR + SECTOR, end, SECTOR), end]
    parts = [(one, other) for one, other in pairwise(edges) if chance.random() < 0.5]
    return [Written(change.node, one, change.data[one - begin : other - begin]) for one, other in parts]


def _file(words: str) -> Path | None:
    found = re.match(r"\d+<([^>]*)>", words)
    return Path(found[1]) if found else None


def _opened(words: str) -> Path | None:
    found = re.search(r"\) += \d+<([^>]*)>$", words)
    return Path(found[1]) if found else None


def _texts(words: str) -> list[str]:
    return [_spelled(text).decode() for text in _TEXT.findall(words)]


def _data(words: str) -> bytes:
    found = _TEXT.search(words)
    assert found is not None
    assert not words[found.end() :].startswith("..."), "strace has cut it"
    return _spelled(found[1])


def _last_number(words: str) -> int:
    """The last of what stands behind the file and the text."""
    return int(re.findall(r"(?<=, )\d+(?=[,)]|$)", _TEXT.sub("", words))[-1])


def _spelled(text: str) -> bytes:
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")
