"""The gate ``attachment-missing``: an attachment that was forgotten."""

from __future__ import annotations

from collections.abc import Iterable

from mailhitl.drafting.findings.answer import Answer
from mailhitl.drafting.findings.topic import Topic

_PAPER = (
    r"(?:file|files|document|documents|invoice|form|label|manual|drawing|photo|photos|picture|pictures|pdf|copy|receipt|certificate"
    r"|data ?sheet|list|brochure|note|quote|offer|letter|slip|card)"
)

ATTACHMENT = Topic(
    says=(
        r"(?:find|found) (?:\w+ ){0,5}(?:attached|enclosed)\b|attached (?:is|are|you|please|below|as|find)\b",
        rf"enclosed (?:is|are|you|please|find)\b|(?:the|this) (?:attached|enclosed) (?:\w+ )?{_PAPER}\b",
        r"(?:i|we)(?:'ve| have|'m| am|'re| are)? (?:also |just )?(?:attach|attached|enclose|enclosed|attaching"
        r"|enclosing)\b",
        rf"{_PAPER} (?:is|are) (?:attached|enclosed)\b|see attached\b|as attached\b",
        r"(?:attached|enclosed) (?:to|with|in) this (?:e-?mail|mail|message)\b",
        r"(?:see|in|as) (?:the |an |our )?attachments?\b|added (?:\w+ ){0,4}to this (?:e-?mail|mail|message)\b",
        r"(?:come|send|sending|sent) (?:\w+ ){0,5}(?:as an attachment|attached)\b",
        r"anbei\b|beigefügt\w*|angehängt\w*|angehangen\w*|beiliegend\w*|anliegend\w*|beigelegt\w*|(?:im|als) anhang\b",
        r"(?:in den|dem) anhang (?:gelegt|gepackt|hinzugefügt)\b",
        r"(?:in der|als) anlage\b|siehe (?:anhang|anlage)\b",
        r"hänge (?:ich )?(?:\w+ ){1,4}an\b|hängt (?:unten|dieser e-?mail|dieser mail) an\b",
        r"(?:liegt|liegen) (?:[\w-]+ ){0,3}bei ?[.,;!]",
        r"(?:füge|fügen) (?:\w+ ){1,6}(?:bei|an|hinzu)\b",
        r"(?:e-?mail|mail|nachricht) (?:\w+ ){0,4}(?:hinzugefügt|beigefügt)\b",
    ),
    unless=(
        r"(?:thanks?|thank you) (?:very much |so much )?for (?:\w+ ){0,4}(?:attached|enclosed)(?: \w+)?\b",
        r"nothing (?:was |is )?attached\b",
        r"from the attached (?:picture|photo|image|screenshot)s?\b",
        r"(?:danke?|dank) für (?:\w+ ){0,3}(?:angehängt|beigefügt|beigelegt)\w*",
        r"von ihnen (?:angehängt|beigefügt|beigelegt)\w*|(?:im|in dem) anhang ihrer\b",
        r"in der anlage (?:im|am|des|hinter|vor|neben)\b",
        r"(?:nichts|nicht|kein\w*) (?:\w+ )?(?:angehängt|beigefügt)\b",
        rf"(?:you|you've|you have|your) attached\b|your (?:\w+ )?(?:attached|enclosed) (?:\w+ )?{_PAPER}",
        rf"(?:see|in|as) your attachments?\b|{_PAPER} (?:you )?attached to your\b",
        r"(?:could|can|would|please) (?:you )?(?:\w+ ){0,3}attach\b",
        r"please (?:send|reply|forward|resend|upload) (?:\w+ ){0,7}(?:as an attachment|attached|enclosed)\b",
        r"(?:if|when) you (?:\w+ ){0,7}(?:attached|enclosed|as an attachment)\b",
        rf"{_PAPER} (?:is|are) attached (?:with|by|to the|on|at|left|right) ?(?:the |a |\w+ )?(?:screw|wall|back"
        rf"|lamp|magnet|tape|box|clip|left|right)\w*",
        r"(?:ihr|ihre|ihrem|ihren|ihrer|dein|deinem|deiner|der) (?:\w+ )?(?:angehängt|beigefügt|angehangen"
        r"|beigelegt)\w*",
        r"(?:wenn|falls|könnten|können|bitte) (?:sie|du|schicken|senden) (?:[\w,]+ ){0,8}(?:angehängt|anhängen"
        r"|als anhang|beigefügt|anbei)\b",
        r"(?:sie|du) (?:\w+ ){0,5}(?:angehängt|beigefügt|angehangen|beigelegt)\b",
        r"(?:siehe|im|in) (?:ihrem|deinem) anhang\b|(?:haben|hatten) sie (?:\w+ ){0,5}(?:angehängt|beigefügt)\b",
    ),
)


def attachment_missing(answer: Answer) -> Iterable[str]:
    """The draft speaks of an attachment of ours, and has none.

    The customer's attachments ("the photo you attached", "Ihr Anhang") and parts that are attached to one another do
    not count. No approval overrules this gate: the text was never meant to be sent like that.
    """
    return () if answer.draft.attachments else ATTACHMENT.in_answer(answer.own)
