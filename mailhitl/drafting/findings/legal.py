"""The gate ``legal``: liability, fault, contracts, rights, courts and lawyers."""

from __future__ import annotations

from collections.abc import Iterator

from mailhitl.drafting.findings.answer import Answer
from mailhitl.drafting.findings.topic import Topic

LEGAL = Topic(
    says=(
        r"(?:not |fully |solely |legally )?responsible for (?:\w+ ){0,3}(?:damages?|loss|losses|delays?|injur\w+"
        r"|costs?|defects?|accidents?)\b",
        r"conditions of (?:sale|use|carriage)\b|without prejudice\b|waiver\b",
        r"(?:verkaufs|geschäfts|liefer|nutzungs|vertrags|garantie|beförderungs)bedingungen\b",
        r"(?:nicht |allein )?verantwortlich für\b|schäden (?:\w+ ){0,4}verantwortlich\b|ohne anerkennung\b",
        r"rechte und pflichten\b",
        r"(?:cancellation|notice) period\w*|obligat(?:ed|ion|ions)\b|obliged (?:to|by)\b|your rights\b",
        r"claims? (?:against|for)\b|damages\b|trademark\w*|copyright\w*|patent(?:s|ed)?\b|data protection\b",
        r"privacy policy\b",
        r"rechts(?:abteilung|anspruch|ansprüche|lage|streit|schutz|beistand|folgen|widrig|kräftig|grundlage)\w*",
        r"datenschutz\w*|urheberrecht\w*|markenrecht\w*|kündigungsfrist\w*|widerspruchsfrist\w*|verpflichtet\b",
        r"(?:ihre|ihr|unsere|keine) ansprüche?\b|inkasso\w*|mahnung\w*",
        r"lawyers?\b|attorneys?\b|solicitors?\b|law ?suits?\b|courts?\b|litigat\w+|sue[ds]?\b|suing\b|legal(?:ly)?\b",
        r"illegal\w*|lawful\w*|unlawful\w*",
        r"liab(?:le|ility|ilities)\b|negligen\w+|breach(?:es|ed)?\b|contract(?:s|ual|ually)?\b|gdpr\b|ccpa\b",
        r"statutory\b|by law\b|consumer (?:law|right)s?\b",
        r"(?:we|our company|i) (?:are|is|am|were|was) (?:\w+ )?at fault\b|(?:our|my) (?:own )?(?:fault|mistake)\b",
        r"admit(?:s|ted|ting)?\b|under \w+ law\b",
        r"terms and conditions\b|terms of (?:service|use|sale)\b",
        r"right (?:of|to) (?:withdrawal|withdraw|cancel|return)\b|entitled to\b|settlement\b",
        r"(?:full|the) responsibility (?:for|lies)\b",
        r"(?:terminate|cancel|violat\w+|breach\w*) (?:\w+ ){0,3}(?:agreement|contract)s?\b|legal action\b",
        r"\w*anw[aä]lt\w*|\w*gericht(?:e|s|lich\w*)?\b|klagen?\b|verklag\w+|rechtlich\w*|rechtsweg\w*|rechtens\b",
        r"juristisch\w*|gesetz(?:e|es|lich\w*)?\b",
        r"haft(?:en|e|et|ung\w*)\b|schadene?s?ersatz\w*|gewährleistung\w*|\w*vertrag(?:s\w*|lich\w*)?\b|\w*verträge\w*",
        r"agb\b|dsgvo\b|widerruf\w*",
        r"(?:unsere?|meine?) (?:schuld|fehler)\b|räumen (?:wir )?ein, dass\b|fahrlässig\w*",
        r"steht (?:ihnen|dir) (?:\w+ ){0,3}zu\b|anspruch auf\b|kündig(?:e|en|ung\w*)\b",
        r"(?:mit|einem|einen) (?:\w+ )?vergleich (?:sind|einverstanden|zustimm|schließ|an)\w*|verstöß\w*|verstoß\w*",
        r"(?:volle|die) verantwortung (?:für|über)\w*|verantwortung übern\w+",
    ),
    unless=(
        r"(?:tennis|food|basketball|volleyball|squash|badminton|back) courts?\b|court photographer\w*|sue from\b",
        r"sue (?:will|is|has|said|sent|wrote)\b",
        r"(?:can ?not|can't|do not|don't|may not|unable to|not) (?:give|offer"
        r"|provide) (?:you )?(?:any )?legal advice\b",
        r"contracts? when\b|admission\b",
        r"\w*(?:tages|nudel|reis|fleisch|fisch|haupt|lieblings|pfannen|gemüse)gerichte?s?\b",
        r"(?:der|dieser) kleber haftet\b|haftet (?:gut|nicht|schlecht|auf|an)\b",
        r"räumen (?:wir|sie) (?:\w+ ){1,5}ein\b|im vergleich\b|zum vergleich\b",
        r"(?:leckeres|warmes|vegetarisches) gericht\b|rechtsberatung (?:dürfen|können|leisten|geben)\b",
    ),
    mail=(
        r"delete my (?:data|account)\b|cancel my (?:contract|subscription|membership|account|agreement)\b|ombudsman\b",
        r"rechtsschutz\w*|polizei\b|police\b|meine daten\b",
        r"verbraucherzentrale\b",
    ),
)


def legal(answer: Answer) -> Iterator[str]:
    """The draft speaks of liability or fault, of contracts, rights or laws, of courts or lawyers.

    A tennis court, a dish ("Tagesgericht") and glue that sticks ("haftet") do not count, nor does "we cannot give legal
    advice".
    """
    return LEGAL.in_answer(answer.own)


def in_mail(answer: Answer) -> Iterator[str]:
    """The customer threatens with a lawyer, ends a contract or asks for a right."""
    return LEGAL.in_mail(answer.theirs)
