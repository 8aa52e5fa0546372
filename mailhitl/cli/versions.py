"""The versions of a draft: what each changed, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from mailhitl.case import Case
from mailhitl.draft import Draft
from mailhitl.ports.store import Store


def versions(store: Store, case: Case) -> list[dict[str, str]]:
    """Each version of the case's draft, oldest first: who wrote it, and the difference to the one before."""
    found, before = [], Draft((), (), "", "", "")
    for revision in range(1, case.revision + 1):
        draft = store.cases.draft(case, revision)
        found.append({"version": str(revision), "author": draft.author, "diff": "\n".join(_diff(before, draft))})
        before = draft
    return found


def _diff(before: Draft, after: Draft) -> Iterator[str]:
    """What the customer would read other than before; of the first version all of it."""
    lines = difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=1)
    # The first two name files, and there are none.
    yield from (line for line in list(lines)[2:] if not line.startswith("@@"))


def _lines(draft: Draft) -> list[str]:
    if not draft.author:
        return []
    files = [f"Attached: {attachment.name}" for attachment in draft.attachments]
    head = [
        f"To: {', '.join(draft.to)}",
        *([f"Cc: {', '.join(draft.cc)}"] if draft.cc else []),
        f"Subject: {draft.subject}",
    ]
    return [*head, *files, "", *draft.text.splitlines()]
