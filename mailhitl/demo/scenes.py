"""The conversations of the story: each is played by customers and reviewers, and says how it must end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mailhitl.case import Event
from mailhitl.demo.ending import Ending, case_of
from mailhitl.demo.people import DAY, Letter
from mailhitl.demo.reviewer import APPROVE, ESCALATE, OUTGOING, REVIEW, Reviewer
from mailhitl.demo.stage import Stage

SHARED = "someone with access"
ANSWERED, FLAGGED = "\\Answered", "\\Flagged"
BY_A_PERSON = "word for word, in thread, not automatic"
BY_ITSELF = "word for word, in thread, marked automatic"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What happened to one letter and how it must end. ``words`` are what the answer has to say."""

    what: str
    question: str
    words: str
    ending: Ending


class Team:
    """The cast, and the stage they act on."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.anna, self.ben, self.clara = (Reviewer(stage, name) for name in ("anna", "ben", "clara"))

    def receives(self, letter: Letter) -> str:
        """The customer's mail comes in; return its Message-ID."""
        mail = letter.mail()
        self.stage.post(mail, letter.envelope)
        return str(mail["Message-ID"])

    def has_logged(self, question: str, event: Event, times: int = 1) -> None:
        """Wait until this has happened to the case so many times."""
        case = case_of(self.stage, question)
        self.stage.until(lambda: sum(row.event is event for row in self.stage.store.cases.log(case)) >= times)


def _from(address: str) -> Letter:
    return next(letter for letter in DAY if letter.address == address)


def _sent(decided: str, how: str = BY_A_PERSON) -> Ending:
    return Ending("sent", decided, (how,), ANSWERED, 1)


def anna_drags_a_draft_to_approve(team: Team) -> list[Expectation]:
    priya = _from("priya@raman.test")
    question = team.receives(priya)
    words = team.anna.sees_draft(priya.address)
    team.anna.moves(priya.address, APPROVE)
    what = "Anna drags a draft to Approve"
    return [Expectation(what, question, words, _sent(f"approve by {SHARED} (folder)"))]


def ben_edits_a_draft_and_drags_it(team: Team) -> list[Expectation]:
    oskar = _from("oskar@nilsson.test")
    question = team.receives(oskar)
    team.ben.sees_draft(oskar.address)
    words = team.ben.edits(oskar.address, "I am sorry that you had trouble", "I am truly sorry that two lamps broke")
    team.ben.moves(oskar.address, APPROVE)
    what = "Ben edits a draft as Thunderbird does, then drags it to Approve"
    return [Expectation(what, question, words, _sent(f"approve by {SHARED} (folder)"))]


def anna_answers_her_packet(team: Team) -> list[Expectation]:
    noor = _from("noor@vandijk.test")
    question = team.receives(noor)
    words = team.anna.sees_draft(noor.address)
    team.anna.answers(team.anna.gets_packet(noor.subject), "approve")
    what = "Anna answers her packet: approve"
    return [Expectation(what, question, words, _sent(f"approve by {team.anna.address} (reply)"))]


def ben_answers_with_his_own_text(team: Team) -> list[Expectation]:
    lena = _from("lena@vogt.test")
    question = team.receives(lena)
    draft = team.ben.sees_draft(lena.address)
    team.ben.answers(team.ben.gets_packet(lena.subject), "edit: Hallo Frau Vogt,\n\nich rufe Sie an.\n\nBen")
    quote = draft[draft.index("Am ") :]
    words = f"Hallo Frau Vogt,\n\nich rufe Sie an.\n\nBen\n\n{quote}"
    what = "Ben answers his packet: edit, and his own text"
    return [Expectation(what, question, words, _sent(f"approve by {team.ben.address} (reply)"))]


