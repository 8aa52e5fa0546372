"""Links that an admin writes into a template: scanners, previews and people open them, and no case moves by it."""

from __future__ import annotations

import http.client
import re
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from mailhitl.case import State
from tests.story.test_monitor import Watched
from tests.story.world import CONFIG, World, letter, parsed

TEMPLATE = """intent: refund
language: en
---
Hello,

look at http://127.0.0.1:{port}/approve?case=1&revision=1 or http://127.0.0.1:{port}/healthz?approve=1, or write to
mailto:support@example.com?subject=approve&body=approve or
mailto:support@example.com?subject=Re%3A%20%5BReview%5D%20Refund&body=approve%0A%0ACase%201 if you like.
"""
ANYBODY = ("Ann Customer <ann@customer.test>", "Anna <anna@example.com>", "Eve <eve@scanner.test>")


def test_20_whoever_opens_every_link_and_every_mailto_of_packet_and_draft_moves_no_case(tmp_path: Path) -> None:
    world = World(tmp_path)
    watched = Watched(world)
    watched.page.start()
    try:
        world.reconfigured(with_links(tmp_path, watched.page.port))
        world.customer_writes("I want my money back", subject="Refund")
        world.run()
        before = world.case, world.store.cases.log(world.case)
        links = {link for raw in everything_of_ours(world) for link in links_of(raw)}
        assert sorted(urlsplit(link).scheme for link in links) == ["http", "http", "mailto", "mailto"]
        for link in links:
            opened(world, link)
        world.run()
        watched_case = world.store.cases.get(before[0].id)
        assert (watched_case, world.store.cases.log(watched_case)) == before
        assert watched_case.state is State.HELD
        assert world.transport.outside.sent == []
    finally:
        watched.page.stop()


def with_links(folder: Path, port: int) -> str:
    reply = folder / "templates" / "reply"
    reply.mkdir(parents=True)
    (reply / "refund-received.txt.j2").write_text(TEMPLATE.format(port=port))
    return CONFIG.replace("TEMPLATES", str(folder / "templates"))


def everything_of_ours(world: World) -> list[bytes]:
    """The draft and the packet in Review, and the packet that went to the reviewer."""
    standing = [*world.standing("review"), *world.standing("review", packet=True)]
    return [*map(world.raw, standing), world.packet_for("anna@example.com").as_bytes()]


def links_of(raw: bytes) -> list[str]:
    parts = [str(part.get_content()) for part in parsed(raw).walk() if part.get_content_maintype() == "text"]
    return [
        link.replace("&amp;", "&")
        for part in parts
        for link in re.findall(r"(?:https?://|mailto:)[^\s<>\"]+[^\s<>\",.]", part)
    ]


def opened(world: World, link: str) -> None:
    """By every method, and a mail from everybody who may have the link."""
    parts = urlsplit(link)
    if parts.scheme == "http":
        for method in ("GET", "HEAD", "POST"):
            connection = http.client.HTTPConnection(parts.netloc, timeout=10)
            connection.request(method, f"{parts.path}?{parts.query}")
            connection.getresponse().read()
            connection.close()
        return
    fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
    for sender in ANYBODY:
        raw = letter(fields["body"], sender=sender, subject=fields["subject"], to=unquote(parts.path))
        world.box.deliver("INBOX", raw)
