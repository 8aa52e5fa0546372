"""Whose hand it was, and whether it may: reviewers, groups, and how many have to agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from mailhitl.case import Event
from mailhitl.decision import Decision

#: After these everybody decides again, on the same words.
ASKED_ANEW = frozenset({Event.REFUSE, Event.LOSE})
#: Who moved it when a shared login did: IMAP never says.
SOMEONE = "someone with access"


@dataclass(frozen=True, slots=True)
class Reviewer:
    """One person who may decide. ``address`` is a strict addr-spec, compared without regard to case; it stands for the
    person in the log and wherever people are told apart. ``aliases`` are further addresses that the person writes from.

    ``absent`` are the first and the last day of each absence, ``substitute`` the name of who is asked meanwhile ("":
    the rest of the group). Who is absent may decide all the same.
    """

    name: str
    address: str
    groups: frozenset[str] = frozenset()
    absent: tuple[tuple[date, date], ...] = ()
    substitute: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def addresses(self) -> frozenset[str]:
        """All of them, in small letters."""
        return frozenset(each.lower() for each in (self.address, *self.aliases))

    def away(self, day: date) -> bool:
        return any(first <= day <= last for first, last in self.absent)


@dataclass(frozen=True, slots=True)
class Reviewers:
    """All of them, in the order of the config."""

    people: tuple[Reviewer, ...]

    def in_group(self, group: str) -> tuple[Reviewer, ...]:
        """The group's people; everybody when the group is "" or has nobody: someone is always left to ask."""
        return tuple(person for person in self.people if group in person.groups) or self.people

    def asked(self, group: str, day: date) -> tuple[Reviewer, ...]:
        """Whom to ask on this day (in the agent's time zone): the group's people, and for each who is away their
        substitute. When that leaves nobody: everybody who is there; when nobody is, the group after all.
        """
        people = self.in_group(group)
        found = [there for person in people if (there := self._in_place_of(person, day))]
        present = [person for person in self.people if not person.away(day)]
        return tuple(dict.fromkeys(found or present)) or people

    def _in_place_of(self, person: Reviewer, day: date) -> Reviewer | None:
        """The person, or whoever stands in for them; a substitute who is away has one of their own."""
        tried: set[str] = set()
        standing: Reviewer | None = person
        while standing and standing.away(day) and standing.name not in tried:
            tried.add(standing.name)
            wanted = standing.substitute.casefold()
            standing = next((other for other in self.people if other.name.casefold() == wanted), None)
        return standing if standing and not standing.away(day) else None

    def by_address(self, address: str) -> Reviewer | None:
        """The one reviewer who has exactly this address in the config. No plus-addresses, nothing looser."""
        return next((person for person in self.people if address.lower() in person.addresses), None)

    def standing_for(self, address: str) -> str:
        """The address that stands for whoever writes from this one; in small letters."""
        person = self.by_address(address)
        return (person.address if person else address).lower()

    def by_name(self, name: str) -> Reviewer | None:
        """The reviewer a folder ``Approve/<name>`` belongs to: by name or by the address's local part."""
        wanted = name.casefold()
        for person in self.people:
            if wanted in (person.name.casefold(), person.address.partition("@")[0].casefold()):
                return person
        return None

    def next_group(self, group: str) -> str:
        """Where an escalation without a name goes: the next group in the order of the config, or everybody ("")."""
        groups = list(dict.fromkeys(name for person in self.people for name in sorted(person.groups)))
        later = groups[groups.index(group) + 1 :] if group in groups else groups
        return later[0] if later else ""

    def find_group(self, wanted: str) -> str | None:
        """The group that a reviewer named by its own name, or by one of its people's; None when there is none."""
        word = wanted.strip().casefold()
        for person in self.people:
            for group in person.groups:
                if group.casefold() == word:
                    return group
        named = self.by_name(word) or self.by_address(word)
        return min(named.groups) if named and named.groups else None


@dataclass(frozen=True, slots=True)
class Hand:
    """Who did it, as far as it can be known. ``named`` is False for a shared login."""

    by: str
    named: bool
    proof: str


def approvers(log: Iterable[Decision], digest: str) -> frozenset[str]:
    """Everyone who has approved exactly this draft since it was last asked about.

    One person counts once, however they sign.
    """
    people: set[str] = set()
    for decision in log:
        if decision.event in ASKED_ANEW:
            people.clear()
        elif decision.event is Event.ENDORSE and decision.draft_digest == digest:
            people.add(decision.by.lower())
    return frozenset(people)


def may_approve(
    hand: Hand, *, log: Sequence[Decision], digest: str, author: str, needed: int, named: bool
) -> tuple[bool, str]:
    """Return whether this approval releases the draft, and why not when it does not.

    ``author`` is who wrote the words: with several approvals asked for, the editor is not the second pair of eyes.
    (False, "") means: it counts, and more are needed.
    """
    if named and not hand.named:
        return False, "This answer needs an approval that carries a name: answer the packet that was mailed to you."
    if needed > 1 and not hand.named:
        return False, f"This answer needs {needed} people, so each has to say who they are: answer your own packet."
    if needed > 1 and author.lower() == hand.by.lower():
        return False, "You have edited this answer, so another person has to approve it."
    together = approvers(log, digest) | {hand.by.lower()}
    return len(together) >= needed, ""
