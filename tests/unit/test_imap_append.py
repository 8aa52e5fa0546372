"""Where a server says that added mails stand (RFC 4315): believed when it makes sense, left alone when it does not."""

from __future__ import annotations

import pytest

from mailhitl.backends.imap_append import LOAD_BYTES, appended, canonical, loads
from mailhitl.ports.mailbox import Addition


@pytest.mark.parametrize(
    ("answer", "uids"),
    [
        (b"[APPENDUID 7 5] Append completed.", [5]),
        (b"[APPENDUID 7 5:7] Append completed.", [5, 6, 7]),
        (b"[appenduid 7 5:6,9] done", [5, 6, 9]),
    ],
)
def test_each_added_mail_is_known_by_its_uid(answer: bytes, uids: list[int]) -> None:
    places = appended("Review", answer, len(uids))
    assert [(place.folder, place.uidvalidity, place.uid) for place in places] == [("Review", 7, uid) for uid in uids]


@pytest.mark.parametrize(
    "answer",
    [
        b"Append completed.",
        b"[APPENDUID 7 5] one of two",
        b"[APPENDUID 7 5:7] three of two",
        b"[APPENDUID 7 1:4294967295] a whole world",
        b"[APPENDUID 7 6:5] backwards",
        b"[APPENDUID 7 5:6:7] too many ends",
        b"[APPENDUID 7 :,] no number at all",
        b"[APPENDUID 7 *] a star",
    ],
)
def test_an_answer_that_does_not_name_each_mail_is_not_believed(answer: bytes) -> None:
    assert list(appended("Review", answer, 2)) == []


def test_mails_go_in_loads_that_one_command_may_carry_and_a_large_one_alone() -> None:
    small, large = Addition(b"x" * 10), Addition(b"x" * (LOAD_BYTES + 1))
    assert [len(load) for load in loads([*[small] * 120, large, small])] == [50, 50, 20, 1, 1]


@pytest.mark.parametrize("raw", [b"a\nb\n", b"a\r\nb\r\n", b"a\rb\r", b"a\r\nb\n"])
def test_a_mail_is_added_with_the_line_ends_that_mail_has(raw: bytes) -> None:
    assert canonical(raw) == b"a\r\nb\r\n"
