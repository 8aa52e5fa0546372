"""The words that risks are known by, in English and German: one pattern per kind, a line per family of words.

A stem stands for its inflections (``refund`` finds "refunded"). The words are few and plain on purpose: a gate that
holds too much is an annoyance, one that an admin cannot read is a danger.
"""

from __future__ import annotations

import re


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(alternatives)})", re.IGNORECASE)


_CURRENCY = r"(?:€|\$|£|¥|CHF|EUR|USD|GBP|SEK|PLN|euros?|dollars?|pounds?|francs?|franken|cents?)"
_NUMBER = r"\d{1,3}(?:[.,'’ ]\d{3}){1,5}(?:[.,]\d{1,2})?|\d{1,12}(?:[.,]\d{1,2})?"

MONEY = re.compile(
    rf"(?:{_CURRENCY}\s?(?:{_NUMBER})(?:,-|,–)?)"
    rf"|(?:\b(?:{_NUMBER})(?:,-|,–)?\s?{_CURRENCY}(?!\w))"
    r"|\b(?:refund\w*|reimburs\w+|charge-?backs?|compensat\w+|goodwill|store credit|credit(?:s|ed)?\b(?! card)"
    r"|cash ?back|pay(?:ing)? you\b|money back"
    r"|\w*erstatt(?:e|en|et|ung|ungen)\b|\w*gutschrift\w*|gutgeschrieben|gutschreib\w*|gutschein\w*|rückzahl\w*"
    r"|zurückzahl\w*|entschädig\w*|kulanz\w*|geld zurück|auszahl\w*|überweis\w*)",
    re.IGNORECASE,
)

PRICING = _any(
    r"prices?\b|pric(?:ed|ing)\b",
    r"discount\w*|rebates?\b|vouchers?\b|coupons?\b|promo(?:tion)? codes?\b|special offers?\b|sale price",
    r"free of charge|for free\b|no extra cost|at no cost|waive\w*",
    r"\d{1,3}(?:[.,]\d{1,2})? ?(?:%|percent\b|prozent\b) (?:off|discount|rabatt|nachlass|günstiger|reduction)",
    r"preis\w*|\w+preis(?:e|en|es)?\b|rabatt\w*|preisnachl\w+|\w*nachlass\b|skonto\b|sonderangebot\w*",
    r"kostenlos\w*|kostenfrei\w*|gratis\b|umsonst\b|ermäßig\w*|vergünstig\w*",
)

_DAYS = "montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag"
_NO_DAY = "".join(f"(?<!{day} )" for day in _DAYS.split("|"))

PROMISE = _any(
    r"guarant\w+|warrant(?:y|ies|ed)?\b",
    r"(?:we|i)(?:'|’)?(?:ll| will| do)? (?:hereby )?(?:promise|assure|commit|pledge|undertake)\b",
    r"you have (?:our|my) word",
    r"rest assured|without fail|definitely|under all circumstances|100 ?%",
    r"(?:will|(?:'|’)ll) (?:never|always)\b|never again",
    r"by (?:tomorrow|tonight|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    r"(?:within|in) (?:the next )?\w+ (?:minutes?|hours?|(?:business |working )?days?|weeks?)\b",
    r"\w*garanti\w+|verspr(?:echen|eche|icht|ochen)\b|zusag(?:e|en)\b|zugesagt\b|zusicher\w*|zugesichert\b|verbindlich\w*",
    r"auf jeden fall|mit sicherheit|hundertprozentig|spätestens",
    r"(?:innerhalb|binnen) (?:von )?\w+ (?:minuten?|stunden?|(?:werk|arbeits)?tagen?|wochen?)\b",
    # "Montag bis Freitag" are opening hours.
    rf"bis (?:morgen|heute abend|ende der woche)\b|{_NO_DAY}bis (?:{_DAYS})\b",
)

