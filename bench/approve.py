"""(b) A reviewer moves a draft to Approve: until the SMTP server has the customer's mail, over IDLE, without grace."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Event, Thread

from imapclient import IMAPClient

from bench.figures import Figure
from bench.place import Account, Place, until
from bench.post import COMPLETE, answerable, deliver, mails

MOVES = 100
REVIEW, APPROVE = "Drafts/Review", "Drafts/Approve"
NOTE = (
    "(b) floor: when a bare imapclient in IDLE hears of such a move, in another account. Dovecot tells it "
    "half a second after a change (NOTIFY_DELAY_MSECS, compiled in); what is above the floor is ours."
)


def measure(place: Place, moves: int = MOVES) -> list[Figure]:
    mine, other = place.account(), place.account()
    deliver(mine.maildir, answerable(moves))
    deliver(other.maildir, mails(moves))
    with mine.daemon(), mine.client() as reviewer, other.client() as somebody:
        until(lambda: _count(reviewer, REVIEW) == 2 * moves)
        # The first round's own commotion must be over.
        time.sleep(2)
        reviewer.select_folder(REVIEW)
        somebody.create_folder(APPROVE)
        somebody.select_folder("INBOX")
        with _Listener(other) as listener:
            pairs = [
                (_approve(place, reviewer, draft), _hear(listener, somebody, uid))
                for draft, uid in zip(reviewer.search(COMPLETE), somebody.search(), strict=True)
            ]
    took, heard = [ours for ours, _ in pairs], [bare for _, bare in pairs]
    return [
        Figure("(b) approve by move until SMTP has it", "s", took, heard, "median", 0.3, NOTE),
        Figure("(b) the same", "s", took, heard, "p99", 1.0),
    ]


def _count(client: IMAPClient, folder: str) -> int:
    try:
        return int(client.folder_status(folder, ["MESSAGES"])[b"MESSAGES"])
    except IMAPClient.Error:
        return 0


def _approve(place: Place, reviewer: IMAPClient, uid: int) -> float:
    """Move one draft; give the seconds until its mail is at the SMTP server, and wait until all is tidied up."""
    while not place.sink.taken.empty():
        # What was told to reviewers meanwhile is not the answer.
        place.sink.taken.get()
    sent, began = _count(reviewer, "Sent"), time.perf_counter()
    reviewer.move([uid], APPROVE)
    when, _ = place.sink.taken.get(timeout=90)
    until(lambda: _count(reviewer, "Sent") == sent + 1)
    until(lambda: _count(reviewer, APPROVE) == 0)
    # Nobody moves the next one in the very instant, and no timer of the server's shall stay in step with us.
    time.sleep(0.25 + 0.037 * (uid % 10))
    return when - began


def _hear(listener: _Listener, somebody: IMAPClient, uid: int) -> float:
    """Move one mail of an account that no daemon serves; give the seconds until a bare client in IDLE hears of it."""
    listener.clear()
    began = time.perf_counter()
    somebody.move([uid], APPROVE)
    return listener.wait() - began


@dataclass
class _Listener:
    """A bare imapclient in IDLE on Approve, and when it heard of something."""

    account: Account

    def __enter__(self) -> _Listener:
        self._client = self.account.client()
        self._client.select_folder(APPROVE, readonly=True)
        self._client.idle()
        self._told, self._ended, self._when = Event(), False, 0.0
        self._thread = Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._thread.join(2)
        self._client.idle_done()
        self._client.logout()

    def _listen(self) -> None:
        while not self._ended:
            answers = self._client.idle_check(timeout=0.5)
            if any(len(answer) > 1 and answer[1] == b"EXISTS" for answer in answers) and not self._told.is_set():
                self._when = time.perf_counter()
                self._told.set()

    def clear(self) -> None:
        self._told.clear()

    def wait(self) -> float:
        if not self._told.wait(60):
            raise TimeoutError("the server never told the bare client of the move")
        return self._when
