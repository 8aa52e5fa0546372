"""Who may put mail into a decision folder: that right is the right to decide (RFC 4314)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mailhitl.review.reviewers import Reviewers

#: Who the server says the folder belongs to: the shared account itself.
_ITSELF = frozenset({"owner", "administrators", "$administrators"})


def inserters(rights: Mapping[str, str]) -> tuple[str, ...]:
    """Everybody whom the folder's rights allow to put mail into it. A leading ``-`` takes rights away."""
    return tuple(who for who, letters in rights.items() if "i" in letters and not who.startswith("-"))


def strangers(
    rights: Mapping[str, str], reviewers: Reviewers, *, accounts: Collection[str], owner: str = ""
) -> tuple[str, ...]:
    """Those of them who are neither a reviewer nor one of the mailbox's own ``accounts`` (lower case).

    ``owner`` is whose own folder it is: then no other reviewer belongs there either. Groups and ``anyone`` are
    strangers: who is in them, IMAP does not tell.
    """
    return tuple(who for who in inserters(rights) if not _belongs(who, reviewers, accounts, owner))


def _belongs(who: str, reviewers: Reviewers, accounts: Collection[str], owner: str) -> bool:
    if who.lower() in accounts or who.lower() in _ITSELF:
        return True
    person = reviewers.by_address(who) or reviewers.by_name(who)
    return person is not None and (not owner or person == reviewers.by_name(owner))
