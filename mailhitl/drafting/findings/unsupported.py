"""The gate ``unsupported``: what a language model says and no source does."""

from __future__ import annotations

from collections.abc import Iterator

from mailhitl.draft import DOUBT
from mailhitl.drafting.findings.answer import Answer


def unsupported(answer: Answer) -> Iterator[str]:
    """A language model's draft has a sentence with a number, date, price, promise, link or address that the sources it
    names don't say. It was marked when the draft was written, and counts for as long as the sentence stands in it.
    """
    own = " ".join(answer.own.shown.split())
    for line in answer.draft.evidence:
        sentence = line.removeprefix(DOUBT).strip("“”…")
        if line.startswith(DOUBT) and sentence in own:
            yield sentence
