"""Encrypted and signed mails: nothing of an encrypted one is read, shown or told, and a person answers both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailhitl.case import State
from mailhitl.daemon.learning.corrections import answered
from mailhitl.mail.parse import parse
from tests.model_server import ModelServer, serving
from tests.story.test_model import ENGRAVE, world_with
from tests.story.world import CONFIG, World, letter, text_of

CANARY = "hQEMAxCanary7f3aCiphertext"
ARMOUR = f"-----BEGIN PGP MESSAGE-----\n\n{CANARY}\n=abcd\n-----END PGP MESSAGE-----\n"
SENDS = '[[rule]]\nname = "All"\nwhy = "Why not?"\nwhen = { size = { under = 1000000 } }\nthen = "send"\n'


def with_body(content_type: str, body: str, **about: str) -> bytes:
    """A customer's mail with this body, as their program has written it."""
    head, _, _ = letter("x", message_id="<sealed-1@customer.test>", **about).partition(b"\r\n\r\n")
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"content-", b"mime-"))]
    lines = [*kept, b"MIME-Version: 1.0", f"Content-Type: {content_type}".encode(), b"", body.encode()]
    return b"\r\n".join(lines).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def parts(*pieces: str) -> str:
    return "".join(f"--b\n{piece}\n" for piece in pieces) + "--b--\n"


VERSION = "Content-Type: application/pgp-encrypted\n\nVersion: 1\n"
SEALED = {
    "PGP/MIME": with_body(
        'multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"',
        parts(VERSION, f"Content-Type: application/octet-stream; name=encrypted.asc\n\n{ARMOUR}"),
    ),
    "PGP/MIME through Exchange": with_body(
        'multipart/mixed; boundary="b"',
        parts("Content-Type: text/plain\n\n", VERSION, f"Content-Type: application/octet-stream\n\n{ARMOUR}"),
    ),
    "inline PGP": with_body("text/plain", f"Dear team,\n\n{ARMOUR}"),
    "inline PGP in HTML": with_body("text/html", f"<p>{ARMOUR}</p>"),
    "S/MIME": with_body("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", CANARY),
    "S/MIME as a file": with_body(
        'multipart/mixed; boundary="b"',
        parts(
            "Content-Type: text/plain\n\nWhen?", f"Content-Type: application/octet-stream; name=smime.p7m\n\n{CANARY}"
        ),
    ),
    "S/MIME signed around its words": with_body("application/pkcs7-mime; smime-type=signed-data", CANARY),
}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving() as server:
        yield server


def told(mail: EmailMessage) -> str:
    """Everything that the packet itself says, as text and as HTML; the attached original aside."""
    bodies = (mail.get_body(preferencelist=(kind,)) for kind in ("plain", "html"))
    return " ".join(" ".join(str(body.get_content()).split()) for body in bodies if body is not None)


@pytest.mark.parametrize("kind", SEALED)
def test_62_an_encrypted_mail_is_read_by_no_machine_and_shown_to_nobody(
    tmp_path: Path, server: ModelServer, kind: str
) -> None:
    world = world_with(tmp_path, server, "model", SENDS)
    world.box.deliver("INBOX", SEALED[kind])
    world.run()
    assert (world.case.state, world.sent_to("ann@customer.test"), server.asked) == (State.HELD, [], [])
    packet = told(world.packet_for("anna@example.com"))
    assert "open the original in your mail client" in packet
    assert "an answer from here is not" in packet
    [draft] = world.standing("review")
    for shown in (packet, world.raw(draft).decode(), world.store.cases.draft(world.case).text):
        assert "BEGIN PGP" not in shown
        assert CANARY not in shown
    assert CANARY not in "".join(f"{row.why} {row.reasons}" for row in world.store.cases.log(world.case))
    world.store.close()


def test_62_the_original_of_an_encrypted_mail_goes_along_for_whoever_has_the_key(world: World) -> None:
    world.box.deliver("INBOX", SEALED["PGP/MIME"])
    world.run()
    [original] = world.packet_for("anna@example.com").iter_attachments()
    assert original.get_content_type() == "message/rfc822"
    assert CANARY in original.as_string()


