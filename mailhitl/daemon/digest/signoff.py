"""Signoff: the digest as a draft in Review, which a group approves before it leaves, by the road of any answer.

The case is the agent's own: its source is the digest as it was made, mailed by the agent to itself, so the packet shows
it whole. Approved as it stands it leaves with its own HTML; edited, with HTML made from the edited words.
"""

from __future__ import annotations

from collections.abc import Sequence
from email import message_from_bytes, policy

from mailhitl.case import Case, Event, Outcome, State
from mailhitl.daemon.app import App
from mailhitl.daemon.digest.plan import Plan
from mailhitl.daemon.sources import original, source_of
from mailhitl.decision import Channel, Decision, Reason
from mailhitl.draft import Draft, fold
from mailhitl.insight.course import OWN
from mailhitl.insight.week import Week
from mailhitl.mail.compose import compose_notice
from mailhitl.mail.parse import parse
from mailhitl.mail.stamp import Kind, PrivateId, token_digest, write_id
from mailhitl.ports.mailbox import Location
from mailhitl.ports.store import Arrival

#: Before the week, in the thread of such a case.
THREAD = "digest:"
WHY = Reason("digest", Outcome.REVIEW, "The weekly digest leaves when you have signed it off (digest.signoff).")


def hold(app: App, plan: Plan, week: Week, subject: str, text: str, html: str) -> int:
    """File it for the group that signs off; return how many it goes to then."""
    case = _opened(app, week, subject, text, html)
    if case is None or case.state is not State.RECEIVED:
        return 0
    draft = Draft(to=plan.to, cc=(), subject=subject, text=text, author=OWN, template="digest", language="en")
    why = Decision(
        Event.HOLD, "daemon", Channel.DAEMON, WHY.text, app.now(), "digest", reasons=(WHY,),
        versions=app.settings.versions,
    )  # fmt: skip
    app.store.cases.move(case, Event.HOLD, why, draft=draft, outcome=Outcome.REVIEW, group=plan.signoff)
    return len(plan.to)


def is_held(app: App, week: Week) -> bool:
    """Whether this week's digest waits, or waited once."""
    return any(case.revision for case in _cases(app, week))


def is_digest(case: Case) -> bool:
    """Whether this is a digest of our own, no customer's mail."""
    return case.thread.startswith(THREAD)


def own_html(app: App, case: Case, draft: Draft) -> str | None:
    """The digest's own HTML, as long as it says what is to be sent; None for every other answer."""
    if not is_digest(case) or fold(source_of(app, case).text) != fold(draft.text):
        return None
    body = message_from_bytes(original(app, case), policy=policy.default).get_body(("html",))
    return None if body is None else str(body.get_content())


def _opened(app: App, week: Week, subject: str, text: str, html: str) -> Case | None:
    """The case of this week. One that a crash has left without a draft was taken for a mail of our own, and skipped:
    then there is another one."""
    earlier = _cases(app, week)
    if earlier and earlier[-1].state is State.RECEIVED:
        return earlier[-1]
    name = f"{THREAD}{week}:{len(earlier)}"
    private = PrivateId(Kind.NOTICE, 0, 0, token_digest(name, app.key)[:26])
    raw = compose_notice(
        sender=app.settings.address,
        to=app.settings.address.spec,
        subject=subject,
        text=text,
        html=html,
        message_id=write_id(private, app.key, app.settings.domain),
        now=app.now(),
    )
    # It lies in no folder: what is to be flagged or marked there is not found, and that is all.
    nowhere = Location(app.folders.inbox, 0, 0)
    thread = f"{THREAD}{week}"
    return app.store.cases.open(Arrival(app.settings.mailbox, nowhere, parse(raw), thread, name, app.now(), raw))


def _cases(app: App, week: Week) -> Sequence[Case]:
    return app.store.cases.in_thread(app.settings.mailbox, f"{THREAD}{week}")
