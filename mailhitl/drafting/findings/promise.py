"""The gate ``promise``: guarantees, promises, dates that we commit to."""

from __future__ import annotations

from collections.abc import Iterator

from mailhitl.drafting.findings.answer import Answer
from mailhitl.drafting.findings.topic import Topic

_DAY = r"(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_TAG = r"(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)"
_FEW = r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|ten|a few|the next(?: \w+)?)"
_WENIGE = r"(?:\d{1,3}|einem|einer|einen|zwei|drei|vier|fünf|sechs|sieben|zehn|wenigen|den nächsten(?: \w+)?)"
_SPAN = r"(?:minutes?|hours?|(?:business |working |week)?days?|weeks?|months?)"
_SPANNE = r"(?:minuten?|stunden?|(?:werk|arbeits)?tagen?|wochen?|monaten?)"

PROMISE = Topic(
    says=(
        r"in (?:two|three|four|five|\d+) (?:or|to) (?:two|three|four|five|six|seven|\d+) (?:business |working "
        r"|week)?(?:days?|weeks?|hours?)\b",
        r"(?:won't|will not) (?:happen|occur|fail) again\b|for life\b|lifetime\b",
        r"(?:will|'ll) (?:\w+ ){1,8}(?:this (?:morning|afternoon|evening|week)|later today|by noon|next (?:week"
        r"|month|monday|tuesday|wednesday|thursday|friday))\b",
        r"expect (?:it|them|your \w+) (?:on|by|this|next|tomorrow)\b",
        r"dauert (?:\w+ ){0,4}(?:tage?|wochen?|stunden?|minuten?)\b",
        r"(?:haben|bekommen|erhalten) sie (?:\w+ ){0,4}(?:heute|noch heute|morgen|diese woche|nächste woche)\b",
        r"noch (?:heute|diese woche|in dieser woche)\b|heute noch\b",
        r"(?:passiert|kommt|geschieht) (?:\w+ )?nicht (?:noch einmal|wieder|mehr)\b",
        r"im laufe (?:des|der) (?:tages|woche|nächsten)\w*|lebenslang\w*|ein leben lang\b",
        r"guarant\w+|warrant(?:y|ies|ed)\b|promis(?:e|es|ed|ing)\b",
        r"(?:we|i)(?:'ll| will| do)? (?:hereby )?(?:assure|commit|pledge|undertake|swear)\b",
        r"you have (?:our|my) word\b|(?:give|gave) you (?:our|my) word\b|rest assured\b|without fail\b|definitely\b",
        r"certainly will\b",
        r"under all circumstances\b|100 ?%|(?:will|'ll) (?:never|always)\b|never (?:again|happen)\b|no doubt\b",
        r"you can (?:count|rely) on\b",
        rf"by (?:tomorrow|tonight|{_DAY}|the end of (?:the|this|next) (?:day|week|month))\b",
        rf"before (?:the weekend|{_DAY}|christmas)\b",
        rf"(?:within|in) {_FEW} {_SPAN}\b|(?:at most|no later than|no longer than)\b",
        rf"(?:will|'ll) (?:\w+ ){{1,8}}(?:today|tomorrow|tonight|on {_DAY})\b|make sure that you\b",
        rf"(?:takes|take) (?:\w+ ){{1,3}}{_SPAN} at most\b",
        r"garanti\w+|versprech(?:e|en|t)\b|verspricht\b|versprochen\b|zusag(?:e|en)\b|zugesagt\b|zusicher\w*",
        r"zugesichert\b|sichern (?:\w+ ){0,4}zu\b",
        r"verbindlich\w*|mein wort\b|unser wort\b|auf jeden fall\b|mit sicherheit\b|hundertprozentig\w*|spätestens\b",
        r"höchstens\b|nie wieder\b|nie mehr\b",
        r"ohne (?:jeden )?zweifel\b|können sie sich (?:darauf |auf uns )?verlassen\b|sich darauf verlassen\b",
        r"(?:versichere|versichern) (?:ihnen|dir)\b",
        rf"(?:innerhalb|binnen) (?:von )?{_WENIGE} {_SPANNE}\b|in {_WENIGE} {_SPANNE}\b",
        r"bis (?:morgen|heute abend|zum wochenende|ende (?:der|dieser|nächster) woche)\b|vor dem wochenende\b",
        rf"bis (?:zum )?{_TAG}\b",
        rf"(?:ist|sind|haben sie|bekommen sie|kommt) (?:\w+ ){{0,3}}(?:morgen|am {_TAG}) (?:bei ihnen|da|geliefert"
        rf"|repariert)\b",
        rf"dass sie \w+ am {_TAG} haben\b",
    ),
    unless=(
        r"guarant\w+ (?:nothing|for nothing|cards?)\b",
        r"(?:can ?not|can't|do not|don't|unable to|never|no|without) (?:\w+ ){0,1}guarant\w+",
        r"(?:can ?not|can't|do not|don't|did not|didn't|unable to|never|no) (?:\w+ ){0,1}promise\w*",
        r"(?:sounds?|looks?|very|is) promising\b",
        r"did (?:anybody|anyone|somebody|someone|they|he|she|we|you) promise\w*|no warrant(?:y|ies)\b",
        r"warranty cards?\b",
        r"guarantees are something\b|(?:no|without any) commitment\b",
        r"garantiere?n? (?:\w+ )?(?:nichts|für nichts)\b|(?:nicht|nichts|keine|ohne) (?:\w+ )?garanti\w+",
        r"garantiekarte\w*",
        r"(?:nicht|nichts|keinen? \w+) (?:\w+ )?(?:versprechen|zusagen|zusichern)\b|vielversprech\w*",
        r"sagen (?:wir )?nichts zu\b",
        rf"{_TAG} bis (?:zum )?{_TAG}\b|hat (?:ihnen|dir) (?:jemand|wer) (?:\w+ ){{0,4}}(?:versprochen|zugesagt)\b",
        r"(?:unverbindlich\w*|nicht verbindlich)\b|verspricht sich\b|(?:einen|ein) versprechen (?:von|der)\b",
    ),
)


def promise(answer: Answer) -> Iterator[str]:
    """The draft guarantees or promises something, or names a day or a time by which we will have done it.

    "I guarantee nothing", "we cannot promise a date" and "Monday to Friday" are no promises.
    """
    return PROMISE.in_answer(answer.own)
