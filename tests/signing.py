"""Senders who sign their mail (DKIM), and the key records of their domains, all in memory."""

from __future__ import annotations

import base64
from functools import cache

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

#: What ordinary servers sign (rspamd's list, shortened).
SIGNED = ("from", "to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type")
EVERYTHING = (*SIGNED, "content-transfer-encoding")


@cache
def _key(bits: int = 1024) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def private_key() -> bytes:
    """The one key that every domain here signs with, as PEM."""
    pem, traditional = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return _key().private_bytes(pem, traditional, serialization.NoEncryption())


def record(more: str = "") -> bytes:
    """What a domain publishes about it."""
    der, info = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    public = base64.b64encode(_key().public_key().public_bytes(der, info)).decode()
    return f"v=DKIM1; k=rsa; {more}p={public}".encode()


def signed(
    raw: bytes, domain: str = "example.com", *, headers: tuple[str, ...] = EVERYTHING, length: bool = False
) -> bytes:
    """The mail with this domain's signature on top."""
    there = [name for name in headers if f"\n{name}:".encode() in b"\n" + raw.lower()]
    names = [name.encode() for name in there]
    key, relaxed = private_key(), (b"relaxed", b"relaxed")
    line = dkim.sign(raw, b"s1", domain.encode(), key, include_headers=names, canonicalize=relaxed, length=length)
    return bytes(line) + raw


def records(domain: str = "example.com", more: str = "") -> dict[str, bytes]:
    return {f"s1._domainkey.{domain}": record(more)}