def test_62_a_person_may_answer_an_encrypted_mail_and_nothing_of_it_is_learned(world: World) -> None:
    world.box.deliver("INBOX", SEALED["inline PGP"])
    world.run()
    skeleton = world.store.cases.draft(world.case).text
    line = next(each for each in skeleton.splitlines() if "[" in each or "…" in each)
    [draft] = world.standing("review")
    world.edits(draft, line, "Yes, that will do.", folder="approve")
    world.run()
    world.run(later=world.app.settings.settle * 2)
    [answer] = world.sent_to("ann@customer.test")
    assert "Yes, that will do." in text_of(answer)
    assert "PGP" not in answer.as_string()
    assert list(answered(world.store, world.case.opened_at, world.now)) == []


def test_62_an_earlier_encrypted_mail_is_not_told_to_a_model_later(tmp_path: Path, server: ModelServer) -> None:
    world = world_with(tmp_path, server, "model")
    world.box.deliver("INBOX", SEALED["inline PGP"])
    world.run()
    world.customer_writes(ENGRAVE, In_Reply_To="<sealed-1@customer.test>", References="<sealed-1@customer.test>")
    world.run()
    assert len(world.cases) == 2
    asked = " ".join(server.text_of(body) for _, body in server.asked)
    assert "engrave" in asked
    assert CANARY not in asked
    world.store.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.store.close()


OPEN = "When are you open? What are your opening hours?"
SIGNED = {
    "multipart": with_body(
        'multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha256; boundary="b"',
        parts(f"Content-Type: text/plain\n\n{OPEN}", "Content-Type: application/pgp-signature\n\nx"),
        subject="Opening hours",
    ),
    "in the text": with_body(
        "text/plain",
        f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{OPEN}\n-----BEGIN PGP SIGNATURE-----\n\nx\n"
        "-----END PGP SIGNATURE-----\n",
        subject="Opening hours",
    ),
}


@pytest.mark.parametrize("kind", SIGNED)
def test_62_a_signed_mail_is_drafted_for_a_person_and_never_answered_by_a_rule(world: World, kind: str) -> None:
    world.box.deliver("INBOX", SIGNED[kind])
    world.run(later=world.app.settings.grace * 30)
    assert (world.case.state, world.sent_to("ann@customer.test")) == (State.HELD, [])
    assert world.store.cases.draft(world.case).complete
    assert "only a mail client can check the signature" in told(world.packet_for("anna@example.com"))


def test_62_the_same_mail_without_a_signature_answers_itself(world: World) -> None:
    world.box.deliver("INBOX", with_body("text/plain", OPEN, subject="Opening hours"))
    world.run()
    world.run(later=world.app.settings.grace * 30)
    assert len(world.sent_to("ann@customer.test")) == 1


def test_62_where_ordinary_mail_is_signed_the_admin_may_say_so(tmp_path: Path) -> None:
    world = World(tmp_path, CONFIG.replace("[review]\n", '[review]\ngates_off = ["signed"]\n'))
    world.box.deliver("INBOX", SIGNED["multipart"])
    world.run()
    world.run(later=world.app.settings.grace * 30)
    assert len(world.sent_to("ann@customer.test")) == 1
    world.store.close()


def test_62_every_sealed_or_signed_mail_of_the_corpus_is_known_as_one(
    shared: Callable[[str], Path],
) -> None:
    corpus = shared("corpus/notmuch")
    files = [file for folder in ("crypto", "pkcs7", "protected-headers") for file in (corpus / folder).iterdir()]
    unknown = []
    for file in files:
        message = parse(file.read_bytes())
        if not (message.encrypted or message.signed):
            unknown.append(file.name)
        assert not message.encrypted or (message.text, message.new_text) == ("", "")
    assert len(files) >= 20
    assert unknown == []
