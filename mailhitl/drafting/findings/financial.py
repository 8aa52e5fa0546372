"""The gate ``financial``: investments, loans, interest, taxes, insurance."""

from __future__ import annotations

from collections.abc import Iterator

from mailhitl.drafting.findings.answer import Answer
from mailhitl.drafting.findings.topic import Topic

FINANCIAL = Topic(
    says=(
        r"(?:no|at|zero|without|percent|%) interest\b|interest[- ]free\b|apr\b|payment plan\w*|credit limit\w*",
        r"off against (?:your |the )?\w*tax\w*",
        r"zinsfrei\w*|ratenplan\w*|monatliche rate\w*|monatsrate\w*|kreditrahmen\w*",
        r"invest(?:s|ed|ment|ments|ing|or|ors)?\b|interest rates?\b|percentage rate\b",
        r"(?:home |bank |student |car )?loans?\b|(?:re)?mortgag\w*|financ(?:e|ed|ing|ial|ially)\b",
        r"tax(?:es|able|ed|ation)?\b|tax[ -]deductib\w+|vat\b|yields?\b|insur(?:e|ed|ance|able|er|ers)\b",
        r"instal?lments?\b|leas(?:e|ing)\b|pensions?\b|credit (?:score|rating)\w*",
        r"shares\b|stocks?\b|bonds\b|dividend\w*|savings\b",
        r"(?:investment|mutual|hedge|index|pension|college|trust) funds?\b|bankrupt\w*|insolven\w*|cash flow\b",
        r"portfolio\b",
        r"geldanlage\w*|anlageberat\w*|rendite\w*|zins(?:en|satz|sätze|los)?\b|\w+zins(?:en)?\b|kredite?s?\b",
        r"\w+kredite?s?\b|kreditvertrag\w*|darlehen\w*|hypothek\w*|finanz(?:amt|amts|iell\w*|ier\w+)\b",
        r"\w*steuern?\b|steuer(?:lich\w*|frei\w*|pflicht\w*|erklärung\w*|berat\w*)\b|versichert\b|versicherer\w*",
        r"\w*versicherung\w*|\w*finanzierung\w*|ratenzahlung\w*|(?:in|\d+) raten\b|leasing\w*",
        r"aktien?\b|anleihen?\b|fonds\b|dividende\w*|(?:er)?spartes?\b|ersparnisse\w*|altersvorsorge\w*|bonität\w*",
        r"insolvenz\w*|liquidität\w*|(?:die|eine|ihre) police\b",
    ),
    unless=(
        r"(?:ersten|zweiten|dritten|vierten|fünften|obersten|untersten|im|\d\.) stock\b",
        r"invest(?:ing|ed)? (?:a |some |the )?(?:little |bit of |few )?(?:time|effort|minutes)\b",
        r"(?:can ?not|can't|do not|don't|not) (?:give|offer|provide) (?:you )?(?:any )?(?:tax|financial"
        r"|investment) advice\b",
        r"(?:out of|in|take|took) stock\b|library loans?\b|loan (?:desk|words?)\b",
        r"tax office (?:is )?(?:next|near|beside)|yield signs?\b|insured nothing\b",
        r"sie steuern (?:die|das|den|ihre?n?|sie|es|ihn)\b|steuern (?:sie|lässt|können)\b|steuer(?:ung|gerät)\w*",
        r"steuerberatung (?:dürfen|können)\b|aktions?\w+",
        r"(?:glue|adhesive|tape|it) bonds\b|fund-?rais\w*|versicherte? mir\b|steuere\b|steuert\b|zum steuern\b",
    ),
)


def financial(answer: Answer) -> Iterator[str]:
    """The draft speaks of investments, loans, instalments, interest, taxes or insurance.

    Steering a lamp ("steuern"), being in stock and investing time do not count, nor does "we cannot give tax advice".
    """
    return FINANCIAL.in_answer(answer.own)


def in_mail(answer: Answer) -> Iterator[str]:
    """The customer asks about loans, taxes, insurance or investments."""
    return FINANCIAL.in_mail(answer.theirs)
