"""The gates: how often each is right on its corpus, what it makes of foreign customers' mails, and what looking costs.

Right or wrong is told per gate and language, apart for the sentences that the detectors were tuned with and for those
that were only ever measured with. The foreign mails have no truth of their own: what is shown is how many of them each
gate would keep a machine from answering.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table

from bench.figures import Figure
from bench.place import Place
from mailhitl.draft import Draft
from mailhitl.drafting.findings import IN_MAIL, findings
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse
from tests.conftest import SHARED
from tests.gates.corpus import LANGUAGES, MAIL, SOURCES, Case, cases, in_mail, wholes

RUNS = 300
#: Milliseconds for one ordinary draft.
LIMIT = 1.0
#: Bad-mannered texts: what a pattern could stumble over, again and again.
WALLS = (
    "a",
    "a.",
    "a ",
    "1 ",
    "4111 1111 ",
    "a@b.",
    "refund ",
    "(",
    "DE12 ABCD 1234 ",
    "Herr Aa ",
    "not promise ",
    "1-",
)
NOTHING = Draft((), (), "", "", author="")

ORDINARY = """Hello Anna Berg,

thank you for getting in touch about your order 4711.

You can see where it is at any time: sign in on our website and open "My orders". Once a parcel is on its way, the
tracking link is there too, and in the e-mail we sent you when it left.

If what you see there does not look right, just reply to this e-mail and we will look into it.

Kind regards
Example Support
"""


def measure(place: Place) -> list[Figure]:
    """Print what the gates got right and wrong; return what they cost."""
    console = Console(width=150)
    console.print(_rightness())
    for unseen in (False, True):
        console.print(_whole(unseen=unseen), highlight=False)
    for name, mails in FOREIGN.items():
        read = mails()
        console.print(_alarms(name, read) if read else f"{name}: not beside this checkout", highlight=False)
    console.print(_by_category(), highlight=False)
    return [_cost(), *_linear()]


def _rightness() -> Table:
    table = Table(
        "gate", "language", "tuned: n", "precision", "recall", "held out: n", "precision", "recall", "known wrong"
    )
    for gate, of_gate in groupby(cases(), key=lambda case: case.gate):
        listed = list(of_gate)
        for language in LANGUAGES:
            spoken = [case for case in listed if case.language == language]
            tuned = [case for case in spoken if not case.held_out]
            held_out = [case for case in spoken if case.held_out]
            known = sum(bool(case.known) for case in spoken)
            table.add_row(gate, language, *_right(tuned), *_right(held_out), str(known or ""))
    every = cases()
    held = [case for case in every if case.held_out]
    tuned = [case for case in every if not case.held_out]
    table.add_row("all", "", *_right(tuned), *_right(held), str(sum(bool(case.known) for case in every)))
    return table


def _right(listed: Sequence[Case]) -> tuple[str, str, str]:
    """How many there are, the share of alarms that are true, the share of risks that are found."""
    if not listed:
        return "", "", ""
    found = [case for case in listed if case.found]
    risks = [case for case in listed if case.hit]
    true = sum(case.hit for case in found)
    return str(len(listed)), f"{true / max(1, len(found)):.2f}", f"{true / max(1, len(risks)):.2f}"


def _whole(*, unseen: bool) -> str:
    """Whole answers: how many of the ordinary ones meet a gate, and how many of the risks are found."""
    answers = [each for each in wholes() if each.unseen is unseen]
    ordinary = [each for each in answers if not each.risks]
    stopped = sum(bool(each.found) for each in ordinary)
    risks = sum(len(each.risks) for each in answers)
    found = sum(len(each.risks & each.found) for each in answers)
    beside = sum(len(each.found - each.risks) for each in answers if each.risks)
    name = "never tuned with" if unseen else "tuned with"
    return (
        f"Whole answers, {name}: {stopped} of {len(ordinary)} ordinary ones stopped, {found} of {risks} risks found, "
        f"{beside} found that are none"
    )


def _alarms(name: str, mails: Sequence[Message]) -> str:
    """For each gate on the mail the share of mails that it stops."""
    stopped = dict.fromkeys(IN_MAIL, 0)
    several = 0
    for mail in mails:
        kinds = {each.kind for each in findings(NOTHING, mail, sources=(), language="") if each.place == "mail"}
        several += bool(kinds)
        for kind in kinds:
            stopped[kind] += 1
    shares = ", ".join(f"{kind} {count / len(mails):.1%}" for kind, count in stopped.items())
    return f"{name} ({len(mails):,}): any gate {several / len(mails):.1%}; {shares}"


def _by_category() -> str:
    """What BANKING77's categories say of the truth. Its even rows were tuned with, so only the odd ones are counted."""
    rows = _rows()[1::2]
    if not rows:
        return ""
    told = []
    for category in ABOUT_MONEY:
        texts = [row["text"] for row in rows if row["category"] == category]
        told.append(f"{category} {sum('money' in in_mail(text) for text in texts) / len(texts):.0%}")
    quiet = [row["text"] for row in rows if row["category"] in QUIET]
    alarms = sum(bool(in_mail(text)) for text in quiet)
    return (
        f"BANKING77, odd rows: the gate money stops {', '.join(told)}; of {len(quiet):,} questions in {len(QUIET)} "
        f"categories that touch none of the gates' matters any gate stops {alarms} ({alarms / len(quiet):.1%})"
    )