def ben_rejects_with_a_reason(team: Team) -> list[Expectation]:
    lukas = _from("lukas@brandner.test")
    question = team.receives(lukas)
    team.ben.answers(team.ben.gets_packet(lukas.subject), "reject: he has called, and I have told him")
    what = "Ben answers his packet: reject, and why"
    return [Expectation(what, question, "", Ending("rejected", f"reject by {team.ben.address} (reply)", flags=FLAGGED))]


def somebody_escalates_and_clara_approves(team: Team) -> list[Expectation]:
    birgit = _from("birgit@haase.test")
    question = team.receives(birgit)
    words = team.anna.sees_draft(birgit.address)
    team.anna.moves(birgit.address, ESCALATE)
    team.clara.answers(team.clara.gets_packet(birgit.subject), "approve")
    what = "Anna drags a draft to Escalate; Clara, who is asked next, answers: approve"
    return [Expectation(what, question, words, _sent(f"approve by {team.clara.address} (reply)"))]


def a_large_refund_takes_two_names(team: Team) -> list[Expectation]:
    arthur = _from("arthur@penrose.test")
    question = team.receives(arthur)
    words = team.anna.sees_draft(arthur.address)
    team.anna.moves(arthur.address, APPROVE)
    team.has_logged(question, Event.REVISE)
    team.anna.answers(team.anna.gets_packet(arthur.subject), "approve")
    team.has_logged(question, Event.ENDORSE)
    team.ben.answers(team.ben.gets_packet(arthur.subject), "approve")
    what = "1,250 EUR: a nameless drag comes back; Anna approves by name, then Ben"
    return [Expectation(what, question, words, _sent(f"approve by {team.ben.address} (reply)"))]


def a_customer_writes_again(team: Team) -> list[Expectation]:
    kofi = _from("kofi@mensah.test")
    first = team.receives(kofi)
    team.anna.sees_draft(kofi.address)
    more = "Hello again,\n\nwhere is my order? Its number is 7040.\n\nKofi"
    second = team.receives(replace(kofi, subject="Re: Where is my parcel?", text=more, answers=first))
    team.stage.until(lambda: "7040" in team.anna.sees_draft(kofi.address))
    words = team.anna.sees_draft(kofi.address)
    team.anna.moves(kofi.address, APPROVE)
    superseded = Ending("superseded", "supersede by intake (daemon)")
    return [
        Expectation("A customer writes again: the first draft is withdrawn", first, "", superseded),
        Expectation("… and the second mail is answered", second, words, _sent(f"approve by {SHARED} (folder)")),
    ]


def anna_answers_by_hand(team: Team) -> list[Expectation]:
    emre = _from("emre@aydin.test")
    question = team.receives(emre)
    team.anna.sees_draft(emre.address)
    words = "Hello Emre,\n\nI have just sent you a new link.\n\nAnna"
    team.anna.answers_customer(emre.address, emre.subject, question, words)
    ending = Ending("superseded", f"supersede by {SHARED} (hand)", (BY_A_PERSON,), ANSWERED, 1)
    return [Expectation("Anna answers a customer by hand: the draft is withdrawn", question, words, ending)]


def opening_hours_answer_themselves(team: Team) -> list[Expectation]:
    frieda = _from("frieda@kolb.test")
    question = team.receives(frieda)
    words = team.ben.sees_draft(frieda.address, OUTGOING)
    ending = _sent("approve by rule:Opening hours answer themselves (rule)", BY_ITSELF)
    return [Expectation("Opening hours answer themselves after the undo time", question, words, ending)]


def an_automatic_answer_is_stopped(team: Team) -> list[Expectation]:
    marta = _from("marta@okafor.test")
    question = team.receives(marta)
    team.ben.sees_draft(marta.address, OUTGOING)
    team.ben.moves(marta.address, REVIEW, source=OUTGOING)
    what = "Ben drags an automatic answer out of Outgoing in time"
    return [Expectation(what, question, "", Ending("held", f"hold by {SHARED} (folder)"))]


