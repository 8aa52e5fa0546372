"""What happens around the reviewers at random: customers, clocks, servers that fail, processes that die or freeze."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from mailhitl.backends.memory import Answer
from mailhitl.daemon import cycle
from mailhitl.daemon.app import App
from mailhitl.errors import MailhitlError
from mailhitl.review.reviewers import SOMEONE
from tests.crash.fuse import Crash, Fuse
from tests.crash.people import ANNA, Letter
from tests.crash.promises import TALLY, Promises
from tests.crash.scenery import IMAP_CALLS, SMTP_FAULTS, WINDOW, WORDS, Break, as_new, frail
from tests.story.world import letter, parsed

#: By what we see that a person has answered: a copy of the answer, or the mark on the customer's mail.
HANDS_THAT_ANSWER = ("copy in Sent", "mark", "blind copy")
#: A round never sends before it has looked: a fresh process knows nothing of what was answered or taken back.
LOOKS = ("intake", "watch")
#: Where the server and we may come to know different things.
AT_THE_BODY = (
    Break("transport.hand_over", 1, before=False),
    Break("transport.hand_over", 1, before=False),
    Break("transport.hand_over", 1, before=True),
    Break("cases.move", 2, before=True),
    Break("cases.move", 3, before=True),
    Break("deliveries.record_phase", 6, before=False),
    Break("mailbox.append", 1, before=False),
)
#: Where what was just read may not be so any more when it is acted upon.
STALE = (
    Break("cases.move", 1, before=True),
    Break("cases.move", 2, before=True),
    Break("cases.move", 2, before=True),
    Break("transport.hand_over", 1, before=True),
    Break("deliveries.record_phase", 1, before=True),
    Break("deliveries.record_phase", 6, before=True),
)


def one_of(calls: Mapping[str, int]) -> st.SearchStrategy[Break]:
    """A break at one of these calls, which a round makes at most so often."""
    return st.sampled_from(sorted(calls)).flatmap(
        lambda call: st.builds(Break, st.just(call), st.integers(1, calls[call]), st.booleans())
    )


#: A break at any call; in the window; where it hurts most.
BREAKS = st.one_of(
    st.builds(Break, st.just(""), st.integers(1, 150), st.booleans()),
    one_of(WINDOW),
    st.sampled_from(AT_THE_BODY),
    st.sampled_from(AT_THE_BODY),
)
FREEZES = st.one_of(
    st.builds(Break, st.just(""), st.integers(1, 60), st.booleans()), st.sampled_from(STALE), st.sampled_from(STALE)
)


class Rounds(Promises):
    """Customers, time, servers and processes. ``latest`` is the latest that any clock has shown."""

    latest: datetime
    away: list[str]

    # -- customers

    def arrives(self, kind: str, text: str, sender: str, **about: str) -> None:
        number = len(self.people.letters) + 1
        message_id = f"<l{number}@customer.test>"
        raw = letter(text, sender=sender, subject=f"Mail {number}", message_id=message_id, **about)
        self.people.letters[message_id] = Letter(message_id, kind, sender, raw)
        self.world.box.deliver("INBOX", raw)
        TALLY["customers' mails"] += 1

    @rule(
        kind=st.sampled_from(("risky", "risky", "hours", "hours", "grave", "blocked", "machine")),
        dropped=st.booleans(),
    )
    def customer_writes(self, kind: str, dropped: bool) -> None:
        """``dropped``: somebody drags it into Approve by mistake."""
        about = {"Auto_Submitted": "auto-replied"} if kind == "machine" else {}
        number = len(self.people.letters) + 1
        self.arrives(kind, WORDS[kind], f"C{number} <c{number}@customer.test>", **about)
        if dropped and kind == "risky":
            self.world.moves(self.world.box.locations("INBOX")[-1], "approve")

    @precondition(lambda self: self.people.letters)
    @rule(data=st.data(), same=st.booleans())
    def customer_writes_again(self, data: Any, same: bool) -> None:
        """``same``: the server delivers the first mail once more."""
        first = self.draw_letter(data)
        if same:
            self.world.box.deliver("INBOX", first.raw)
        else:
            about = {"In_Reply_To": first.message_id, "References": first.message_id}
            self.arrives("risky", WORDS["risky"], first.sender, **about)

    @precondition(lambda self: self.people.letters)
    @rule(data=st.data(), seen_by=st.sampled_from(HANDS_THAT_ANSWER))
    def the_customer_is_answered_by_hand(self, data: Any, seen_by: str) -> None:
        self.is_answered_by_hand(self.draw_letter(data), seen_by)

    def is_answered_by_hand(self, one: Letter, seen_by: str) -> None:
        self.people.does(one.message_id, SOMEONE, "hand")
        if seen_by == "mark":
            # It may stand for something else: nothing leaves by a rule any more, and people decide.
            for place in self.world.box.find("INBOX", one.message_id):
                self.world.box.flag(place, add=("\\Answered",))
            return
        self.people.by_hand.add(one.message_id)
        about = {"In_Reply_To": one.message_id, "References": one.message_id}
        if seen_by == "copy in Sent" or one.message_id not in {case.message_id for case in self.world.cases}:
            raw = letter("We have called you.", sender="Example Support <support@example.com>", to=one.sender, **about)
            self.world.box.deliver("Sent", raw, flags=("\\Seen",))
        else:
            self.from_an_account_of_her_own(one, about)

    def from_an_account_of_her_own(self, one: Letter, about: dict[str, str]) -> None:
        """Anna sends it elsewhere; what we see is the copy to us."""
        self.world.letters += 1
        number = f"<anna-{self.world.letters}@example.com>"
        raw = letter(
            "We have called you.",
            sender=f"Anna <{ANNA}>",
            to=one.sender,
            message_id=number,
            Cc="support@example.com",
            **about,
        )
        self.world.box.deliver("INBOX", raw)

    def draw_letter(self, data: Any) -> Letter:
        return data.draw(st.sampled_from(list(self.people.letters.values())))

    # -- time, servers, processes

    @rule(seconds=st.sampled_from((30, 61, 61, 301, 3600, 40_000, -600, -86_400, 86_400)))
    def the_clock_goes_or_jumps(self, seconds: int) -> None:
        self.latest = max(self.latest, self.world.now)
        self.world.now += timedelta(seconds=seconds)

    @rule(days=st.sampled_from((1, 1, 6)))
    def nobody_does_anything_for_days(self, days: int) -> None:
        for _ in range(days):
            self.the_agent_works_until_it_is_quiet(86_400)

    @rule(fault=st.sampled_from((*SMTP_FAULTS, *IMAP_CALLS)))
    def something_goes_wrong_next(self, fault: Answer | str) -> None:
        if isinstance(fault, Answer):
            self.world.transport.outside.script[:] = [fault]
        else:
            self.away.append(fault)

    @rule(what=st.sampled_from(("renumbered", "deleted")), folder=st.sampled_from(("review", "approve", "outgoing")))
    def a_folder_suffers(self, what: str, folder: str) -> None:
        name = getattr(self.world.app.folders, folder)
        if what == "renumbered":
            self.world.box.reset_uidvalidity(name)
        else:
            mails = [parsed(self.world.raw(place)) for place in self.world.box.locations(name)]
            self.people.destroyed |= {str(mail["Message-ID"]) for mail in mails}
            self.world.box.delete_folder(name)
            self.world.restart()

    @rule(seconds=st.sampled_from((0, 61, 61, 301)))
    def the_agent_works_until_it_is_quiet(self, seconds: int) -> None:
        self.world.now += timedelta(seconds=seconds)
        self.works(cycle.run_until_quiet)

    @rule(where=BREAKS)
    def a_round_is_broken(self, where: Break) -> None:
        self.works(cycle.run_once, where.fuse())

    @rule(name=st.sampled_from(sorted(cycle.RUNNERS)), where=st.one_of(st.none(), BREAKS))
    def one_runner(self, name: str, where: Break | None) -> None:
        names = (*LOOKS, "outbox") if name == "outbox" else (name,)
        fuse = where.fuse() if where else Fuse()
        self.works(lambda app: [cycle.RUNNERS[each](app) for each in names], fuse)

    @rule(where=FREEZES)
    def a_process_is_frozen_while_another_works(self, where: Break) -> None:
        """Longer than its lease, just when it sends: what another does meanwhile, it must not do again."""
        for name in LOOKS:
            self.attempt(partial(cycle.RUNNERS[name], self.world.app))
        self.attempt(lambda: cycle.RUNNERS["outbox"](frail(self.world, where.fuse(self.another_works))))

    def another_works(self) -> None:
        TALLY["frozen processes"] += 1
        self.attempt(lambda: cycle.run_once(as_new(self.world.app)))

    def works(self, work: Callable[[App], object], fuse: Fuse | None = None) -> None:
        """Work until the fuse burns, and else as long as there is something to do."""
        try:
            self.attempt(lambda: work(frail(self.world, fuse or Fuse(), self.away)))
        except Crash:
            TALLY["crashes"] += 1
            self.world.restart()

    def attempt(self, work: Callable[[], object]) -> None:
        """What a worker does: whatever the server did, it comes back."""
        try:
            work()
        except MailhitlError:
            TALLY["rounds broken off"] += 1