LEGAL = _any(
    r"lawyers?\b|attorneys?\b|law ?suits?\b|court\b|litigat\w+|sue[ds]?\b",
    r"legal\w*|illegal\w*|liab(?:le|ility|ilities)\b",
    r"negligen\w+|breach(?:es|ed)?\b|contract(?:s|ual|ually)?\b|gdpr\b",
    r"(?:we|our company) (?:are|is) at fault|our fault\b",
    r"admit\w*|terms and conditions|statutory|right of withdrawal|settlement\b",
    r"\w*anw[aä]lt\w*|\w*gericht(?:e|s|lich\w*)?\b|klage\b|verklag\w+|rechtlich\w*|rechtsweg\w*|juristisch\w*",
    r"haft(?:en|et|ung)\w*",
    r"schadensersatz\w*|schadenersatz\w*|gewährleistung\w*|vertrag(?:s\w*|lich\w*)?\b|verträge\w*|agb\b|dsgvo\b",
    r"widerruf\w*|unsere? schuld\b|fahrlässig\w*",
)

MEDICAL = _any(
    r"diagnos\w+|symptom\w*|dos(?:e|es|age|ages)\b|medic(?:al|ally|ation|ations|ine|ines)\b|prescri(?:be|bed|ption)\w*",
    r"side[ -]effects?|allerg\w+|pregnan\w+|cures?\b|heals?\b",
    r"treats? (?:your|the)\b|therap\w+|clinically|hypoallergenic",
    r"dosier\w*|medikament\w*|medizin\w*|arznei\w*|nebenwirkung\w*|schwanger\w*",
    r"heil(?:t|en|ung|end\w*)\b|rezeptpflichtig\w*",
)

FINANCIAL = _any(
    r"invest(?:ment|ments|ing)?\b|interest rates?|loans?\b|mortgage\w*",
    r"tax(?:es|able|[ -]deductible| advice)?\b|financial advice",
    r"(?:annual |guaranteed )?yields?\b|insur(?:ance|ed|able)\b|financing\b",
    r"geldanlage\w*|anlageberat\w*|rendite\w*|zins(?:en|satz|sätze)?\b|kredit(?:e|s|vertrag|zins\w*)?\b|darlehen\w*",
    r"steuer(?:n|lich\w*|frei\w*|berat\w*)?\b|versichert\b|versicherung\w*|finanzierung\w*",
)

SAFETY = _any(
    r"safe (?:to|for)\b|safely\b|unsafe\b|(?:non-?)?toxic\w*|poison\w*|hazard\w*|dangerous\w*|harmless\b",
    r"recall(?:s|ed)?\b",
    r"flammab\w+|fire(?:proof| hazard| risk)?\b|electric(?:al)? shock|explo(?:de|des|sion|sive)\w*|suffocat\w+",
    r"chok(?:e|ing)\b",
    r"child-?(?:safe|proof)|injur(?:y|ies|ed)\b",
    r"ungefährlich\w*|gefährlich\w*|gefahrlos\w*|gefahren?\b|ungiftig\w*|giftig\w*|unbedenklich\w*|schadstoff\w*",
    r"brandgefahr\w*|entzünd\w+|stromschlag\w*|explo(?:dier\w*|sion\w*)|erstick\w+|rückrufaktion\w*|produktrückruf\w*",
    r"kindersicher\w*|verletz(?:t|en|ung|ungen)\b",
)

#: Our own attachment, not the customer's ("the photo you attached", "Ihr Anhang").
ATTACHMENT = re.compile(
    r"(?<!you )(?<!you've )(?<!you have )(?<!your )(?<!the photo )(?<!not )"
    r"\b(?:attached|enclosed|(?<!any )(?<!your )attachments?)\b(?! (?:photo|picture|image)s? (?:you|of yours))"
    r"|\b(?:anbei|beigefügt\w*|angehängt\w*|angehangen\w*|beiliegend\w*)\b"
    r"|(?<!ihrem )(?<!deinem )(?<!ihr )(?<!ihren )(?<!dein )\b(?:(?:im|als) anhang|(?:in der|als) anlage)\b",
    re.IGNORECASE,
)
