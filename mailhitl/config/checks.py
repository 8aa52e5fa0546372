"""What must fit together across the file. Each check reads the file as it was parsed, so that all of them can speak
even when the schema complains too. To add one: write it, name it in CHECKS or WARNINGS, test it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mailhitl.config import sense
from mailhitl.config.account import is_loopback
from mailhitl.insight.interval import wilson
from mailhitl.rules.conditions import table
from mailhitl.rules.problem import Problem, WrongCondition, suggestion

Data = Mapping[str, Any]
Check = Callable[[Data], Iterator[Problem]]


def conditions(data: Data) -> Iterator[Problem]:
    """Every condition can be built."""
    for number, rule in _tables(data, "rule"):
        try:
            if isinstance(rule.get("when"), dict):
                table(rule["when"])
        except WrongCondition as error:
            for found in error.problems:
                yield Problem(("rule", number, "when", *found.path), found.what)


def servers(data: Data) -> Iterator[Problem]:
    """Passwords travel encrypted, and each login has exactly one."""
    for name, box in _mailboxes(data):
        for role in ("imap", "smtp"):
            for key, what in _server(_section(box, role), signed_in="oauth" in box):
                yield Problem(("mailbox", name, role, key), what)
        for key, what in _login_in_clear(_section(box, "smtp"), signed_in="oauth" in box):
            yield Problem(("mailbox", name, "smtp", key), what)
    for key, what in _server(_section(_section(data, "alarm"), "smtp")):
        yield Problem(("alarm", "smtp", key), what)


def _server(server: dict[str, Any], *, signed_in: bool = False) -> Iterator[tuple[str, str]]:
    in_clear = server.get("security") == "none" and server.get("allow_insecure") is not True
    if in_clear and not is_loopback(_word(server.get("host"))):
        yield "security", '"none" is only for this machine: to another, passwords would travel in clear.'
    if "password" in server and "token_command" in server:
        yield "token_command", "there is a password too: use one of the two."
    if server.get("username") and not signed_in and not server.keys() & {"password", "token_command"}:
        yield "password", "is missing: a username needs a password, a token_command or the mailbox's oauth."


def _login_in_clear(server: dict[str, Any], *, signed_in: bool) -> Iterator[tuple[str, str]]:
    insecure = server.get("security") == "none" and server.get("allow_insecure") is True
    login = server.keys() & {"password", "token_command"} or (signed_in and server.get("username"))
    if insecure and login and not is_loopback(_word(server.get("host"))):
        yield "allow_insecure", "lets mail travel in clear, but never a password: use tls or starttls, or no login."


def rule_shapes(data: Data) -> Iterator[Problem]:
    """A rule's keys go together."""
    for number, rule in _tables(data, "rule"):
        for key, then in ONLY_WITH.items():
            if key in rule and rule.get("then") in {"send", "review", "block", "skip"} - {then}:
                yield Problem(("rule", number, key), f'only means something with then = "{then}".')
        if rule.get("when") == {} and rule.get("then") != "review":
            yield Problem(("rule", number, "when"), f"is empty: this rule would {rule.get('then')} everything.")


ONLY_WITH = {
    **dict.fromkeys(("approvals", "named"), "review"),
    **dict.fromkeys(("undo", "sample", "send", "level", "promote_at", "promote_over", "promote_clean"), "send"),
}


def unique_names(data: Data) -> Iterator[Problem]:
    """Names and addresses by which things are told apart stand only once."""
    for section, name in (("rule", "name"), ("intent", "name"), ("reviewer", "name"), ("reviewer", "address")):
        seen: Counter[str] = Counter()
        for number, entry in _tables(data, section):
            word = _word(entry.get(name)).casefold()
            seen[word] += 1
            if word and seen[word] == 2:
                hint = SAME_PERSON if section == "reviewer" else ""
                yield Problem((section, number, name), f'stands twice: "{entry[name]}".{hint}')


SAME_PERSON = " If it is the same person, name further addresses in aliases."


def unique_reviewers(data: Data) -> Iterator[Problem]:
    """No address belongs to two people: nobody could say whose approval it is."""
    people = [(number, _word(person.get("address")).casefold(), person) for number, person in _tables(data, "reviewer")]
    mains = {address for _, address, _ in people}
    owners: dict[str, int] = {}
    for number, address, person in people:
        for alias in {_word(each).casefold() for each in _list(person.get("aliases"))} - {"", address}:
            if alias in mains or owners.setdefault(alias, number) != number:
                yield Problem(("reviewer", number, "aliases"), f'"{alias}" is another reviewer\'s address.')


