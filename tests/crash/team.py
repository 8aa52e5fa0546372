"""A team at random: customers, two reviewers, the runners in any order, faults, crashes, frozen processes, clocks.

Whoever uses it: ``run_state_machine_as_test(Team, settings=…)``. What people wanted is kept in ``people``; the agent's
own log is only held against it.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from mailhitl.backends.memory import Answer
from mailhitl.daemon import cycle, pause
from mailhitl.daemon.app import App
from mailhitl.decision import Channel
from mailhitl.delivery import Phase, Status
from mailhitl.errors import MailhitlError
from mailhitl.mail.edited import draft_of
from mailhitl.mail.stamp import read_id
from mailhitl.ports.journal import Entry
from mailhitl.ports.mailbox import Location
from mailhitl.review.reviewers import SOMEONE
from tests.crash.fuse import STORE_PARTS, Crash, Frail, Fuse
from tests.crash.people import ANNA, BEN, Approval, Letter, People, letter_of
from tests.crash.promises import Promises
from tests.story.world import CONFIG, World, letter

#: The disk of the machine where there is one in memory: thousands of worlds are made and thrown away.
MEMORY = "/dev/shm"
UNDO = CONFIG.replace('then = "send"', 'then = "send"\nundo = "5m"')
WORDS = {
    "risky": "Please refund my order 4711.",
    "hours": "When are you open?",
    "blocked": "My lawyer will write to you.",
    "machine": "When are you open?",
}
SMTP_FAULTS = (
    Answer(Status.DEFERRED, Phase.CONNECT, "cut"),
    Answer(Status.DEFERRED, Phase.RCPT, "451 later"),
    Answer(Status.REFUSED, Phase.DONE, "550 no"),
    Answer(Status.UNKNOWN, Phase.BODY, "cut in the body"),
    Answer(Status.UNKNOWN, Phase.BODY, "cut behind the dot", delivered=True),
)
#: What a hand in the folders does: to a draft in which folder, by which method of the machine.
GESTURES = {
    "approve": ("review", "approves"),
    "copy to approve": ("review", "approves"),
    "edit": ("review", "edits"),
    "edit and approve": ("review", "edits"),
    "take back": ("approve", "takes_back"),
    "stop": ("outgoing", "takes_back"),
    "reject": ("review", "decides"),
    "escalate": ("review", "decides"),
    "throw away": ("review", "throws_away"),
}
IMAP_CALLS = ("append", "locations", "glance", "fetch_all", "find", "move", "remove", "flag", "status")
#: What happened in all runs of this process, for whoever prints figures.
TALLY: Counter[str] = Counter()


def frail(world: World, fuse: Fuse, away: list[str] | None = None) -> App:
    """The world's app, with every door to the outside on one fuse; these calls to the mailbox fail."""
    return replace(
        world.app,
        mailbox=Frail(world.box, fuse, away=away),
        transport=Frail(world.transport, fuse),
        store=Frail(world.store, fuse, STORE_PARTS),
        seen={},
        listed={},
    )


