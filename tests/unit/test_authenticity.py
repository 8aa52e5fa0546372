"""Who vouches for a sender: our own border server, on top of the mail, for the very domain in From. Nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhitl.mail.authenticity import MICROSOFT, vouched
from mailhitl.mail.parse import parse

MX = "mx.example.com"
FROM = "From: Boss <boss@corp.example>\n"
GOOD = f"Authentication-Results: {MX}; dmarc=pass header.from=corp.example\n"
HOP = f"Received: from out.corp.example (out.corp.example [192.0.2.1]) by {MX} (Postfix) with ESMTPS id 1; now\n"
OUTSIDE = "Received: from laptop by relay.evil.example with ESMTP id 2; now\n"


def asked(headers: str, *trusted: str) -> str | None:
    return vouched(parse(f"{headers}Subject: Re: [Review] x\n\napprove\n".encode()), trusted=trusted or (MX,))


def results(said: str) -> str:
    return f"Authentication-Results: {said}\n{FROM}"


@pytest.mark.parametrize(
    "said, proof",
    [
        (f"{MX}; dmarc=pass header.from=corp.example", f"dmarc=pass by {MX}"),
        (f"{MX} 1; dmarc=pass (p=reject) header.from=corp.example", f"dmarc=pass by {MX}"),
        (f"{MX.upper()}; DMARC=PASS Header.From=CORP.example", f"dmarc=pass by {MX}"),
        (f"{MX};\n dkim=pass\n header.d=corp.example;\n spf=none", f"dkim=pass header.d=corp.example by {MX}"),
        (f"{MX}; dkim=pass header.i=@corp.example header.s=a header.b=Ab1", f"dkim=pass header.d=corp.example by {MX}"),
        (f"{MX}; dkim=fail header.d=corp.example; dkim=pass header.d=corp.example", "dkim=pass"),
        (f"{MX}; dkim=pass header.d=list.example; dkim=pass header.d=corp.example; dmarc=none", "dkim=pass"),
        (
            f"{MX}; spf=pass smtp.mailfrom=a@b.example; dkim=pass header.d=corp.example; dmarc=bestguesspass",
            "dkim=pass",
        ),
        (f"{MX}; spf=fail smtp.mailfrom=x@y.example; dmarc=pass header.from=corp.example", "dmarc=pass"),
    ],
)
def test_a_pass_for_the_from_domain_by_our_own_border_vouches(said: str, proof: str) -> None:
    assert (asked(results(said)) or "").startswith(proof)


def test_a_parent_domain_may_sign_for_its_own_hosts() -> None:
    headers = f"Authentication-Results: {MX}; dkim=pass header.d=corp.example\nFrom: <boss@mail.corp.example>\n"
    assert asked(headers) == f"dkim=pass header.d=corp.example by {MX}"


@pytest.mark.parametrize(
    "above",
    [
        "",
        HOP,
        f"Received: from {MX} by imap.example.com with LMTP id 3; now\n{HOP}",
        f"Received: from localhost by localhost (Dovecot) with LMTP; now\n{HOP}",
        f"Received: by 2002:a05:6402:1234:0:0:0:0 with SMTP id x; now\n{HOP}",
        f"Received: (qmail 1234 invoked by uid 89); now\nDelivered-To: support@example.com\n{HOP}",
    ],
)
def test_the_border_may_stand_behind_hops_of_our_own(above: str) -> None:
    assert asked(above + GOOD + HOP + OUTSIDE + FROM) == f"dmarc=pass by {MX}"


# Checklist 14: what is forged, and what only looks like a pass.


@pytest.mark.parametrize(
    "headers",
    [
        FROM,
        OUTSIDE + GOOD + FROM,
        HOP + OUTSIDE + GOOD + FROM,
        "Authentication-Results: mx.evil.example; dmarc=pass header.from=corp.example\n" + FROM,
        "Authentication-Results: mx.evil.example; none\n" + GOOD + FROM,
        f"Authentication-Results: {MX}; none\n" + GOOD + FROM,
        f"Authentication-Results: {MX}; dmarc=fail header.from=corp.example\n" + GOOD + FROM,
        f"Authentication-Results: {MX}; dkim=none\n" + GOOD + FROM,
        "Authentication-Results:\n" + GOOD + FROM,
        f"Authentication-Results: {MX}.evil.example; dmarc=pass header.from=corp.example\n" + FROM,
        f"Authentication-Results: x{MX}; dmarc=pass header.from=corp.example\n" + FROM,
        f'Authentication-Results: "{MX}"; dmarc=pass header.from=corp.example\n' + FROM,
        f"Authentication-Results: evil.example ({MX}); dmarc=pass header.from=corp.example\n" + FROM,
        f"ARC-Authentication-Results: i=1; {MX}; dmarc=pass header.from=corp.example\n" + FROM,
        f"Authentication-Results-Original: {MX}; dmarc=pass header.from=corp.example\n" + FROM,
        f"X-Authentication-Results: {MX}; dmarc=pass header.from=corp.example\n" + FROM,
        FROM + f"Content-Type: message/rfc822\n\n{GOOD}{FROM}",
        FROM + f"Content-Type: multipart/mixed; boundary=B\n\n--B\n{GOOD}\n--B--\n",
    ],
    ids=[
        "none at all",
        "below a hop outside",
        "below a hop outside and our own",
        "another server's",
        "another server's above ours",
        "ours found nothing, forged below",
        "ours failed it, forged below",
        "ours found no signature, forged below",
        "empty, forged below",
        "our name as a prefix",
        "our name as a suffix",
        "our name in quotes",
        "our name in a comment",
        "ARC's",
        "what Microsoft made of a foreign one",
        "another header",
        "an attached mail's",
        "a part's",
    ],
)
def test_a_header_that_our_border_did_not_put_on_top_vouches_for_nothing(headers: str) -> None:
    assert asked(headers) is None


@pytest.mark.parametrize(
    "said",
    [
        "none",
        "dmarc=fail header.from=corp.example",
        "dmarc=pass (x) ; dmarc=fail header.from=corp.example",
        "dmarc=pass header.from=corp.example; dmarc=fail header.from=corp.example",
        "dmarc=fail header.from=corp.example; dkim=pass header.d=corp.example",
        "dmarc=fail (dmarc=pass header.from=corp.example)",
        "(dmarc=pass header.from=corp.example) dmarc=none",
        "dmarc=pass",
        "dmarc=pass header.from=evil.example",
        "dmarc=pass header.from=corp.example.evil.example",
        "dmarc=pass header.from=evil.example header.from=corp.example",
        "dmarc=pass header.from=corp.example@evil.example",
        "dmarc=pass smtp.from=corp.example",
        "dmarc=pass policy.from=corp.example",
        "dmarc=bestguesspass header.from=corp.example",
        "dmarc=temperror header.from=corp.example",
        "spf=pass smtp.mailfrom=boss@corp.example",
        "spf=pass smtp.mailfrom=boss@corp.example smtp.helo=corp.example; dmarc=none",
        "dkim=pass",
        "dkim=pass header.d=evil.example",
        "dkim=pass header.d=example",
        "dkim=pass header.d=p.example",
        "dkim=pass header.d=sub.corp.example",
        "dkim=pass header.i=boss@evil.example",
        "dkim=pass header.d=evil.example header.i=@corp.example",
        "dkim=pass header.d=evil.example header.d=corp.example",
        "dkim=pass header.d=corp.example header.a=rsa-sha1",
        "dkim=neutral header.d=corp.example",
        "dkim=fail header.d=corp.example; x-dkim=pass header.d=corp.example",
        "dkim-adsp=pass header.from=corp.example",
        "dkim=pass/x header.d=corp.example",
        "arc=pass (dmarc=pass header.from=corp.example)",
        'spf=pass smtp.mailfrom="; dmarc=pass header.from=corp.example"@evil.example',
        "spf=pass smtp.mailfrom="
        "=?utf-8?q?x=3B_dmarc=3Dpass_header=2Efrom=3Dcorp=2Eexample=3B_x=3Dpass_a=2Eb=3Dc?=@evil.example",
        'spf=pass reason="x; dmarc=pass header.from=corp.example" smtp.mailfrom=a@evil.example',
    ],
)
def test_our_border_saying_less_than_a_pass_for_this_domain_vouches_for_nothing(said: str) -> None:
    assert asked(results(f"{MX}; {said}")) is None


@pytest.mark.parametrize("version", ["2", "12", "one", "-1"])
def test_a_version_we_do_not_know_vouches_for_nothing(version: str) -> None:
    assert asked(results(f"{MX} {version}; dmarc=pass header.from=corp.example")) is None


@pytest.mark.parametrize(
    "sender",
    [
        "From: boss@corp.example\nFrom: evil@evil.example\n",
        "From: boss@corp.example, evil@evil.example\n",
        "From: boss@corp.example <evil@x.example>\n",
        "From: <boss@corp.example>evil@x.example\n",
        "From : boss@corp.example\n",
        "From: boss\n",
        "From: staff: boss@corp.example;\n",
        "From: \n",
        "Sender: boss@corp.example\n",
        "",
    ],
)
def test_no_header_vouches_for_a_from_that_is_not_one_strict_address(sender: str) -> None:
    assert asked(GOOD + sender) is None


def test_without_a_trusted_server_nothing_vouches() -> None:
    assert vouched(parse((GOOD + FROM + "\n").encode()), trusted=()) is None
    assert asked(GOOD + FROM, "mx.other.example") is None


def test_the_name_of_the_trusted_server_may_be_written_in_any_case() -> None:
    assert asked(GOOD + FROM, " MX.Example.COM ") == f"dmarc=pass by {MX}"


# Microsoft 365 writes no name into its header.

NAMELESS = (
    "Received: from a.prod.outlook.com (::1) by b.prod.outlook.com with HTTPS; now\n"
    "Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=corp.example;\n"
    " dkim=pass (signature was verified) header.d=corp.example;dmarc=pass action=none\n"
    " header.from=corp.example;compauth=pass reason=100\n"
)


def test_microsofts_nameless_header_counts_only_where_it_is_asked_for() -> None:
    assert asked(NAMELESS + FROM) is None
    assert asked(NAMELESS + FROM, MICROSOFT) == f"dmarc=pass by {MICROSOFT}"
    assert asked(NAMELESS.replace("dmarc=pass", "dmarc=fail") + FROM, MICROSOFT) is None
    assert asked(OUTSIDE + NAMELESS + FROM, MICROSOFT) is None


# Whatever comes.


@pytest.mark.parametrize(
    "said",
    [
        "",
        ";",
        f"{MX}",
        f"{MX};",
        f"{MX}; =",
        f"{MX}; dmarc",
        f"{MX}; dmarc=pass header.from=",
        f"{MX}; dmarc=pass {'(' * 5000}",
        f"{MX}; {'(' * 100_000}",
        f"{MX}; {'dkim=fail header.d=a.example; ' * 5000}dmarc=pass header.from=corp.example",
        f"{MX}; dmarc=pass header.from=corp.exämple",
        "\u00a0\u2028",
    ],
)
def test_a_header_that_cannot_be_read_vouches_for_nothing(said: str) -> None:
    assert asked(results(said)) is None


@settings(deadline=None)
@given(st.text(max_size=200), st.integers(0, 80))
def test_no_text_in_the_header_makes_reading_fail_or_vouch_for_another_domain(text: str, place: int) -> None:
    said = f"{MX}; dkim=pass header.d=evil.example; dmarc=fail header.from=corp.example"
    assert asked(results(" ".join((said[:place] + text + said[place:]).split("\n")))) is None
