"""What a customer says of an answer of ours: that it was wrong, or only thanks. English and German, by plain phrases.

It marks; nothing is ever answered because of it. What is asked or put as a condition is not said: "is that wrong?",
"wenn das nicht stimmt, sagen Sie es bitte".
"""

from __future__ import annotations

import re

#: Characters looked at. Who disagrees says so at the beginning.
BEGINNING = 1500

_WRONG = re.compile(
    r"(?i)\b(?:"
    r"(?:that|this|it)(?:'s|’s| is| was) (?:just |simply |completely |totally |plain )?(?:wrong|incorrect|"
    r"not (?:correct|right|true|accurate|what i (?:asked|meant|wanted)))\b|"
    r"(?:that|this|it) (?:isn|wasn)['’]?t (?:correct|right|true|what i (?:asked|meant|wanted))\b|"
    r"your (?:answer|reply|response|information)(?: is| was) (?:wrong|incorrect|"
    r"not (?:correct|right|true|helpful))\b|"
    r"(?:you (?:gave|sent|told) me|i (?:got|received)) (?:the |a )?(?:wrong|incorrect) "
    r"(?:answer|information|reply)\b|"
    r"(?:that|this|it|you) (?:does not|doesn['’]?t|did not|didn['’]?t) (?:answer|address) my question\b|"
    r"you(?:'ve|’ve| have)? (?:misunderstood|misread)\b|"
    r"das (?:stimmt|passt) (?:so |leider |aber |gar |einfach |überhaupt |doch ){0,3}nicht\b|"
    r"das (?:ist|war) (?:so |leider |aber |einfach |doch |schlicht ){0,3}(?:falsch|unrichtig|"
    r"nicht (?:richtig|korrekt|wahr|meine frage|das, was ich))\b|"
    r"ihre (?:antwort|auskunft|information) (?:ist|war|stimmt) (?:so |leider ){0,2}"
    r"(?:falsch|nicht(?: richtig| korrekt)?)|"
    r"(?:falsche|unrichtige) (?:antwort|auskunft) (?:bekommen|erhalten|gegeben)|"
    r"beantwortet (?:meine frage )?(?:leider )?(?:meine frage )?nicht\b|"
    r"(?:sie haben|du hast) mich (?:wohl |leider )?(?:falsch |miss)verstanden"
    r")"
)
_CONDITION = re.compile(r"(?i)\b(?:if|in case|unless|whether|correct me|wenn|falls|sofern|ob|sollte)\b")
_SENTENCE = re.compile(r"[^.!?\n]{1,600}[.!?\n]?")

_THANKS = re.compile(
    r"(?i)\b(?:thanks?|thank you|thx|cheers|much appreciated|great|perfect|danke(?:schön)?|vielen dank|besten dank|"
    r"merci|super|prima|alles klar)\b"
)
#: Words of a mail that only thanks, its greeting and name included.
SHORT = 25
_MORE = re.compile(r"(?i)\?|\b(?:but|however|still|aber|jedoch|trotzdem|noch (?:immer|eine))\b")


def says_wrong(text: str) -> bool:
    """Whether these new words (quotes cut) say that the answer before them was wrong."""
    return any(_states(sentence) for sentence in _SENTENCE.findall(text[:BEGINNING]))


def _states(sentence: str) -> bool:
    match = _WRONG.search(sentence)
    return match is not None and not sentence.endswith("?") and not _CONDITION.search(sentence[: match.start()])


def only_thanks(text: str) -> bool:
    """Whether these new words thank and ask for nothing more."""
    words = text.split()
    return bool(words) and len(words) <= SHORT and bool(_THANKS.search(text)) and not _MORE.search(text)