class Team(Promises):
    """Nothing leaves unapproved or twice, no mail is forgotten, whatever happens in whichever order."""

    @initialize(undo=st.booleans())
    def start(self, undo: bool) -> None:
        memory = MEMORY if Path(MEMORY).is_dir() else None
        self.folder = tempfile.TemporaryDirectory(dir=memory)
        self.world = World(Path(self.folder.name), UNDO if undo else CONFIG)
        self.people, self.paused, self.looked_at = People(), "", 0
        self.away: list[str] = []
        # What is older than the first start is none of the agent's business, and clocks will be set back.
        self.world.now += timedelta(days=28)
        self.latest = self.world.now
        TALLY["worlds"] += 1

    # -- customers

    def arrives(self, kind: str, text: str, sender: str, **about: str) -> None:
        number = len(self.people.letters) + 1
        message_id = f"<l{number}@customer.test>"
        raw = letter(text, sender=sender, subject=f"Mail {number}", message_id=message_id, **about)
        self.people.letters[message_id] = Letter(message_id, kind, sender, raw)
        self.world.box.deliver("INBOX", raw)
        TALLY["customers' mails"] += 1

    @rule(kind=st.sampled_from(("risky", "risky", "hours", "hours", "blocked", "machine")), dropped=st.booleans())
    def customer_writes(self, kind: str, dropped: bool) -> None:
        """``dropped``: somebody drags it into Approve by mistake."""
        about = {"Auto_Submitted": "auto-replied"} if kind == "machine" else {}
        number = len(self.people.letters) + 1
        self.arrives(kind, WORDS[kind], f"C{number} <c{number}@customer.test>", **about)
        if dropped and kind == "risky":
            self.world.moves(self.world.box.locations("INBOX")[-1], "approve")

    @precondition(lambda self: self.people.letters)
    @rule(data=st.data())
    def customer_writes_again(self, data: Any) -> None:
        first = self.draw_letter(data)
        self.arrives("risky", WORDS["risky"], first.sender, In_Reply_To=first.message_id, References=first.message_id)

    @precondition(lambda self: self.people.letters)
    @rule(data=st.data())
    def a_mail_is_delivered_once_more(self, data: Any) -> None:
        self.world.box.deliver("INBOX", self.draw_letter(data).raw)

    @precondition(lambda self: self.people.letters)
    @rule(data=st.data())
    def the_customer_is_answered_by_hand(self, data: Any) -> None:
        one = self.draw_letter(data)
        self.people.does(one.message_id, SOMEONE, "hand")
        self.people.by_hand.add(one.message_id)
        about = {"In_Reply_To": one.message_id, "References": one.message_id}
        raw = letter("We have called you.", sender="Example Support <support@example.com>", to=one.sender, **about)
        self.world.box.deliver("Sent", raw, flags=("\\Seen",))

    def draw_letter(self, data: Any) -> Letter:
        return data.draw(st.sampled_from(list(self.people.letters.values())))

    # -- reviewers, in the folders

    def draw_draft(self, data: Any, *folders: str) -> Location | None:
        there = [place for folder in folders for place in self.world.standing(folder) if self.is_draft(place)]
        return data.draw(st.sampled_from(there)) if there else None

    def is_draft(self, place: Location) -> bool:
        return letter_of(self.world.raw(place)) in self.people.letters

    def anything_waits(self) -> bool:
        return any(self.drafts(folder) for folder in ("review", "approve", "outgoing"))

    @precondition(anything_waits)
    @rule(data=st.data(), gesture=st.sampled_from(sorted(GESTURES)))
    def somebody_is_at_work_in_the_folders(self, data: Any, gesture: str) -> None:
        folder, deed = GESTURES[gesture]
        if there := self.drafts(folder):
            place = data.draw(st.sampled_from(there))
            getattr(self, deed)(place, self.world.raw(place), gesture)
            TALLY["gestures"] += 1

    def approves(self, place: Location, raw: bytes, gesture: str) -> None:
        self.people.approves(letter_of(raw), Approval(SOMEONE, draft_of(raw).digest))
        if gesture == "copy to approve":
            self.world.box.copy(place, self.world.app.folders.approve)
            self.world.box.remove([place])
        else:
            self.world.moves(place, "approve")

    def edits(self, place: Location, raw: bytes, gesture: str) -> None:
        phrase = f"Kind regards {self.world.letters}"
        if "Kind regards" not in draft_of(raw).text:
            return
        self.people.does(letter_of(raw), SOMEONE, "edit")
        if gesture == "edit and approve":
            self.people.approves(letter_of(raw), Approval(SOMEONE, phrase=phrase))
        self.world.edits(place, "Kind regards", phrase, folder="approve" if gesture == "edit and approve" else "review")

    def takes_back(self, place: Location, raw: bytes, gesture: str) -> None:
        self.people.takes_back(letter_of(raw))
        self.world.moves(place, "review")

    def decides(self, place: Location, raw: bytes, gesture: str) -> None:
        self.people.does(letter_of(raw), SOMEONE, gesture)
        self.world.moves(place, gesture)

    def throws_away(self, place: Location, raw: bytes, gesture: str) -> None:
        self.people.does(letter_of(raw), SOMEONE, "reject")
        self.world.box.move(place, "Trash")

    # -- reviewers, by mail

    def anybody_is_asked(self) -> bool:
        return bool(self.packets())

    def packets(self) -> list[Any]:
        mails = [mail for who in (ANNA, BEN) for mail in self.world.sent_to(who)]
        return [mail for mail in mails if str(mail["Subject"]).startswith("[Review]")]

    @precondition(anybody_is_asked)
    @rule(
        data=st.data(),
        hand=st.sampled_from(("own", "own", "own", "other", "mallory")),
        words=st.sampled_from(
            ("approve", "approve", "reject: no", "edit: Own words, {n}.", "escalate: billing", "ok?")
        ),
    )
    def a_packet_is_answered(self, data: Any, hand: str, words: str) -> None:
        TALLY["packets answered"] += 1
        packet = data.draw(st.sampled_from(self.packets()))
        asked = str(packet["To"])
        who = {"own": asked, "other": BEN if ANNA in asked else ANNA, "mallory": "mallory@evil.test"}[hand]
        text = words.format(n=len(self.people.deeds))
        if hand == "mallory":
            self.arrives("any", text, f"M <{who}>", In_Reply_To=packet["Message-ID"], References=packet["Message-ID"])
            return
        if hand == "own":
            self.wishes(packet, who, text)
        self.world.answers(packet, text, sender=f"R <{who}>")

    def wishes(self, packet: Any, who: str, text: str) -> None:
        """What a reviewer means who answers a packet of their own."""
        private = read_id(str(packet["Message-ID"]), self.world.store.key())
        assert private is not None
        case = self.world.store.cases.get(private.case_id)
        verb, _, argument = text.partition(":")
        if verb == "approve" and case.draft_digest:
            digest = self.world.store.cases.draft(case, private.revision).digest
            self.people.approves(case.message_id, Approval(who, digest))
        elif verb == "edit":
            self.people.approves(case.message_id, Approval(who, phrase=argument.strip()))
        elif verb != "ok?":
            self.people.does(case.message_id, who, verb)

    @rule(what=st.sampled_from(("", "", "automatic", "all")))
    def an_admin_pauses_or_resumes(self, what: str) -> None:
        pause.turn(self.world.store, what, Entry("", "root", Channel.CLI, self.world.now, code="command"))
        self.paused = what

    # -- time, servers, processes

    @rule(seconds=st.sampled_from((30, 61, 61, 301, 3600, 40_000, -600, -86_400, 86_400)))
    def the_clock_goes_or_jumps(self, seconds: int) -> None:
        self.latest = max(self.latest, self.world.now)
        self.world.now += timedelta(seconds=seconds)

    @rule(days=st.sampled_from((1, 1, 6)))
    def nobody_does_anything_for_days(self, days: int) -> None:
        for _ in range(days):
            self.the_agent_works_until_it_is_quiet(86_400)

    @rule(fault=st.sampled_from(SMTP_FAULTS))
    def the_next_hand_over_goes_wrong(self, fault: Answer) -> None:
        self.world.transport.outside.script[:] = [fault]

    @rule(call=st.sampled_from(IMAP_CALLS))
    def the_mail_server_goes_away(self, call: str) -> None:
        self.away.append(call)

    @rule()
    def the_process_starts_anew(self) -> None:
        self.world.restart()

    @rule(seconds=st.sampled_from((0, 61, 61, 301)))
    def the_agent_works_until_it_is_quiet(self, seconds: int) -> None:
        self.world.now += timedelta(seconds=seconds)
        self.works(cycle.run_until_quiet, 0, before=False)

    @rule(call=st.integers(1, 150), before=st.booleans())
    def a_round(self, call: int, before: bool) -> None:
        self.works(cycle.run_once, call, before)

    @rule(name=st.sampled_from(sorted(cycle.RUNNERS)), call=st.integers(0, 40), before=st.booleans())
    def one_runner(self, name: str, call: int, before: bool) -> None:
        # A round never sends before it has looked: a fresh process knows nothing of what was taken back.
        names = ("watch", "outbox") if name == "outbox" else (name,)
        self.works(lambda app: [cycle.RUNNERS[each](app) for each in names], call, before)

    @rule(call=st.integers(1, 40), before=st.booleans())
    def a_process_is_frozen_while_another_works(self, call: int, before: bool) -> None:
        """Longer than its lease, just when it sends: what another does meanwhile, it must not do again."""
        fuse = Fuse(call, before, meanwhile=self.another_works)
        self.attempt(lambda: cycle.RUNNERS["watch"](self.world.app))
        self.attempt(lambda: cycle.RUNNERS["outbox"](frail(self.world, fuse)))

    @rule(
        kind=st.sampled_from(("risky", "risky", "hours")),
        call=st.integers(0, 120),
        before=st.booleans(),
        frozen=st.booleans(),
    )
    def an_answer_goes_its_way(self, kind: str, call: int, before: bool, frozen: bool) -> None:
        """From the customer's mail to the send, in one step, so that most worlds come that far; and there it breaks."""
        self.customer_writes(kind, dropped=False)
        self.the_agent_works_until_it_is_quiet(0)
        # Whether an approval wants it to leave again depends on what has left by now.
        self.nothing_leaves_unapproved_or_twice()
        for place in self.drafts("review")[-1:]:
            self.approves(place, self.world.raw(place), "approve")
        self.works(cycle.run_once, 0, before=False)
        self.world.now += timedelta(seconds=61)
        if frozen:
            self.a_process_is_frozen_while_another_works(1 + call % 40, before)
        else:
            self.a_round(call, before)

    def another_works(self) -> None:
        TALLY["frozen processes"] += 1
        self.attempt(lambda: cycle.run_once(replace(self.world.app, seen={}, listed={}, source={}, digests={})))

    def works(self, work: Callable[[App], object], call: int, before: bool) -> None:
        """Work until the fuse burns; 0: as long as there is something to do."""
        fuse = Fuse(call, before)
        try:
            self.attempt(lambda: work(frail(self.world, fuse, self.away)))
        except Crash:
            TALLY["crashes"] += 1
            self.world.restart()

    def attempt(self, work: Callable[[], object]) -> None:
        """What a worker does: whatever the server did, it comes back."""
        try:
            work()
        except MailhitlError:
            TALLY["rounds broken off"] += 1

    # -- what must hold after every step

    @invariant()
    def nothing_leaves_unapproved_or_twice(self) -> None:
        sent = self.world.transport.outside.sent
        for mail in sent[self.looked_at :]:
            self.looked_at += 1
            TALLY["answers that left"] += 1
            objection = self.people.objection(mail.raw, self.paused)
            assert not objection, objection

    @invariant()
    def no_draft_stands_twice(self) -> None:
        standing = Counter(
            found
            for folder in ("review", "approve", "outgoing")
            for place in self.drafts(folder)
            for found in [self.revision_of(place)]
        )
        assert all(times == 1 for times in standing.values()), standing

    # -- what must hold in the end

    def teardown(self) -> None:
        if not hasattr(self, "people"):
            return
        self.an_admin_pauses_or_resumes("")
        # A clock that was set back makes everything wait until it has caught up.
        self.world.now = max(self.latest, self.world.now)
        for minutes in (0, 2, 10, 45, 45):
            self.world.run(later=timedelta(minutes=minutes))
            self.nothing_leaves_unapproved_or_twice()
        cases = self.world.cases
        self.no_mail_is_forgotten(cases)
        self.every_held_case_has_one_draft(cases)
        self.only_people_count_as_people(cases)
        assert self.world.store.broken() == ""
        self.world.store.close()
        self.folder.cleanup()