def thanks_answer_themselves(team: Team) -> list[Expectation]:
    samuel = _from("samuel@ortega.test")
    question = team.receives(samuel)
    team.has_logged(question, Event.APPROVE)
    words = team.stage.store.cases.draft(case_of(team.stage, question)).text
    ending = _sent("approve by rule:Thanks answer themselves (rule)", BY_ITSELF)
    return [Expectation("Thanks are answered at once", question, words, ending)]


def a_legal_threat_is_blocked(team: Team) -> list[Expectation]:
    victor = _from("hale@hale-partners.test")
    question = team.receives(victor)
    team.anna.gets_packet(victor.subject)
    ending = Ending("held", "hold by rule:Legal threats are for people (rule)", flags=FLAGGED)
    return [Expectation("A legal threat: no draft, flagged for a person", question, "", ending)]


def no_template_fits(team: Team) -> list[Expectation]:
    tom = _from("tom@bakerlane.test")
    question = team.receives(tom)
    team.anna.sees_draft(tom.address)
    team.anna.moves(tom.address, APPROVE)
    team.has_logged(question, Event.REVISE)
    team.anna.sees_draft(tom.address)
    words = team.anna.edits(tom.address, "[… write your answer here …]", "Yes, acrylics hold well on our paper shades.")
    team.anna.moves(tom.address, APPROVE)
    what = "No template fits: the empty skeleton comes back; Anna writes the answer into it"
    return [Expectation(what, question, words, _sent(f"approve by {SHARED} (folder)"))]


def an_unclear_answer_does_nothing(team: Team) -> list[Expectation]:
    rosa = _from("rosa@almeida.test")
    question = team.receives(rosa)
    packet = team.anna.gets_packet(rosa.subject)
    team.anna.answers(packet, "Looks fine to me, but who writes to her?")
    told = team.anna.is_told(packet)
    if "nothing was done" not in told:
        raise ValueError(f"Anna was told: {told}")
    ending = Ending("held", "hold by rule:default (rule)")
    return [Expectation("Anna answers her packet neither yes nor no: she is asked back", question, "", ending)]


def machines_get_no_answer(team: Team) -> list[Expectation]:
    machines = ("ines@carvalho.test", "news@lampweekly.test", "mailer-daemon@mx.far.test")
    skipped = Ending("skipped", "skip by rule:automatic mail (rule)")
    names = ("An out-of-office note", "A newsletter", "A bounce")
    return [
        Expectation(f"{name} gets no answer", team.receives(_from(address)), "", skipped)
        for name, address in zip(names, machines, strict=True)
    ]


def a_forged_sender_is_held(team: Team) -> list[Expectation]:
    jonas = _from("jonas@lindqvist.test")
    question = team.receives(jonas)
    ending = Ending("held", "hold by rule:gate:unauthenticated (rule)")
    return [Expectation("A customer's address that nobody vouches for: no automatic answer", question, "", ending)]


def a_mail_gives_orders_to_the_machine(team: Team) -> list[Expectation]:
    max_ = _from("max@freemail.test")
    question = team.receives(max_)
    ending = Ending("held", "hold by rule:Somebody talks to the machine (rule)")
    return [Expectation("“Ignore all previous instructions”: a person looks", question, "", ending)]


SCENES: tuple[Callable[[Team], list[Expectation]], ...] = (
    anna_drags_a_draft_to_approve,
    ben_edits_a_draft_and_drags_it,
    anna_answers_her_packet,
    ben_answers_with_his_own_text,
    ben_rejects_with_a_reason,
    somebody_escalates_and_clara_approves,
    a_large_refund_takes_two_names,
    a_customer_writes_again,
    anna_answers_by_hand,
    opening_hours_answer_themselves,
    an_automatic_answer_is_stopped,
    thanks_answer_themselves,
    a_legal_threat_is_blocked,
    no_template_fits,
    an_unclear_answer_does_nothing,
    machines_get_no_answer,
    a_forged_sender_is_held,
    a_mail_gives_orders_to_the_machine,
)
