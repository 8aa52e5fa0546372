"""The gate ``money``: refunds, credits, compensation, amounts."""

from __future__ import annotations

from collections.abc import Iterator

from mailhitl.drafting.findings.answer import Answer, Words
from mailhitl.drafting.findings.topic import Topic, pattern
from mailhitl.mail.money import amounts_in

MONEY = Topic(
    says=(
        r"(?:sum|amount|money|payment) (?:\w+ ){0,8}(?:goes|is going|comes|will go|went|go) back\b",
        r"(?:get|have|receive|return) (?:\w+ ){0,3}(?:sum|amount|payment) back\b",
        r"(?:summe|betrag|geld|zahlung) (?:\w+ ){0,8}zurück\b",
        r"back (?:to|on|onto|into) your (?:card|account|bank|paypal)\b",
        r"money (?:is|was|has been|will be) (?:sent|returned|back|on its way)\b|we owe you\b|you owe\b|amount due\b",
        r"balance due\b",
        r"(?:bill|invoice) you\b|(?:you|be|been|were|was) (?:re)?billed\b|write (?:it |this |the \w+ )?off\b",
        r"at our (?:own )?(?:expense|cost)\b|(?:pay|refund|return) (?:\w+ )?the difference\b|late fees?\b",
        r"zurück auf (?:ihr|ihre|ihrem|ihrer|das|die) (?:konto|karte|paypal)\w*",
        r"auf (?:ihr|ihre|das) (?:konto|karte|paypal\S*) zurück\w*|(?:das|ihr) geld (?:ist|wurde|geht|kommt|haben)\b",
        r"auf unsere kosten\b",
        r"(?:rest|fehl|differenz)betrag\w*|offene[nr]? (?:betrag|posten|rechnung)\w*|in rechnung (?:stell|gestellt)\w*",
        r"mahngebühr\w*|wiedergutmachung\w*|(?:be)?zahlen wir\b|wir (?:be)?zahlen\b",
        r"refund\w*|reimburs\w+|charge-?backs?\b|compensat(?:e|ed|es|ing|ion)\b|goodwill\b|money back\b|cash ?back\b",
        r"store credit\b|credit note\w*|credit(?:s|ed)?\b|pay(?:ing)? (?:you|it|this) back\b|repay\w*|paid back\b",
        r"return(?:ed|ing)? (?:your|the) (?:money|payment|deposit)\b|outstanding (?:balance|amount|sum)\b",
        r"(?:will|has|have|had|was|were|is|are|been)(?: not|n't)? (?:be |been )?(?:over)?charged\b|we charge\b",
        r"charged? (?:you|your|me|my|us)\b|take(?:n|s)? off (?:your|the) (?:bill|invoice)",
        r"(?:cover|bear)\w* the costs?\b",
        r"(?:transfer|remit|wire) (?:the |your )?(?:money|amount|sum|payment)\b|deposit (?:back|will be returned)",
        r"(?:ruck|rueck|zuruck|zurueck)(?:erstatt|zahl|uberweis|ueberweis|buch)\w*|gezahlt zurück\w*",
        r"\w*erstatt(?:e|en|et|ete|eten|ung|ungen|ungs\w*)\b|zurückge(?:zahlt|bucht|geben bekommen)\w*",
        r"\w*gutschrift\w*|gutgeschrieben\b|gutschreib\w*|gutschein\b|gutscheins?\b|entschädig\w*|\w*kulanz\w*",
        r"geld zurück\b|auszahl\w*|ausgezahlt\b|überweis(?:e|en|t|ung|ungen)\b|überwiesen\b|abgebucht\b|abbuch\w*",
        r"kosten (?:\w+ ){0,3}(?:übernehmen|tragen|erstatten)\b|(?:übernehmen|tragen) (?:\w+ ){0,3}\w*kosten\b",
        r"(?:nicht |nichts? )?(?:be|ver)rechnet\b|berechnen (?:ihnen|wir)\b|von (?:der|ihrer) rechnung abge\w+",
    ),
    unless=(
        r"(?:by|with|your|a|the|major|debit and|debit or) credit cards?\b|credit cards?\b|credit score\w*",
        r"credits? (?:for|to|goes|go) (?:the |goes to |our |to our )?(?:photo|picture|idea|image|colleague|design)\w*",
        r"credit (?:where|is due)|fully charged|(?:is|are|was|be|been) charged (?:via|by|with|over) (?:usb|the cable)",
        r"meldung (?:\w+ ){0,2}erstatt\w+|anzeige (?:\w+ ){0,2}erstatt\w+|bericht (?:\w+ ){0,2}erstatt\w+",
        r"berichterstatt\w*|charged to the wrong \w+",
    ),
    mail=(
        r"(?:want|need|get|give|return) (?:\w+ ){0,3}money\b|twice\b.{0,20}charged|charged (?:\w+ )?twice|overcharg\w*",
        r"(?:double|duplicate|multiple|extra|additional|wrong|unexpected|unknown|strange|random) (?:charge|payment"
        r"|fee)s?\b",
        r"(?:get|got|gets|being|been|be|was|were|am|are|is) (?:double-)?charged\b|charges? (?:on|from|to) my\b",
        r"stop (?:the |this |my )?payment\b",
        r"(?:doppelte|falsche|unbekannte|unberechtigte) (?:abbuchung|zahlung|gebühr|rechnung)\w*",
        r"double charge\w*|\w*doppelt (?:ab|be)\w*|zu viel (?:be|ab|bezahlt)\w*|mein geld\b|geld (?:\w+ )?wieder\w*",
    ),
)
#: "Fr. 9-18 Uhr" is a Friday, no franc; "5 m" a length.
_NO_AMOUNT = pattern(r"fr[.,]? ?\d{1,2}(?:[.:]\d\d)? ?(?:uhr|bis|und|to|-|,|h\b)", r"fr[.,]? \d{1,2}[.] ?\d{1,2}[.]")


def money(answer: Answer) -> Iterator[str]:
    """The draft speaks of a refund, a credit, compensation or another payment, or names an amount of money in whatever
    currency and notation ("€1.234,50", "CHF 1'200.-", "500 euros").

    A refusal counts as well: "we cannot refund" is a decision about money. Ways to pay ("by credit card") are none.
    """
    yield from amounts(answer.own)
    yield from MONEY.in_answer(answer.own)


def in_mail(answer: Answer) -> Iterator[str]:
    """The customer speaks of money that is to come back or was taken wrongly, or names an amount."""
    yield from amounts(answer.theirs)
    yield from MONEY.in_mail(answer.theirs)


def amounts(words: Words) -> Iterator[str]:
    """Yield the amounts of money, as they are written."""
    if not any(char in words.plain for char in b"0123456789"):
        return
    other = {match.start() for match in _NO_AMOUNT.finditer(words.plain)}
    for _, start, end in amounts_in(words.plain):
        if start not in other:
            yield words.shown[start:end].strip(" ,;:(")
