"""What reviewers at random do: in the folders, by mail, and on the admin's command line."""

from __future__ import annotations

import re
from email.message import EmailMessage
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from mailhitl.case import Case
from mailhitl.daemon import pause
from mailhitl.decision import Channel
from mailhitl.mail.edited import draft_of
from mailhitl.mail.stamp import Kind, PrivateId, read_id
from mailhitl.ports.journal import Entry
from mailhitl.ports.mailbox import Location
from mailhitl.review.reviewers import SOMEONE
from tests.crash.people import ANNA, BEN, Approval, letter_of
from tests.crash.promises import TALLY
from tests.crash.rounds import Rounds
from tests.story.world import letter, text_of

#: What a hand in the folders does: to a draft in which folder, by which method of the machine.
GESTURES = {
    "approve": ("review", "approves"),
    "copy to approve": ("review", "approves"),
    "approve what stood there before": ("review", "approves_of_old"),
    "edit": ("review", "edits"),
    "edit a copy": ("review", "edits"),
    "edit and approve": ("review", "edits"),
    "take back": ("approve", "takes_back"),
    "stop": ("outgoing", "takes_back"),
    "reject": ("review", "decides"),
    "escalate": ("review", "decides"),
    "throw away": ("review", "throws_away"),
    "lose": ("review", "loses"),
}
#: How what is on its way is taken back, and what that is called in ``people``.
STOPS = {"review": "take back", "reject": "reject", "escalate": "escalate", "trash": "reject", "edit": "edit"}
ITEM = re.compile(r"^(\d+)\. .*\n +Subject: Mail (\d+)$", re.MULTILINE)


