"""What stands against releasing a draft although a person approved it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from mailhitl.case import Case, Outcome
from mailhitl.decision import Finding, Verdict
from mailhitl.draft import Draft
from mailhitl.mail.edited import EditedDraft
from mailhitl.mail.message import Message

#: Findings that no approval overrules: such a text was never meant to be sent.
NEVER_SENT = frozenset({"placeholder", "attachment-missing"})


def objections(
    case: Case, current: Draft, wanted: Draft, source: Message, findings: tuple[Finding, ...], verdict: Verdict
) -> Iterator[str]:
    """Yield every reason why ``wanted`` must not leave although it was approved. ``current`` is what was filed.

    New recipients and a lost attachment are objections to an *edit* only: once a packet has shown them, the approval
    of that revision covers them.
    """
    if Outcome.BLOCK in (case.outcome, verdict.outcome):
        yield "A rule blocks answers to this mail. Please answer the customer yourself."
    if not wanted.complete:
        yield "It is only a skeleton. Please write the answer into it, then move it to Approve."
    if not wanted.recipients:
        yield "It has no recipient."
    for finding in findings:
        if finding.kind in NEVER_SENT:
            yield f"The text is not finished ({finding.kind}): {finding.text}"
    if wanted.digest != current.digest:
        yield from _changes(current, wanted, source)


def _changes(current: Draft, wanted: Draft, source: Message) -> Iterator[str]:
    known = {address.lower() for address in current.recipients}
    known |= {a.key for a in (*source.senders, *source.reply_to, *source.to, *source.cc)}
    for address in wanted.recipients:
        if address.lower() not in known:
            yield f"It now also goes to {address}, who is not part of this conversation."
    lost = {a.digest: a.name for a in current.attachments if a.digest not in {b.digest for b in wanted.attachments}}
    for name in lost.values():
        yield f"The attachment {name} is gone."


def hidden_copies(edit: EditedDraft | None) -> Iterator[str]:
    """A blind copy is never sent along silently."""
    if edit and edit.bcc:
        yield f"A blind copy to {', '.join(edit.bcc)} was added; blind copies are never sent."