def persons_own(data: Data) -> Iterator[Problem]:
    """No reviewer writes from the mailbox's address: whoever may open the mailbox would count as that person."""
    boxes = {_word(each).casefold() for _, box in _mailboxes(data) for each in _own(box)}
    for number, person in _tables(data, "reviewer"):
        for key, named in (("address", [person.get("address")]), ("aliases", _list(person.get("aliases")))):
            for address in {_word(each).casefold() for each in named} & boxes - {""}:
                yield Problem(
                    ("reviewer", number, key),
                    f'"{address}" is the mailbox\'s own: whoever may open the mailbox would count as this person.',
                )


def one_person_twice(data: Data) -> Iterator[Problem]:
    """Where several people have to agree, one person under two addresses would be enough."""
    if not any(isinstance(wanted := rule.get("approvals"), int) and wanted > 1 for _, rule in _tables(data, "rule")):
        return
    seen: dict[str, str] = {}
    for number, person in _tables(data, "reviewer"):
        local, name = _word(person.get("address")).partition("@")[0].casefold(), _word(person.get("name"))
        if local and seen.setdefault(local, name) != name:
            yield Problem(
                ("reviewer", number, "address"),
                f'begins like that of "{seen[local]}". If it is the same person, four eyes would count them twice: '
                "name this address in aliases there.",
            )


def unique_mailboxes(data: Data) -> Iterator[Problem]:
    """No address belongs to two mailboxes: both would answer the same mail."""
    owners: dict[str, str] = {}
    for name, box in _mailboxes(data):
        for address in {_word(each).casefold() for each in _own(box)} - {""}:
            if owners.setdefault(address, name) != name:
                yield Problem(("mailbox", name), f'answers "{address}", which mailbox "{owners[address]}" answers too.')


def _own(box: Data) -> tuple[Any, ...]:
    return (box.get("address"), *_list(box.get("aliases")))


def groups(data: Data) -> Iterator[Problem]:
    """A rule names only groups that somebody is in."""
    known = _groups(data)
    for number, rule in _tables(data, "rule"):
        group = _word(rule.get("reviewers"))
        if group and group not in known:
            yield Problem(
                ("rule", number, "reviewers"), f'no reviewer is in a group "{group}".{suggestion(group, known)}'
            )


def signoff(data: Data) -> Iterator[Problem]:
    group, known = _word(_section(data, "digest").get("signoff")), _groups(data)
    if group and group not in known:
        hint = suggestion(group, known)
        yield Problem(("digest", "signoff"), f'no reviewer is in a group "{group}": everybody is asked.{hint}')


def substitutes(data: Data) -> Iterator[Problem]:
    """Whoever stands in for a person is another one."""
    known = _names(data, "reviewer")
    for number, person in _tables(data, "reviewer"):
        name, wanted = _word(person.get("name")), _word(person.get("substitute"))
        others = {other for other in known if other.casefold() != name.casefold()}
        if wanted.casefold() == name.casefold() and wanted:
            yield Problem(("reviewer", number, "substitute"), "is the same person: name another one.")
        elif wanted and wanted.casefold() not in {other.casefold() for other in others}:
            hint = suggestion(wanted, others)
            yield Problem(("reviewer", number, "substitute"), f'no reviewer is called "{wanted}".{hint}')


def somebody(data: Data) -> Iterator[Problem]:
    """Somebody can be asked."""
    if not data.get("reviewer") and _section(data, "review").get("notify", "reviewers") == "reviewers":
        yield Problem(
            ("review", "notify"),
            'nobody can be asked: add a [[reviewer]], or set notify = "folder" to keep the packets in the mailbox.',
        )


def likely_intents(data: Data) -> Iterator[Problem]:
    """A rule's intent that is close to a declared one is a slip of the pen, and the rule would never hit."""
    known = _names(data, "intent")
    for path, intent in _intents_used(data):
        if intent not in known and (hint := suggestion(intent, known)):
            yield Problem(path, f'there is no intent "{intent}".{hint}')


def unknown_intents(data: Data) -> Iterator[Problem]:
    known = _names(data, "intent")
    for path, intent in _intents_used(data):
        if intent not in known:
            yield Problem(path, f'no [[intent]] is called "{intent}": this never hits.')