class Hands(Rounds):
    """Reviewers. ``kept`` are drafts that somebody's client still remembers."""

    kept: dict[str, bytes]

    # -- in the folders

    def anything_waits(self) -> bool:
        return any(self.drafts(folder) for folder in ("review", "approve", "outgoing"))

    @precondition(anything_waits)
    @rule(data=st.data(), gesture=st.sampled_from(sorted(GESTURES)))
    def somebody_is_at_work_in_the_folders(self, data: Any, gesture: str) -> None:
        folder, deed = GESTURES[gesture]
        if there := self.drafts(folder):
            place = data.draw(st.sampled_from(there))
            raw = self.world.raw(place)
            self.kept[draft_of(raw).digest] = raw
            getattr(self, deed)(place, raw, gesture)
            TALLY["gestures"] += 1

    def approves(self, place: Location, raw: bytes, gesture: str) -> None:
        self.people.approves(letter_of(raw), Approval(SOMEONE, draft_of(raw).digest))
        if gesture == "copy to approve":
            self.world.box.copy(place, self.world.app.folders.approve)
            self.world.box.remove([place])
        else:
            self.world.moves(place, "approve")

    def approves_of_old(self, place: Location, raw: bytes, gesture: str) -> None:
        """A client that has a copy of an earlier version left, or of this very one, puts it into Approve."""
        old = next(kept for kept in self.kept.values() if letter_of(kept) == letter_of(raw))
        self.people.approves(letter_of(raw), Approval(SOMEONE, draft_of(old).digest))
        self.put_there[self.revision_of(self.world.box.deliver(self.world.app.folders.approve, old))] += 1

    def edits(self, place: Location, raw: bytes, gesture: str) -> None:
        phrase = f"Kind regards ({self.world.letters})"
        if "Kind regards" not in draft_of(raw).text:
            return
        self.people.does(letter_of(raw), SOMEONE, "edit")
        folder = "approve" if gesture == "edit and approve" else "review"
        if folder == "approve":
            self.people.approves(letter_of(raw), Approval(SOMEONE, phrase=phrase))
        self.world.edits(place, "Kind regards", phrase, folder=folder, keep=gesture == "edit a copy")

    def takes_back(self, place: Location, raw: bytes, gesture: str) -> None:
        self.people.takes_back(letter_of(raw))
        self.world.moves(place, "review")

    def decides(self, place: Location, raw: bytes, gesture: str) -> None:
        self.people.does(letter_of(raw), SOMEONE, gesture)
        self.world.moves(place, gesture)

    def throws_away(self, place: Location, raw: bytes, gesture: str) -> None:
        self.people.does(letter_of(raw), SOMEONE, "reject")
        self.world.box.move(place, "Trash")

    def loses(self, place: Location, raw: bytes, gesture: str) -> None:
        """A slip, or a client that broke off in the middle of a move: nobody wanted anything by it."""
        self.world.box.remove([place])

    def stops(self, place: Location, how: str) -> None:
        """Somebody does not want to have sent what is on its way, whoever had approved it; or wants other words."""
        raw = self.world.raw(place)
        about = letter_of(raw)
        self.people.takes_back(about)
        self.people.does(about, SOMEONE, STOPS[how])
        self.people.approvals[about].clear()
        if how == "edit":
            phrase, folder = f"Kind regards ({self.world.letters})", self.role(place)
            if folder == "approve":
                self.people.approves(about, Approval(SOMEONE, phrase=phrase))
            self.world.edits(place, "Kind regards", phrase, folder=folder)
        elif how == "trash":
            self.world.box.move(place, "Trash")
        else:
            self.world.moves(place, how)

    def role(self, place: Location) -> str:
        folders = self.world.app.folders
        return next(name for name in ("approve", "outgoing", "review") if getattr(folders, name) == place.folder)

    # -- by mail

    def mails_to(self, who: str, kind: Kind) -> list[EmailMessage]:
        """What this person has got of this kind, each once."""
        found = {str(mail["Message-ID"]): mail for mail in self.world.sent_to(who)}
        return [mail for mail in found.values() if (mark := self.mark_of(mail)) and mark.kind is kind]

    def mark_of(self, mail: EmailMessage) -> PrivateId | None:
        return read_id(str(mail["Message-ID"]), self.world.store.key())

    def anybody_is_asked(self) -> bool:
        return bool(self.packets())

    def packets(self) -> list[EmailMessage]:
        return [mail for who in (ANNA, BEN) for mail in self.mails_to(who, Kind.PACKET)]

    @precondition(anybody_is_asked)
    @rule(
        data=st.data(),
        hand=st.sampled_from(("own", "own", "own", "other", "mallory", "forged")),
        words=st.sampled_from(
            ("approve", "approve", "reject: no", "edit: Own words, {n}.", "escalate: billing", "ok?")
        ),
    )
    def a_packet_is_answered(self, data: Any, hand: str, words: str) -> None:
        TALLY["packets answered"] += 1
        packet = data.draw(st.sampled_from(self.packets()))
        asked = str(packet["To"])
        text = words.format(n=len(self.people.deeds))
        if hand == "own":
            self.answers_packet(packet, text)
        elif hand == "other":
            self.world.answers(packet, text, sender=f"R <{BEN if ANNA in asked else ANNA}>")
        else:
            self.a_stranger_answers(packet, text, asked if hand == "forged" else "mallory@evil.test")

    def a_stranger_answers(self, packet: EmailMessage, text: str, sender: str) -> None:
        """Somebody who has seen the packet. Whose name nothing proves may still stop a mail, never release one."""
        number = str(packet["Message-ID"])
        if sender in (ANNA, BEN):
            verb = text.partition(":")[0]
            if verb in ("reject", "escalate"):
                self.people.does(self.case_of(packet).message_id, sender, verb)
            raw = letter(text, sender=f"R <{sender}>", In_Reply_To=number, References=number)
            self.world.box.deliver("INBOX", raw.replace(b"dmarc=pass", b"dmarc=fail"))
        else:
            self.arrives("any", text, f"M <{sender}>", In_Reply_To=number, References=number)

    def case_of(self, packet: EmailMessage) -> Case:
        private = self.mark_of(packet)
        assert private is not None
        return self.world.store.cases.get(private.case_id)

    def answers_packet(self, packet: EmailMessage, text: str) -> None:
        """A reviewer answers a packet of their own."""
        private = self.mark_of(packet)
        assert private is not None
        self.wishes(self.case_of(packet), private.revision, str(packet["To"]), text)
        self.world.answers(packet, text, sender=f"R <{packet['To']}>")

    def wishes(self, case: Case, revision: int, who: str, text: str) -> None:
        """What a reviewer means who was shown this revision."""
        verb, _, argument = text.partition(":")
        if verb == "approve" and revision:
            digest = self.world.store.cases.draft(case, revision).digest
            self.people.approves(case.message_id, Approval(who, digest))
        elif verb == "edit":
            self.people.approves(case.message_id, Approval(who, phrase=argument.strip()))
        elif verb in ("reject", "escalate"):
            self.people.does(case.message_id, who, verb)

    @rule(
        who=st.sampled_from((ANNA, ANNA, BEN)),
        words=st.lists(st.sampled_from(("approve", "approve", "reject: no", "")), min_size=4, max_size=4),
    )
    def asks_for_the_list_and_answers(self, who: str, words: list[str]) -> None:
        self.world.letters += 1
        asks = letter("", sender=f"R <{who}>", subject="queue", message_id=f"<queue-{self.world.letters}@example.com>")
        self.world.box.deliver("INBOX", asks)
        before = len(self.mails_to(who, Kind.WORKLIST))
        self.the_agent_works_until_it_is_quiet(0)
        if len(lists := self.mails_to(who, Kind.WORKLIST)) > before:
            self.answers_list(lists[-1], words)

    def answers_list(self, worklist: EmailMessage, words: list[str]) -> None:
        """Each item by its number; "": nothing is said of it."""
        TALLY["worklists answered"] += 1
        who = str(worklist["To"])
        cases = {case.message_id: case for case in self.world.cases}
        shown = {int(item): f"<l{number}@customer.test>" for item, number in ITEM.findall(text_of(worklist))}
        chosen = [(item, word) for item, word in zip(sorted(shown), words, strict=False) if word]
        for item, word in chosen:
            case = cases[shown[item]]
            self.wishes(case, case.revision, who, word)
        if chosen:
            text = "; ".join(f"{item} {word}" for item, word in chosen)
            self.world.answers(worklist, text, sender=f"R <{who}>")

    def samples(self) -> list[EmailMessage]:
        mails = [mail for who in (ANNA, BEN) for mail in self.mails_to(who, Kind.TICKET)]
        return [mail for mail in mails if str(mail["Subject"]).startswith("[Sample]")]

    @precondition(lambda self: self.samples())
    @rule(data=st.data(), words=st.sampled_from(("right", "wrong: no")))
    def a_sample_is_answered(self, data: Any, words: str) -> None:
        self.answers_sample(data.draw(st.sampled_from(self.samples())), words)

    def answers_sample(self, sample: EmailMessage, words: str) -> None:
        TALLY["samples answered"] += 1
        self.world.answers(sample, words, sender=f"R <{sample['To']}>")

    @rule(what=st.sampled_from(("", "", "automatic", "all")))
    def an_admin_pauses_or_resumes(self, what: str) -> None:
        pause.turn(self.world.store, what, Entry("", "root", Channel.CLI, self.world.now, code="command"))
        self.paused = what
