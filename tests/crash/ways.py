"""Whole ways of one answer, each in one step, so that most worlds come to where it matters.

What breaks between "approved" and "tidied up"; hands that come late, or take back what is on its way; two who have to
agree; samples, lists, answers by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from mailhitl.backends.memory import Answer
from mailhitl.daemon import cycle
from mailhitl.mail.edited import draft_of
from mailhitl.mail.stamp import Kind
from mailhitl.ports.mailbox import Location
from tests.crash.hands import STOPS, Hands
from tests.crash.people import ANNA, BEN, Letter, letter_of
from tests.crash.promises import TALLY
from tests.crash.rounds import BREAKS, FREEZES, HANDS_THAT_ANSWER, LOOKS, one_of
from tests.crash.scenery import SMTP_FAULTS, TAKING_IN, Break, frail

#: Who answers which of the two packets about a grave mail, one after the other.
AGREEMENTS = (
    ((ANNA, "approve"), (BEN, "approve")),
    ((ANNA, "approve"), (ANNA, "approve")),
    ((ANNA, "edit: Anna's own words."), (BEN, "approve")),
    ((ANNA, "approve"), (BEN, "edit: Ben's own words."), (ANNA, "approve")),
)


@dataclass(frozen=True, slots=True)
class Way:
    """One whole way of an answer: the method of the machine that plays it, and what it is given."""

    method: str
    given: Mapping[str, Any]


SENT_AND_BROKEN = st.sampled_from(("crash", "crash", "freeze", "hand")).flatmap(
    lambda how: st.fixed_dictionaries(
        {
            "kind": st.sampled_from(("risky", "risky", "hours")),
            "where": BREAKS if how == "crash" else FREEZES,
            "how": st.just(how),
            "fault": st.one_of(st.none(), st.none(), st.sampled_from(SMTP_FAULTS)),
            "insists": st.booleans(),
        }
    )
)
TAKEN_BACK = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(("risky", "hours")),
        "how": st.sampled_from(sorted(STOPS)),
        "waits_for": st.sampled_from(("server", "admin")),
        "wait": st.sampled_from((61, 301, 3600)),
        "crash": st.one_of(st.none(), BREAKS),
    }
)
AGREED = st.fixed_dictionaries(
    {
        "agreement": st.sampled_from(AGREEMENTS),
        "edit_before": st.sampled_from((0, 1, 9)),
        "first_packet": st.booleans(),
        "by_list": st.booleans(),
    }
)
HAND = st.fixed_dictionaries(
    {"seen_by": st.sampled_from(HANDS_THAT_ANSWER), "kind": st.sampled_from(("risky", "hours"))}
)
OLD = st.fixed_dictionaries({"road": st.sampled_from(("folder", "mail"))})
FORGED = st.fixed_dictionaries({"words": st.sampled_from(("approve", "edit: Words of somebody else."))})
SAMPLED = st.fixed_dictionaries({"words": st.sampled_from(("wrong: no", "wrong: no", "right"))})
LISTED = st.fixed_dictionaries({"words": st.permutations(("approve", "reject: no", ""))})
TAKEN_IN = st.fixed_dictionaries(
    {
        "kinds": st.lists(st.sampled_from(("risky", "hours", "machine")), min_size=1, max_size=2),
        "where": one_of(TAKING_IN),
        "away": st.sampled_from(("", "", "fetch_all", "glance")),
    }
)
WAYS = st.one_of(
    *(
        st.builds(Way, st.just(method), given)
        for method, given in (
            ("an_answer_goes_its_way", SENT_AND_BROKEN),
            ("an_answer_goes_its_way", SENT_AND_BROKEN),
            ("an_answer_goes_its_way", SENT_AND_BROKEN),
            ("an_answer_goes_its_way", SENT_AND_BROKEN),
            ("an_answer_goes_its_way", SENT_AND_BROKEN),
            ("an_answer_goes_its_way", SENT_AND_BROKEN),
            ("what_is_on_its_way_is_taken_back", TAKEN_BACK),
            ("what_is_on_its_way_is_taken_back", TAKEN_BACK),
            ("mails_come_in_and_it_breaks", TAKEN_IN),
            ("mails_come_in_and_it_breaks", TAKEN_IN),
            ("two_have_to_agree", AGREED),
            ("somebody_has_answered_by_hand", HAND),
            ("an_old_version_is_approved", OLD),
            ("an_answer_to_a_packet_is_forged", FORGED),
            ("a_sample_is_looked_at", SAMPLED),
            ("many_are_decided_by_one_list", LISTED),
        )
    )
)


class Ways(Hands):
    """``undo``: an automatic answer can be stopped for five minutes."""

    undo: bool

    @rule(way=WAYS)
    def somebody_goes_a_whole_way(self, way: Way) -> None:
        TALLY["whole ways"] += 1
        getattr(self, way.method)(**way.given)

    def mails_come_in_and_it_breaks(self, kinds: Sequence[str], where: Break, away: str) -> None:
        """``away``: the server goes just when the mails are fetched."""
        for kind in kinds:
            self.customer_writes(kind, dropped=False)
        if away:
            self.away.append(away)
        self.works(cycle.run_once, where.fuse())
        self.the_agent_works_until_it_is_quiet(0)

    def is_drafted(self, kind: str) -> list[Location]:
        """A customer writes, and the draft of the answer is there, if nothing comes between."""
        self.customer_writes(kind, dropped=False)
        self.the_agent_works_until_it_is_quiet(0)
        # Whether an approval wants it to leave again depends on what has left by now.
        self.nothing_leaves_unapproved_or_twice()
        return self.of_the_last_letter("review")

    def of_the_last_letter(self, *folders: str) -> list[Location]:
        last = list(self.people.letters)[-1]
        found = [place for folder in folders for place in self.drafts(folder)]
        return [place for place in found if letter_of(self.world.raw(place)) == last]

    def is_about_to_leave(self, kind: str) -> None:
        """The next round sends it, if nothing comes between."""
        if kind == "hours" and not self.undo:
            self.customer_writes(kind, dropped=False)
            return
        for place in self.is_drafted(kind):
            self.approves(place, self.world.raw(place), "approve")
        self.works(cycle.run_once)
        self.world.now += timedelta(seconds=301 if kind == "hours" else 61)

    def an_answer_goes_its_way(self, kind: str, where: Break, how: str, fault: Answer | None, insists: bool) -> None:
        """From the customer's mail to the send; there it breaks. ``insists``: whoever is asked again approves again."""
        self.is_about_to_leave(kind)
        if fault:
            self.something_goes_wrong_next(fault)
        if how == "crash":
            self.works(cycle.run_once, where.fuse())
        else:
            self.breaks_off_in_the_middle(where, self.another_works if how == "freeze" else self.a_hand_comes_late)
        self.the_agent_works_until_it_is_quiet(61)
        self.nothing_leaves_unapproved_or_twice()
        if insists:
            for place in self.of_the_last_letter("review"):
                self.approves(place, self.world.raw(place), "approve")
            self.the_agent_works_until_it_is_quiet(0)
            self.the_agent_works_until_it_is_quiet(61)

    def breaks_off_in_the_middle(self, where: Break, meanwhile: Callable[[], None]) -> None:
        """The process stands still for as long as that takes, and goes on."""
        fuse = where.fuse(meanwhile)
        for name in (*LOOKS, "outbox"):
            self.attempt(partial(cycle.RUNNERS[name], frail(self.world, fuse)))

    def a_hand_comes_late(self) -> None:
        """Somebody takes it back just then; nobody can say who was first."""
        TALLY["hands in a round"] += 1
        for place in self.of_the_last_letter("approve", "outgoing"):
            self.people.may_have_done(letter_of(self.world.raw(place)), "take back")
            self.world.moves(place, "review")

    def what_is_on_its_way_is_taken_back(
        self, kind: str, how: str, waits_for: str, wait: int, crash: Break | None
    ) -> None:
        """Approved, and not gone yet: it waits for the undo time, for the server, or for the end of a pause."""
        kind = kind if self.undo else "risky"
        pause = self.paused
        if kind == "risky":
            if waits_for == "server":
                self.something_goes_wrong_next(SMTP_FAULTS[0])
            else:
                self.an_admin_pauses_or_resumes("all")
            self.is_about_to_leave(kind)
            self.works(cycle.run_once)
        else:
            self.is_drafted(kind)
        self.nothing_leaves_unapproved_or_twice()
        for place in self.of_the_last_letter("outgoing", "approve")[:1]:
            TALLY["taken back on the way"] += 1
            self.stops(place, how)
        self.an_admin_pauses_or_resumes(pause)
        self.world.now += timedelta(seconds=wait)
        if crash:
            self.works(cycle.run_once, crash.fuse())
        self.the_agent_works_until_it_is_quiet(61)

    def two_have_to_agree(
        self, agreement: tuple[tuple[str, str], ...], edit_before: int, first_packet: bool, by_list: bool
    ) -> None:
        """The draft is edited before so many have answered, who answer their first packet or their newest.

        ``by_list``: Anna says so once more by another road.
        """
        self.is_drafted("grave")
        for number, (who, words) in enumerate(agreement):
            if number == edit_before:
                self.is_edited_in_the_folder()
            mine = [mail for mail in self.mails_to(who, Kind.PACKET) if self.is_about_the_last_letter(mail)]
            for packet in mine[:1] if first_packet else mine[-1:]:
                self.answers_packet(packet, words)
            self.the_agent_works_until_it_is_quiet(0)
            self.nothing_leaves_unapproved_or_twice()
        if by_list:
            self.asks_for_the_list_and_answers(ANNA, ["approve"] * 4)
            self.the_agent_works_until_it_is_quiet(61)

    def is_edited_in_the_folder(self) -> None:
        for place in self.of_the_last_letter("review"):
            self.edits(place, self.world.raw(place), "edit")
        self.the_agent_works_until_it_is_quiet(0)
        self.the_agent_works_until_it_is_quiet(91)

    def somebody_has_answered_by_hand(self, seen_by: str, kind: str) -> None:
        """And what was on its way must stay here."""
        self.is_about_to_leave(kind)
        self.nothing_leaves_unapproved_or_twice()
        if not self.people.times[self.last_letter.message_id]:
            self.is_answered_by_hand(self.last_letter, seen_by)
        self.the_agent_works_until_it_is_quiet(61)
        self.the_agent_works_until_it_is_quiet(301)

    def an_old_version_is_approved(self, road: str) -> None:
        """The draft has changed, and somebody who has not seen that approves what they have."""
        for place in self.is_drafted("risky"):
            self.kept[draft_of(self.world.raw(place)).digest] = self.world.raw(place)
        self.is_edited_in_the_folder()
        if road == "mail":
            mine = [mail for mail in self.mails_to(ANNA, Kind.PACKET) if self.is_about_the_last_letter(mail)]
            for packet in mine[:1]:
                self.answers_packet(packet, "approve")
        else:
            for place in self.of_the_last_letter("review"):
                self.approves_of_old(place, self.world.raw(place), "approve what stood there before")
        self.the_agent_works_until_it_is_quiet(0)
        self.the_agent_works_until_it_is_quiet(61)

    def an_answer_to_a_packet_is_forged(self, words: str) -> None:
        """Somebody has seen Anna's packet and writes in her name; nothing proves that it is hers."""
        self.is_drafted("risky")
        for packet in [mail for mail in self.mails_to(ANNA, Kind.PACKET) if self.is_about_the_last_letter(mail)][:1]:
            self.a_stranger_answers(packet, words, ANNA)
        self.the_agent_works_until_it_is_quiet(61)

    def a_sample_is_looked_at(self, words: str) -> None:
        """What was sent by a rule is said to be right or wrong, and then somebody asks the same."""
        for _ in range(2):
            self.customer_writes("hours", dropped=False)
            self.the_agent_works_until_it_is_quiet(0)
            self.the_agent_works_until_it_is_quiet(301)
            self.nothing_leaves_unapproved_or_twice()
            for sample in self.samples()[-1:]:
                self.answers_sample(sample, words)
                self.the_agent_works_until_it_is_quiet(0)
            self.nothing_leaves_unapproved_or_twice()

    def many_are_decided_by_one_list(self, words: Sequence[str]) -> None:
        for _ in words:
            self.customer_writes("risky", dropped=False)
        self.the_agent_works_until_it_is_quiet(0)
        self.nothing_leaves_unapproved_or_twice()
        self.asks_for_the_list_and_answers(ANNA, list(words))
        self.the_agent_works_until_it_is_quiet(0)

    @property
    def last_letter(self) -> Letter:
        return list(self.people.letters.values())[-1]

    def is_about_the_last_letter(self, packet: EmailMessage) -> bool:
        return self.case_of(packet).message_id == list(self.people.letters)[-1]
