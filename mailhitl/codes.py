"""Codes: the closed list of words that say, for statistics, why a decision was made, and of the journal's kinds.

``docs/reference/log.md`` shows both tables; tests hold code, tables and paper equal. To add one: name it here, then
``python -m mailhitl.codes --write``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

#: ``Decision.code``: what led to it.
CODES: Mapping[str, str] = {
    # What the rules said of a mail.
    "send": "a rule lets the draft go out without a person",
    "review": "a rule or gate wants a person",
    "block": "a rule wants a person, and no draft",
    "skip": "a rule says that no answer is wanted",
    "automatic": "the mail was written by a machine, which is never answered",
    # What a hand did in the folders.
    "approved": "the draft was moved to Approve as it stood",
    "approved-edited": "the draft was edited, then moved to Approve",
    "rejected": "the draft was moved to Reject",
    "trashed": "the draft was moved to the trash",
    "escalated": "the draft was moved to Escalate",
    "edited": "another version of the draft was saved",
    "cancelled": "an automatic answer was taken out of Outgoing, or an approved one out of Approve",
    "answered-mark": "the customer's mail carries the answered mark, and nobody knows by whose answer",
    # What a reviewer answered.
    "reply-approve": "a reviewer answered “approve”",
    "reply-edit": "a reviewer answered “edit:” with a text of their own",
    "reply-reject": "a reviewer answered “reject”",
    "reply-escalate": "a reviewer answered “escalate”",
    "reply-arrived": "a reviewer answered that the customer has an answer",
    "snooze": "a reviewer answered “snooze”: reminders and escalation pause",
    "redraft": "a reviewer asked for another draft",
    "redrafted": "the language model has written another draft",
    "redraft-failed": "the language model gave no other draft",
    "held-again": "an approval was seen and not followed: something stands against it",
    # What happened around it.
    "customer-wrote-again": "the customer wrote again before the answer left",
    "answered-by-hand": "somebody answered the customer by hand",
    "answered-unproven": "a mail says that somebody answered the customer by hand, and nothing proves who wrote it",
    "silence": "nobody decided in time, so the next group is asked",
    "expired": "nobody decided at all: closed, nothing sent",
    "digest": "the weekly digest waits until a group has signed it off",
    # Sending.
    "claim": "the answer is about to be handed over; the proof names the mail and the SHA-256 of its bytes",
    "accepted": "the server took it for every recipient",
    "deferred": "the server said “later”: tried again",
    "refused": "the server said no: a person looks",
    "unknown": "it may have gone out: never again by itself",
    "safe": "stopped before anything was handed over: tried again",
    "send-check": "the last look before sending found a reason to hold it",
    "restored": "the database is older than the mailbox: what was approved is held, what stands in Sent is closed",
    "judged-again": "the rules, asked again before sending, want a person now",
    # Set aside, and the command line.
    "error": "handling it failed: set aside for a person",
    "quarantined": "taking it in failed several times: set aside unread",
    "retry": "taken up again on the command line",
    "forgotten": "closed because the customer is to be forgotten",
}

#: ``Entry.kind``: what was decided or found out beside the moves of cases.
KINDS: Mapping[str, str] = {
    "pause": "sending was paused",
    "resume": "a pause was taken back",
    "rule": "a rule was seen for the first time, or changed in the config",
    "propose": "a rule's promotion was proposed",
    "promote": "a rule was promoted",
    "demote": "a rule was demoted",
    "sample": "an automatic answer was drawn to be looked at afterwards",
    "right": "a sample was found right",
    "wrong": "a sample was found wrong, or the customer said so",
    "bounce": "an answer did not reach a recipient",
    "unattributed": "a bounce that fits no answer for sure",
    "complaint": "the customer's provider reported a complaint",
    "reopened": "the customer wrote again after the answer",
    "correction": "reviewers keep making the same correction, or rejecting for the same reason: a change is proposed",
    "accepted": "a proposed correction was made",
    "dismissed": "a proposed correction was dropped",
    "digest": "the weekly digest was made",
    "alarm": "the alarm rang, or said that it is over",
    "trouble": "something is wrong with a mailbox; the alarm tells of it",
    "refused": "what a reviewer asked for by mail was not done, and why",
    "restored": "an answer stands in Sent that the database knows nothing of: it is older than the mailbox",
    "uidvalidity": "the server has numbered a folder's mails anew",
    "forget": "a person was forgotten; names the rows that lost their words",
    "retention": "what had its time was erased; names the rows that lost their words",
    "rechained": "the log of an older schema was carried over; names the last link of its chain",
}

PAPER = Path(__file__).parents[1] / "docs" / "reference" / "log.md"
#: The lines of the paper between which the tables stand.
MARKS = ("<!-- codes -->", "<!-- end of codes -->")


def tables() -> str:
    """Both tables as Markdown."""
    parts = []
    for title, name, words in (("Codes of decisions", "code", CODES), ("Kinds of entries", "kind", KINDS)):
        rows = "\n".join(f"| `{word}` | {meaning} |" for word, meaning in words.items())
        parts.append(f"### {title}\n\n| {name} | means |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def written(paper: str) -> str:
    """The paper with the tables as they are now."""
    before, _, rest = paper.partition(MARKS[0])
    return f"{before}{MARKS[0]}\n\n{tables()}\n{MARKS[1]}{rest.partition(MARKS[1])[2]}"


if __name__ == "__main__" and "--write" in sys.argv:
    PAPER.write_text(written(PAPER.read_text("utf-8")), "utf-8")
