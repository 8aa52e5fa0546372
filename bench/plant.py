"""(plant, random) The random test of a team: longer than in the tests, and with planted bugs that it has to find.

``WORLDS`` in the environment says how many worlds without a planted bug there are.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import PropertyMock, patch
from uuid import uuid4

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from bench.figures import Figure
from bench.place import Place
from mailhitl import delivery
from mailhitl.case import Event
from mailhitl.daemon import (
    byhand,
    commands,
    copies,
    decide,
    facts,
    intake,
    judging,
    marks,
    obey,
    outbox,
    pause,
    reminders,
    worklist,
)
from mailhitl.daemon import filing as filing_runner
from mailhitl.daemon.trust import autonomy, sampling
from mailhitl.decision import Channel, Decision, Verdict
from mailhitl.mail.signature import Checked
from mailhitl.review import filing, gestures, reviewers
from mailhitl.review import reminders as silence
from mailhitl.review.gestures import cancelled, unclear
from mailhitl.store import deliveries, filings, moves
from mailhitl.store.models import CaseRow
from mailhitl.store.values import case_of
from tests.crash.people import ANNA
from tests.crash.promises import TALLY
from tests.crash.team import Team

WORLDS, STEPS = 60, 8
#: After ten worlds hypothesis varies those it had: what is wanted here are others, so every few begin anew.
BATCH = 8


def _current(database: Any, case: Any) -> Any:
    return case_of(database.first(CaseRow.whole().where(CaseRow.id == case.id)))


def _set(database: Any, case: Any, changes: Any) -> None:
    database.run(CaseRow.update(**changes).where(CaseRow.id == case.id))


def _resend(app: Any, case: Any, parcel: Any, handover: Any) -> int:
    if not handover.unknown:
        return _SETTLE(app, case, parcel, handover)
    outbox._defer(app, case, parcel.delivery.ended(handover, app.now()), handover)
    return 0


def _silence_approves(app: Any, step: Any) -> None:
    said = Decision(Event.APPROVE, "daemon", Channel.DAEMON, "nobody objected", app.now())
    app.store.cases.move(step.one.case, Event.APPROVE, said)


def _cursor_first(app: Any, folder: str, cursor: Any, locations: Any) -> Any:
    if locations:
        ahead = replace(cursor, last_uid=locations[-1].uid)
        app.store.progress.advance(app.settings.mailbox, folder, ahead)
    return _TAKE_IN_NEW(app, folder, cursor, locations)


def _in_annas_name(event: Event, *rest: Any, **more: Any) -> Decision:
    row = Decision(event, *rest, **more)
    return replace(row, by=ANNA, channel=Channel.REPLY) if event is Event.APPROVE else row


def _always_send(app: Any, gathered: Any, **more: Any) -> Verdict:
    return replace(_VERDICT(app, gathered, **more), outcome=facts.Outcome.SEND)


def _copy_again(app: Any, case: Any) -> None:
    last = app.store.deliveries.of(case)[-1]
    raw = outbox.compose(app, case, app.store.cases.draft(case), last.message_id, last.started_at)
    app.mailbox.append(app.folders.sent, raw)
    app.store.deliveries.mark_copied(case)


def _refused_is_sent(app: Any, case: Any, delivery: Any, handover: Any) -> None:
    outbox._move(app, case, Event.ACCEPT, handover.reply, "accepted", delivery)


def _expire_silently(app: Any, one: Any) -> None:
    said = reminders._decision(app, Event.REJECT, reminders.EXPIRED, "no decision")
    app.store.cases.move(one.case, Event.REJECT, said)


def _mixed_up(app: Any, message: Any, proof: Any, token: str) -> Any:
    shown = _SHOWN(app, message, proof, token)
    return dict(zip(shown, reversed(list(shown.values())), strict=True))


def _old_token_counts(app: Any, incoming: Any, sender: str) -> str:
    case = incoming.case
    ask = incoming.ask and replace(incoming.ask, draft_digest=case.draft_digest or "")
    return _TOKEN_DOUBT(app, replace(incoming, revision=case.revision, ask=ask), sender)


def _one_is_enough(hand: Any, **about: Any) -> Any:
    return _MAY_APPROVE(hand, **about | {"needed": 1})


def _editor_counts(hand: Any, **about: Any) -> Any:
    return _MAY_APPROVE(hand, **about | {"author": ""})


def _agreed_to_any(log: Any, digest: str) -> frozenset[str]:
    return frozenset(row.by for row in log if row.event is Event.ENDORSE)


_SETTLE, _TAKE_IN_NEW, _VERDICT, _APPROVE = outbox._settle, intake._take_in_new, facts.verdict, decide.approve
_SHOWN, _TOKEN_DOUBT, _MAY_APPROVE = worklist._shown, obey._token_doubt, decide.may_approve
_DETECTORS = tuple(each for each in gestures.DETECTORS if each is not cancelled.detect)


@dataclass(frozen=True, slots=True)
class Plant:
    """A bug: each (object, attribute) is replaced."""

    what: str
    patches: tuple[tuple[Any, str, Any], ...]

    @contextmanager
    def planted(self) -> Iterator[None]:
        with ExitStack() as stack:
            for place, name, wrong in self.patches:
                stack.enter_context(patch.object(place, name, wrong))
            yield


def _plant(what: str, *patches: tuple[Any, str, Any]) -> Plant:
    return Plant(what, patches)


PLANTS = (
    _plant("a move compares no version", (moves, "_current", _current), (moves, "_compare_and_set", _set)),
    _plant("the phase of a hand-over is not recorded", (deliveries.SqlDeliveries, "record_phase", lambda *_: None)),
    _plant("killed in the body counts as not sent", (delivery.Phase, "safe", PropertyMock(return_value=True))),
    _plant("an unknown outcome is tried again", (outbox, "_settle", _resend)),
    _plant("what was being sent at a crash is left so", (outbox, "_recover", lambda *_: 0)),
    _plant("silence approves", (reminders, "_escalate", _silence_approves)),
    _plant("a rejection approves", (decide, "reject", lambda app, case, wish: _APPROVE(app, case, wish))),
    _plant("an edit is approved without its words", (decide, "approve", lambda a, c, w, edit=None: _APPROVE(a, c, w))),
    _plant("a pause is overlooked", (pause, "holds", lambda *_, **__: False)),
    _plant(
        "what was taken back is sent",
        (outbox, "_moved_since", lambda *_: False),
        (outbox, "_taken_out", lambda *_: ""),
        (gestures, "DETECTORS", _DETECTORS),
    ),
    _plant("anybody's token counts", (obey, "_token_doubt", lambda *_: "")),
    _plant("the cursor goes ahead of the mails", (intake, "_take_in_new", _cursor_first)),
    _plant("a mail is known by nothing", (intake, "fingerprint", lambda *_: uuid4().hex)),
    _plant("machines are answered", (judging, "why_automatic", lambda *_, **__: "")),
    _plant("answers by hand are overlooked", (byhand, "_answered", lambda *_: [])),
    _plant("whatever rules say is sent", (facts, "verdict", _always_send)),
    _plant("a rule's approval stands in a person's name", (judging, "Decision", _in_annas_name)),
    _plant("what is decided is not withdrawn", (filing, "_clear", lambda *_: iter(()))),
    _plant("Sent gets no copy", (copies, "_copy", lambda app, case: app.store.deliveries.mark_copied(case))),
    _plant("a draft's place is not remembered", (filing, "_seen", lambda *_: ())),
    _plant("sent again, it gets another Message-ID", (outbox, "_first_of", lambda app, case: case.revision)),
    _plant("Sent may get a second copy", (copies, "_copy", _copy_again)),
    _plant("what the server refuses counts as sent", (outbox, "_refuse", _refused_is_sent)),
    _plant("a wrong sample takes nothing down", (autonomy, "charge", lambda *_, **__: ())),
    _plant("a demotion is overlooked", (autonomy, "in_force", lambda app: tuple(app.rules))),
    _plant("no sample is drawn", (sampling, "draw", lambda *_: False)),
    _plant("silence leads to nobody else", (silence, "_escalation", lambda *_: iter(()))),
    _plant("what expires is closed without a word", (reminders, "_expire", _expire_silently)),
    _plant("what nobody decides waits for ever", (silence, "_closes", lambda one, *_: one.since.replace(year=9999))),
    _plant("a worklist's numbers are mixed up", (worklist, "_shown", _mixed_up)),
    _plant("the answered mark is overlooked", (marks, "run_once", lambda *_: 0)),
    _plant("a copy of an answer is a customer's mail", (byhand, "came_in", lambda *_: False)),
    _plant("an old packet approves the newest draft", (obey, "_token_doubt", _old_token_counts)),
    _plant("an old version approves the newest draft", (unclear, "_about_versions", lambda *_: iter(()))),
    _plant("what has vanished is not restored", (filings.SqlFilings, "mark_missing", lambda *_: None)),
    _plant("one person is enough where two are asked for", (decide, "may_approve", _one_is_enough)),
    _plant("who has edited is the second pair of eyes", (decide, "may_approve", _editor_counts)),
    _plant("an agreement outlasts an edit", (reviewers, "approvers", _agreed_to_any)),
    _plant("anybody may write a reviewer's name", (commands, "proof_of", lambda *_: Checked("believed"))),
    _plant("what is rejected gets no sign", (filing_runner, "_flag", lambda *_: 0)),
)


def goes_wrong(worlds: int, number: int) -> bool:
    """Whether so many worlds show a violation. ``number`` makes it repeatable."""
    for batch in range(-(-worlds // BATCH)):
        if _batch_goes_wrong(1_000 * number + batch):
            return True
        if batch % 5 == 4:
            told = ", ".join(f"{times} {what}" for what, times in sorted(TALLY.items()))
            print(f"  so far: {told}", file=sys.stderr, flush=True)
    return False


def _batch_goes_wrong(number: int) -> bool:
    machine = seed(number)(type("Seeded", (Team,), {}))
    chosen = settings(
        max_examples=BATCH,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    try:
        run_state_machine_as_test(machine, settings=chosen)
    except Exception as found:  # noqa: BLE001  whatever a planted bug breaks, it was found
        print(f"  found (seed {number}): {type(found).__name__}: {str(found)[:150]}", file=sys.stderr, flush=True)
        return True
    return False


def _timed(work: Callable[[], bool]) -> tuple[bool, float, int]:
    began, worlds = time.perf_counter(), TALLY["worlds"]
    return work(), time.perf_counter() - began, TALLY["worlds"] - worlds


def plants(place: Place) -> list[Figure]:
    """One row per planted bug: 0 when it was found."""
    figures = []
    for plant in PLANTS:
        print(f"(plant) {plant.what}", file=sys.stderr, flush=True)
        with plant.planted():
            found, took, worlds = _timed(lambda: goes_wrong(WORLDS, 1))
        note = f"(plant) {plant.what}: {'found' if found else 'NOT found'} within {worlds} worlds, {took:.0f} s"
        figures.append(Figure(f"(plant) {plant.what}", "missed", [float(not found)], (), "max", None, note))
    return figures


def measure(place: Place) -> list[Figure]:
    """Many more worlds than in the tests, without planted bugs: none may go wrong."""
    TALLY.clear()
    wrong, took, _ = _timed(lambda: goes_wrong(int(os.environ.get("WORLDS", 3 * WORLDS)), time.time_ns() % 10**9))
    told = ", ".join(f"{number} {what}" for what, number in sorted(TALLY.items()))
    return [
        Figure("(random) worlds that go wrong", "bad", [float(wrong)], (), "max", 0, f"(random) {told}; {took:.0f} s")
    ]
