"""What must hold when a random history of a team has come to its end."""

from __future__ import annotations

from collections import Counter

from hypothesis.stateful import RuleBasedStateMachine

from mailhitl.case import Case, Event, State
from mailhitl.decision import Channel
from mailhitl.mail.stamp import read_id
from mailhitl.ports.mailbox import Location
from tests.crash.people import People, letter_of
from tests.story.world import World, parsed


class Promises(RuleBasedStateMachine):
    """A world and its people, and whether every promise was kept."""

    world: World
    people: People

    def drafts(self, folder: str) -> list[Location]:
        there = self.world.standing(folder)
        return [place for place in there if letter_of(self.world.raw(place)) in self.people.letters]

    def revision_of(self, place: Location) -> tuple[int, int]:
        """Which draft this is; a client that has saved it anew has kept our mark in References only."""
        mail = parsed(self.world.raw(place))
        ids = [str(mail["Message-ID"]), *reversed(str(mail["References"]).split())]
        marks = (read_id(each.strip(), self.world.store.key()) for each in ids)
        private = next(mark for mark in marks if mark)
        return private.case_id, private.revision

    def no_mail_is_forgotten(self, cases: list[Case]) -> None:
        """Every customer's mail is one case, and that is open, answered, or closed with a reason and a sign."""
        known = Counter(case.message_id for case in cases)
        letters = self.people.letters
        assert all(known[number] == 1 for number in letters), f"forgotten, or opened twice: {known}"
        for case in cases:
            log = self.world.store.cases.log(case)
            kind = letters[case.message_id].kind if case.message_id in letters else "any"
            assert case.state not in (State.RECEIVED, State.SENDING, State.SHUNTED), f"stuck: {case}"
            assert case.state is not State.SKIPPED or kind in ("machine", "any"), "a person was taken for a machine"
            assert (case.state is State.SENT) <= (self.people.times[case.message_id] > 0), "sent, and nobody has it"
            if case.state is State.SENT:
                assert self.copies_in_sent(case.message_id) == 1, "the copy in Sent is missing, or there are several"
            if case.state in (State.REJECTED, State.SUPERSEDED):
                assert log[-1].why, "closed without a reason"
            if case.state is State.REJECTED:
                copies = self.world.box.glance(self.world.box.find("INBOX", case.message_id))
                flagged = any("\\Flagged" in copy.flags for copy in copies)
                assert flagged, "closed, and no sign on the customer's mail"

    def copies_in_sent(self, message_id: str) -> int:
        """The agent's own copies; a person's answers carry no mark of ours."""
        mails = [parsed(self.world.raw(place)) for place in self.world.box.locations("Sent")]
        key = self.world.store.key()
        ours = [mail for mail in mails if read_id(str(mail["Message-ID"]), key)]
        return sum(str(mail["In-Reply-To"]) == message_id for mail in ours)

    def every_held_case_has_one_draft(self, cases: list[Case]) -> None:
        held = [case.id for case in cases if case.state is State.HELD and case.draft_digest]
        places = [place for folder in ("review", "approve") for place in self.drafts(folder)]
        # A reviewer's own version that came too late stays where it is: nobody's words are thrown away.
        ours = [place for place in places if "<client-" not in str(parsed(self.world.raw(place))["Message-ID"])]
        standing = Counter(self.revision_of(place)[0] for place in places)
        filed = Counter(self.revision_of(place)[0] for place in ours)
        assert set(standing) >= set(held), (standing, held)
        told = [
            (place.folder, self.revision_of(place), str(parsed(self.world.raw(place))["Message-ID"]))
            for place in places
        ]
        assert max(filed.values(), default=1) == 1, (told, held)
        assert {self.revision_of(place)[0] for place in ours} <= set(held), "what is decided was not withdrawn"

    def only_people_count_as_people(self, cases: list[Case]) -> None:
        for case in cases:
            for row in self.world.store.cases.log(case):
                if row.channel in (Channel.FOLDER, Channel.REPLY, Channel.HAND):
                    assert self.people.explains(case.message_id, row.by, row.event), f"nobody did that: {row}"
                elif row.event is Event.APPROVE:
                    assert row.channel is Channel.RULE, row
                    assert self.people.letters[case.message_id].kind in ("hours", "any")
