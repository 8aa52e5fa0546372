"""A client that opens what we put into a folder talks to its mail server and to nobody else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.interop.conftest import ComeIn
from tests.interop.office import Office
from tests.interop.test_review_in_neomutt import DRAFT, PACKET, REVIEW, on_one_server

pytestmark = pytest.mark.servers

REFUND = "Hello,\n\nplease refund my order 4711, see http://127.0.0.1:9/seen and http://[::1]:9/seen.\n\nCarla\n"
#: Whatever a client could be made to fetch.
TRACKED = """<html><head><link rel="stylesheet" href="http://127.0.0.1:9/style.css"></head>
<body background="http://127.0.0.1:9/ground.png"><p>Hello, please refund my order 4711.</p>
<img src="http://127.0.0.1:9/pixel.png"><script src="http://127.0.0.1:9/run.js"></script>
<iframe src="http://127.0.0.1:9/frame"></iframe><p style="background:url(http://127.0.0.1:9/p.png)">Carla</p></body>"""


@on_one_server
def test_48_a_packet_and_its_draft_opened_with_every_part_connect_to_the_mail_server_only(
    office: Office, come_in: ComeIn, tmp_path: Path
) -> None:
    office.customer_writes(REFUND, html=TRACKED)
    trace = tmp_path / "connections"
    reviewer = come_in(office, trace=trace)
    reviewer.open(REVIEW)
    opened = [reviewer.open_parts(subject) for subject in (DRAFT, PACKET)]
    assert any("refund" in part for part in opened[0])
    assert len(opened[1]) > 2, "the packet's text, its HTML and the customer's mail"
    assert targets(trace.read_text()) == {("127.0.0.1", office.dovecot.port)}


def targets(trace: str) -> set[tuple[str, int]]:
    """Every address and port of a trace that something was connected to over a network."""
    found = re.findall(r'sin6?_port=htons\((\d+)\).*?"([0-9A-Fa-f.:]+)"', trace)
    assert len(found) == trace.count("AF_INET"), trace
    return {(address, int(port)) for port, address in found}
