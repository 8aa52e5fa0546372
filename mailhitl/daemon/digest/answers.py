"""Answers to the weekly digest: ``promote 3`` lets a rule go further, ``pause automatic`` stops what nobody has seen.

Whoever got the digest may pause; whose mail is proven and who is an admin may promote (``answers``).
"""

from __future__ import annotations

import re

from mailhitl.daemon import pause
from mailhitl.daemon.app import App
from mailhitl.daemon.decide import Result
from mailhitl.daemon.digest.gathering import gather
from mailhitl.daemon.digest.mailing import DIGEST
from mailhitl.daemon.trust import answers
from mailhitl.daemon.trust.proposals import PROPOSE
from mailhitl.decision import Channel
from mailhitl.insight.digest import render
from mailhitl.insight.week import week
from mailhitl.mail.message import Message
from mailhitl.mail.reply import VERDICTS, Command, new_lines
from mailhitl.mail.signature import Checked
from mailhitl.mail.stamp import PrivateId
from mailhitl.ports.journal import Entry
from mailhitl.review.reviewers import Hand

_PROMOTE = re.compile(
    rf"(?:{'|'.join(VERDICTS['promote'])})\s+(?P<numbers>\d{{1,2}}(?:(?:\s|,|and|und)+\d{{1,2}})*)\.?"
)
_PAUSE = re.compile(r"(?:pause|stop|anhalten)(?:\s+(?P<what>auto|automatic|automatisch|all|alles))?\.?")
HELD = {"auto": pause.AUTOMATIC, "automatic": pause.AUTOMATIC, "automatisch": pause.AUTOMATIC}
HOW = (
    "Nothing was done. Begin your answer with “promote” and numbers of the digest (“promote 1, 3”) or with "
    "“pause automatic”, and write nothing else above the first empty line."
)


def carry_out(app: App, message: Message, proof: Checked, private: PrivateId) -> Result | None:
    """Do what the answer says, line by line, if its sender may; None when it answers another mail than a digest."""
    digests = app.store.journal.entries((DIGEST,))
    entry = next((each for each in digests if each.id == private.case_id), None)
    if entry is None:
        return None
    wishes = read(message, _text(app, entry))
    if not wishes:
        return Result(False, HOW)
    results = [_obey(app, message, proof, private, entry, wish) for wish in wishes]
    return Result(any(result.done for result in results), "\n".join(result.text for result in results))


def read(message: Message, sent_text: str) -> tuple[Command, ...]:
    """What it asks for: every line up to the first empty one must be clear, or nothing is."""
    wishes: list[Command] = []
    for line in new_lines(message, sent_text):
        if not line.strip():
            break
        for part in filter(None, map(str.strip, line.split(";"))):
            found = asked(part)
            if not found:
                return ()
            wishes += found
    return tuple(dict.fromkeys(wishes))


def asked(part: str) -> tuple[Command, ...]:
    """What these words ask for, one command for each rule; none when they are not clear."""
    words = " ".join(part.strip(" \t\xa0*_`\"'“”„").casefold().split())
    if found := _PROMOTE.fullmatch(words):
        return tuple(Command("promote", number) for number in re.findall(r"\d+", found["numbers"]))
    if found := _PAUSE.fullmatch(words):
        return (Command("pause", HELD.get(found["what"] or "", pause.ALL)),)
    return ()


def _obey(app: App, message: Message, proof: Checked, private: PrivateId, entry: Entry, wish: Command) -> Result:
    hand, doubt = answers.hand_of(app, message, proof, private, stopping=wish.word == "pause")
    if not hand.proof:
        return Result(False, f"Nothing was done: {doubt}")
    return _pause(app, message, hand, wish.argument) if wish.word == "pause" else _promote(app, entry, hand, wish)


def _pause(app: App, message: Message, hand: Hand, what: str) -> Result:
    why = f"The digest was answered by {message.sender.key}."
    said = Entry(pause.PAUSE, hand.by, Channel.REPLY, app.now(), why=why, code=DIGEST, proof=hand.proof)
    pause.stop(app, what, said)
    return Result(True, f"{pause.HELD[pause.current(app.store).what]} until somebody resumes.")


def _promote(app: App, entry: Entry, hand: Hand, wish: Command) -> Result:
    number = entry.data.get(wish.argument, "")
    proposed = [each for each in app.store.journal.entries((PROPOSE,)) if str(each.id) == number]
    if not proposed:
        return Result(False, f"{wish.argument}: there is no such proposal in that digest.")
    result = answers.promote(app, proposed[0], hand, wish)
    return Result(result.done, f"{wish.argument}: {result.text}")


def _text(app: App, entry: Entry) -> str:
    """What that digest says if it is made now; enough to tell its lines from the sender's."""
    if app.weekly is None:
        return ""
    digest, _ = gather(app.store, app.weekly, week(entry.subject), app.now())
    return render(digest, app.templates)[0]
