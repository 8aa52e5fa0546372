"""(bounces) What delivery reports say, read from every report of the corpora whose recipients are known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.place import Place
from mailhitl.mail.bounce import Fate, Report, read_report
from mailhitl.mail.parse import parse

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


@dataclass(frozen=True, slots=True)
class Reading:
    """One labelled mail and what was read of it. ``truth`` is the label's; None when it has none."""

    file: str
    truth: dict[str, Any]
    tags: tuple[str, ...]
    report: Report | None

    @property
    def named(self) -> bool:
        """Whether the label says whom the mail did not reach."""
        return bool(self.truth.get("failed_recipients"))

    @property
    def recipients_right(self) -> bool:
        """Exactly those that the label names; the library's label lists delayed ones only where nothing failed."""
        found = self.report.recipients if self.report else ()
        told = {one.address.lower() for one in found if (one.fate is Fate.DELAYED) == self.truth["temporary"]}
        return told == {address.lower() for address in self.truth["failed_recipients"]}

    @property
    def hardness_right(self) -> bool:
        """Permanent where the label says so, and only there."""
        return self.report is not None and self.report.hard != self.truth["temporary"]


def readings(corpus: Path = CORPUS) -> Iterator[Reading]:
    """Read every message of the corpora as if it had come in."""
    for line in (corpus / "LABELS.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        if label["role"] != "message":
            continue
        raw = (corpus / label["file"]).read_bytes()
        report = read_report(parse(raw), raw)
        yield Reading(label["file"], label.get("truth") or {}, tuple(label.get("tags") or ()), report)


def measure(place: Place) -> list[Figure]:
    named = [reading for reading in readings() if reading.named]
    wrong = sum(not reading.recipients_right for reading in named) / len(named)
    misjudged = sum(not reading.hardness_right for reading in named) / len(named)
    note = (
        f"(bounces) {len(named)} reports with known recipients. The library that reads the wordings was made with "
        "these very files: on others it will do worse."
    )
    return [
        Figure("(bounces) recipients not exactly right", "share", [wrong], (), "max", 0.05, note),
        Figure("(bounces) hard and soft taken for each other", "share", [misjudged], (), "max", 0.10, note),
    ]