def silent_intents(data: Data) -> Iterator[Problem]:
    for number, intent in _tables(data, "intent"):
        if not intent.get("examples") and not intent.get("words"):
            yield Problem(("intent", number), "has neither examples nor words: no mail will be recognised as it.")


def enough_people(data: Data) -> Iterator[Problem]:
    for number, rule in _tables(data, "rule"):
        group, wanted = _word(rule.get("reviewers")), rule.get("approvals", 1)
        people = [
            person for _, person in _tables(data, "reviewer") if not group or group in _list(person.get("groups"))
        ]
        if isinstance(wanted, int) and len(people) < wanted and people:
            who = f'the group "{group}" has' if group else "there are"
            yield Problem(("rule", number, "approvals"), f"{wanted} people must agree, and {who} only {len(people)}.")


def vouching(data: Data) -> Iterator[Problem]:
    """Without a trusted server nobody vouches for anybody: what depends on it can never happen."""
    review = _section(data, "review")
    if review.get("trusted_authserv"):
        return
    by_reply = review.get("reply_approval", "authenticated") == "authenticated" and review.get("own_dkim") is not True
    if data.get("reviewer") and by_reply:
        yield Problem(
            ("review", "reply_approval"), "no approval by reply can count, because trusted_authserv names no server."
        )
    if not review.get("auto_send_unauthenticated"):
        for number, rule in _tables(data, "rule"):
            if rule.get("then") == "send":
                yield Problem(
                    ("rule", number, "then"),
                    "nothing will be sent without a person, because review.trusted_authserv names no server.",
                )


def contradictions(data: Data) -> Iterator[Problem]:
    """A rule that can never hit, and a language that is never found."""
    rules = sense.sound(_tables(data, "rule"))
    yield from sense.contradictions(rules)
    yield from sense.languages(rules)
    yield from sense.named_rules(rules)


def pointless(data: Data) -> Iterator[Problem]:
    """What is allowed beside other rules and gates, and has no effect."""
    rules = sense.sound(_tables(data, "rule"))
    review = _section(data, "review")
    off = {*_list(review.get("gates_off")), *(("unauthenticated",) if review.get("auto_send_unauthenticated") else ())}
    yield from sense.idle_parts(rules)
    yield from sense.shadowed(rules)
    yield from sense.stopped(rules, off)
    yield from sense.twins(rules)


def promotions(data: Data) -> Iterator[Problem]:
    """What a rule must have earned can be earned."""
    for number, rule in _tables(data, "rule"):
        share, over = rule.get("promote_at", 0.95), rule.get("promote_over", 200)
        if not isinstance(share, int | float) or not isinstance(over, int) or over < 1:
            continue
        most, _ = wilson(over, over)
        if share > most:
            key = "promote_at" if "promote_at" in rule else "promote_over"
            what = (
                f"no higher level is ever proposed: {over} right of {over} count as {most:.3f}, and {share:g} is asked."
            )
            yield Problem(("rule", number, key), what)


CHECKS: tuple[Check, ...] = (
    servers,
    rule_shapes,
    conditions,
    unique_names,
    unique_mailboxes,
    unique_reviewers,
    persons_own,
    groups,
    substitutes,
    somebody,
    likely_intents,
    contradictions,
)
WARNINGS: tuple[Check, ...] = (
    unknown_intents,
    silent_intents,
    enough_people,
    one_person_twice,
    signoff,
    vouching,
    pointless,
    promotions,
)


def check(data: Data, checks: Iterable[Check]) -> list[Problem]:
    """Run the checks on a parsed file, whatever shape it is in."""
    return [found for each in checks for found in each(data)]


def _intents_used(data: Data) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield where rules name an intent, and which."""
    for number, rule in _tables(data, "rule"):
        named = sense.words_of("intent", rule.get("when"), ("rule", number, "when"))
        yield from ((path, word) for path, word in named if word)


def _tables(data: Data, section: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, entry in enumerate(_list(data.get(section))):
        if isinstance(entry, dict):
            yield number, entry


def _mailboxes(data: Data) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from ((name, box) for name, box in _section(data, "mailbox").items() if isinstance(box, dict))


def _section(data: Data, name: str) -> dict[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _names(data: Data, section: str) -> set[str]:
    return {_word(entry.get("name")) for _, entry in _tables(data, section)} - {""}


def _groups(data: Data) -> set[str]:
    return {_word(group) for _, person in _tables(data, "reviewer") for group in _list(person.get("groups"))} - {""}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""