#: Categories that are about money which is to come back or was taken wrongly.
ABOUT_MONEY = ("request_refund", "Refund_not_showing_up", "transaction_charged_twice", "extra_charge_on_statement")
_QUIET = (
    "activate_my_card age_limit apple_pay_or_google_pay card_acceptance card_arrival card_delivery_estimate "
    "card_linking card_not_working change_pin contactless_not_working country_support edit_personal_details "
    "get_physical_card getting_virtual_card lost_or_stolen_phone passcode_forgotten pin_blocked "
    "unable_to_verify_identity verify_my_identity visa_or_mastercard why_verify_identity"
)
QUIET = frozenset(_QUIET.split())


def _banking() -> list[Message]:
    return [Message(text=row["text"], new_text=row["text"]) for row in _rows()]


def _rows() -> list[dict[str, str]]:
    path = SHARED / "triage" / "banking77-train.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _mails(*folders: str) -> Callable[[], list[Message]]:
    def read() -> list[Message]:
        files = (file for folder in folders for file in sorted((SHARED / "corpus").glob(folder)))
        return [parse(file.read_bytes()) for file in files if file.is_file()]

    return read


#: Customers' words from elsewhere, and how they are read; empty where the shared material is missing.
FOREIGN: dict[str, Callable[[], list[Message]]] = {
    "Questions to a bank (BANKING77)": _banking,
    "Ordinary mail (spamassassin, nice)": _mails("spamassassin/nice/**/*"),
    "Mailing lists (notmuch)": _mails("notmuch/**/*"),
    "Mails without an injection (BIPIA)": _mails("bipia/eml/*-clean.eml"),
    "The same with one": _mails("bipia/eml/*-start.eml", "bipia/eml/*-middle.eml", "bipia/eml/*-end.eml"),
}


def _cost() -> Figure:
    return Figure("gates on an ordinary draft", "ms", list(_timed(ORDINARY, RUNS)), judged="median", limit=LIMIT)


def _linear() -> Iterable[Figure]:
    """A text ten times as long may cost ten times as much; the floor is ten times the short one."""
    runs, floor = [], []
    for wall in WALLS:
        short, long = (min(_timed(wall * (size // len(wall)), 3)) for size in (10_000, 100_000))
        runs.append(long)
        floor.append(10 * short)
    yield Figure("gates on 100,000 characters that mean ill", "ms", runs, floor, judged="ratio", limit=2.0)


def _timed(text: str, runs: int) -> Iterable[float]:
    for _ in range(runs):
        draft = Draft(("anna@example.org",), (), "Your order", text, author="drafter:template")
        began = time.perf_counter()
        findings(draft, MAIL, sources=SOURCES, language="en")
        yield (time.perf_counter() - began) * 1000
