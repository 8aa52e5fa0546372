"""A decision: who moved a case, how, why, and on which draft; and what the rules made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailhitl.case import Event, Outcome, State


class Channel(StrEnum):
    """The road a decision came by."""

    RULE = "rule"
    FOLDER = "folder"
    REPLY = "reply"
    HAND = "hand"  # the customer was answered by hand, outside the agent
    CLI = "cli"
    DAEMON = "daemon"


@dataclass(frozen=True, slots=True)
class Finding:
    """One risk: its kind (``money``, ``placeholder``, …), the words that show it, and whether they stand in the
    ``draft`` or in the customer's ``mail``."""

    kind: str
    text: str
    place: str = "draft"


@dataclass(frozen=True, slots=True)
class Reason:
    """One hit of one rule or gate, in words a reviewer can act on. ``text`` is the rule's own ``why``."""

    rule: str
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules make of a message and its draft: the strictest outcome and every reason.

    ``groups`` are the reviewers' groups named by the hits, ``approvals`` how many people must agree, ``named`` whether
    only approvals that carry an identity count, ``undo`` seconds an automatic send waits in Outgoing, ``sample`` the
    share of automatic sends that is looked at afterwards (0..1), ``hits`` the names of the rules that hit.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    groups: tuple[str, ...] = ()
    approvals: int = 1
    named: bool = False
    undo: float = 0.0
    sample: float = 0.0
    hits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the log: append-only, written in the same transaction as the move it explains.

    ``by`` is an address, ``rule:<name>``, ``someone with access`` (a shared login moved the mail) or a runner's name.
    ``proof`` says what vouches for ``by`` (``folder:Drafts/Approve``, ``reply: token + dkim=pass``, …).
    ``code`` is one word for statistics (``codes.CODES``), ``why`` free text. ``from_state`` and ``to_state`` are filled
    in by the store.
    """

    event: Event
    by: str
    channel: Channel
    why: str
    at: datetime
    code: str = ""
    proof: str = ""
    revision: int = 0
    draft_digest: str | None = None
    reasons: tuple[Reason, ...] = ()
    versions: str = ""
    from_state: State | None = None
    to_state: State | None = None
