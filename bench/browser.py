"""What we write, opened in a browser that may fetch whatever it likes: how many requests it makes.

The pages are the golden files, and every HTML part of every mail of ours that the demo's story makes. All of Chromium's
traffic goes to a proxy that answers nothing and counts; a page that does fetch is opened first, so that none is news.
"""

from __future__ import annotations

import re
import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

from imapclient import IMAPClient

from bench.figures import Figure
from bench.place import Place
from mailhitl.demo.people import addresses
from mailhitl.demo.scenes import SCENES, Team
from mailhitl.demo.shop import BRISK, DOMAIN, USERS
from mailhitl.demo.stage import Stage
from tests.servers import HOST, require

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
#: Whatever a page could be made to fetch.
CONTROL = """<html><head><link rel="stylesheet" href="http://tracker.test/style.css"></head>
<body><img src="http://tracker.test/pixel.png"><p style="background:url(http://tracker.test/p.png)">x</p></body></html>"""
#: Most of what Chromium does for itself is switched off; what is left goes to hosts of its maker, and no further than
#: the proxy.
QUIET = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-pings", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-default-apps"),
    *("--disable-extensions", "--disable-domain-reliability", "--disable-client-side-phishing-detection"),
    *("--proxy-bypass-list=<-loopback>", "--disable-features=OptimizationHints,MediaRouter,Translate"),
]
ITS_OWN = re.compile(r"(?:[a-z0-9-]+\.)*(?:google|googleapis|gstatic)\.com")
PATIENCE = 60


@dataclass
class Proxy:
    """Where every request would come; ``asked`` are their first lines."""

    port: int = 0
    asked: list[str] = field(default_factory=list)


def measure(place: Place) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, proxied() as proxy:
        chromium = Chromium(require("chromium"), Path(folder), proxy)
        control = chromium.requests(CONTROL)
        assert control, "a page that fetches asked for nothing: the measurement sees nothing"
        golden = [page.read_text("utf-8") for page in sorted(GOLDEN.glob("*.html"))]
        story = [page for raw in _told() for page in _pages(raw)]
        asked = [chromium.requests(page) for page in (*golden, *story)]
    what = f"requests for {len(golden)} golden pages and {len(story)} pages of the story's mails"
    note = "; ".join(
        [f"a page that fetches asked for {', '.join(control)}", *(line for page in asked for line in page)]
    )
    return [Figure(what, "", [sum(map(len, asked))], judged="max", limit=0, note=note)]


@dataclass(frozen=True)
class Chromium:
    """One browser process for each page, with a profile of its own."""

    binary: str
    folder: Path
    proxy: Proxy

    def requests(self, page: str) -> list[str]:
        """What opening this page asked the network for."""
        file = self.folder / "page.html"
        file.write_text(page, "utf-8")
        self.proxy.asked.clear()
        profile = tempfile.mkdtemp(dir=self.folder)
        where = [f"--user-data-dir={profile}", f"--proxy-server={HOST}:{self.proxy.port}"]
        command = [self.binary, *QUIET, *where, "--virtual-time-budget=3000", "--dump-dom", file.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
        return [asked for asked in self.proxy.asked if not ITS_OWN.fullmatch(_host(asked))]


def _host(asked: str) -> str:
    """Whom the first line of a request to a proxy is about: ``GET http://host/…``, ``CONNECT host:443 …``."""
    target = asked.split()[1] if len(asked.split()) > 1 else ""
    return urlsplit(target if "//" in target else f"//{target}").hostname or ""


@contextmanager
def proxied() -> Iterator[Proxy]:
    proxy = Proxy()

    class Asked(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            proxy.asked.append(self.rfile.readline(2_000).decode("latin-1").strip())
            self.wfile.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socketserver.ThreadingTCPServer((HOST, 0), Asked) as server:
        server.daemon_threads = True
        proxy.port = int(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield proxy
        finally:
            server.shutdown()


def _told() -> list[bytes]:
    """Every mail of ours that stands somewhere when the demo's story is over, and what left for customers."""
    with Stage(BRISK, addresses(), threading.Event(), fixed_ports=False) as stage:
        team = Team(stage)
        with ThreadPoolExecutor(len(SCENES)) as actors:
            list(actors.map(lambda scene: scene(team), SCENES))
        found = [mail.raw for mail in stage.smtp.outside]
        for user, password in USERS.items():
            client = IMAPClient(HOST, stage.imap.port, ssl=False)
            client.login(user, password)
            for _, _, folder in client.list_folders():
                client.select_folder(folder, readonly=True)
                found += [row[b"BODY[]"] for row in client.fetch(client.search(), ["BODY.PEEK[]"]).values()]
            client.logout()
    return found


def _pages(raw: bytes) -> Iterator[str]:
    """The HTML that a client shows of a mail of ours; a customer's mail inside is an attachment."""
    mail = message_from_bytes(raw, policy=policy.default)
    if isinstance(mail, EmailMessage) and f"@{DOMAIN}" in str(mail["From"]):
        body = mail.get_body(preferencelist=("html",))
        if body is not None:
            yield str(body.get_content())
