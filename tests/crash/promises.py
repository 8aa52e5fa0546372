"""What must hold in a random history of a team: after every step, and when it has come to its end."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

from hypothesis.stateful import RuleBasedStateMachine, invariant

from mailhitl.case import Case, Event, State
from mailhitl.decision import Channel
from mailhitl.mail.stamp import read_id
from mailhitl.ports.mailbox import Location
from tests.crash.people import ANNA, BEN, People, letter_of, read
from tests.story.world import World, text_of

#: What happened in all runs of this process, for whoever prints figures.
TALLY: Counter[str] = Counter()
#: What is older is closed soon, perhaps without another group having been asked (a clock that jumps skips that).
YOUNG = timedelta(days=3)
SUBJECT = re.compile(r"Mail (\d+)$")


class Promises(RuleBasedStateMachine):
    """A world and its people, and whether every promise was kept."""

    world: World
    people: People
    #: Which revisions somebody's client has put into a folder once more.
    put_there: Counter[tuple[int, int]]
    #: What an admin has stopped: "", "automatic" or "all".
    paused: str
    #: How many of the mails that have left were looked at.
    looked_at: int
    #: The first promise that was broken: what follows it says nothing.
    broken: str

    def drafts(self, folder: str) -> list[Location]:
        there = self.world.standing(folder)
        return [place for place in there if letter_of(self.world.raw(place)) in self.people.letters]

    def revision_of(self, place: Location) -> tuple[int, int]:
        """Which draft this is; a client that has saved it anew has kept our mark in References only."""
        mail = read(self.world.raw(place))
        ids = [str(mail["Message-ID"]), *reversed(str(mail["References"]).split())]
        marks = (read_id(each.strip(), self.world.store.key()) for each in ids)
        private = next(mark for mark in marks if mark)
        return private.case_id, private.revision

    # -- what must hold after every step

    @invariant()
    def nothing_leaves_unapproved_or_twice(self) -> None:
        sent = self.world.transport.outside.sent
        for mail in sent[self.looked_at :]:
            self.looked_at += 1
            TALLY["answers that left"] += 1
            objection = self.people.objection(mail.raw, self.paused)
            self.broken = self.broken or objection
            assert not objection, objection
        # From now on; what left in the same step may have left before.
        self.people.demoted = self.people.demoted or self.told_that_a_rule_fell()

    @invariant()
    def no_draft_stands_twice(self) -> None:
        places = [place for folder in ("review", "approve", "outgoing") for place in self.drafts(folder)]
        assert max(self.filed(places).values(), default=1) == 1, self.filed(places)

    # -- what must hold in the end

    def no_mail_is_forgotten(self, cases: list[Case]) -> None:
        """Every customer's mail is one case, and that is open, answered, or closed with a reason and a sign."""
        known = Counter(case.message_id for case in cases)
        letters = self.people.letters
        there = letters.keys() - (self.people.destroyed - known.keys())
        assert all(known[number] == 1 for number in there), f"forgotten, or opened twice: {known}"
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
        mails = [read(self.world.raw(place)) for place in self.world.box.locations("Sent")]
        key = self.world.store.key()
        ours = [mail for mail in mails if read_id(str(mail["Message-ID"]), key)]
        return sum(str(mail["In-Reply-To"]) == message_id for mail in ours)

    def every_held_case_has_one_draft(self, cases: list[Case]) -> None:
        held = [case.id for case in cases if case.state is State.HELD and case.draft_digest]
        places = [place for folder in ("review", "approve") for place in self.drafts(folder)]
        standing = {self.revision_of(place)[0] for place in places}
        assert standing >= set(held), (standing, held)
        filed = self.filed(places)
        per_case = Counter(case_id for (case_id, _), times in filed.items() for _ in range(times))
        assert max(per_case.values(), default=1) == 1, (filed, held)
        assert set(per_case) <= set(held), "what is decided was not withdrawn"

    def filed(self, places: list[Location]) -> Counter[tuple[int, int]]:
        """How often the agent's own draft of each revision stands there.

        What a client has saved is a reviewer's own version; it stays even when it came too late: nobody's words are
        thrown away.
        """
        ours = [place for place in places if "<client-" not in str(read(self.world.raw(place))["Message-ID"])]
        return Counter(self.revision_of(place) for place in ours) - self.put_there

    def only_people_count_as_people(self, cases: list[Case]) -> None:
        for case in cases:
            for row in self.world.store.cases.log(case):
                if row.channel in (Channel.FOLDER, Channel.REPLY, Channel.HAND):
                    assert self.people.explains(case.message_id, row.by, row.event), f"nobody did that: {row}"
                elif row.event is Event.APPROVE:
                    assert row.channel is Channel.RULE, row
                    assert self.people.letters[case.message_id].kind in ("hours", "any")

    def what_rules_sent_was_looked_at(self, cases: list[Case]) -> None:
        """Every automatic answer is drawn here: one person is asked about it, once."""
        asked = Counter(about for about, _ in self.mails_about("[Sample] right or wrong"))
        for case in cases:
            alone = case.message_id in self.people.automatic and self.people.times[case.message_id] == 1
            if case.state is State.SENT and alone:
                assert asked[case.message_id] == 1, f"asked about {asked[case.message_id]} times: {case}"

    def mails_about(self, beginning: str) -> set[tuple[str, str]]:
        """(customer's mail, whom it went to and as which) of each mail to our people whose subject begins so."""
        found = set()
        for who in (ANNA, BEN):
            for mail in self.world.sent_to(who):
                number = SUBJECT.search(str(mail["Subject"]))
                if number and str(mail["Subject"]).startswith(beginning):
                    found.add((f"<l{number[1]}@customer.test>", f"{who} {mail['Message-ID']}"))
        return found

    def asked_about(self, beginning: str) -> set[tuple[str, str]]:
        """(customer's mail, who)"""
        return {(about, who.partition(" ")[0]) for about, who in self.mails_about(beginning)}

    def nobody_speaks_any_more(self) -> None:
        """Silence approves nothing; whoever else there is gets asked, and in the end it is closed, and said so."""
        held = [case for case in self.world.cases if case.state is State.HELD]
        young = [case for case in held if case.held_at and self.world.now - case.held_at < YOUNG]
        # Once a day, at an hour at which people would be there: the agent asks nobody at night.
        self.world.now = self.world.now.replace(hour=10)
        for _ in range(7):
            self.world.run(later=timedelta(days=1))
        self.world.run(later=timedelta(minutes=30))
        everybody = {ANNA, BEN}
        asked, told = self.asked_about("[Review]"), self.asked_about("[mailhitl] not answered")
        for case in held:
            now = self.world.store.cases.get(case.id)
            assert now.state is State.REJECTED, f"nobody decided, and it waits for ever: {now}"
            assert any((case.message_id, who) in told for who in everybody), f"closed, and nobody was told: {now}"
        for case in young:
            assert {(case.message_id, who) for who in everybody} <= asked, f"not everybody was asked: {case}"

    def told_that_a_rule_fell(self) -> bool:
        """Whether a reviewer who had said that a sample was wrong was told that it counts."""
        mails = [mail for who in (ANNA, BEN) for mail in self.world.sent_to(who)]
        answers = [mail for mail in mails if str(mail["Subject"]).startswith("Re: [Sample]")]
        return any("counts as wrong" in text_of(mail) for mail in answers)
