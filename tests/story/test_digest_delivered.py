"""The digest on its real way: ``run``, an SMTP server, an inbox; and two agents that both want to send it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from threading import Barrier, Thread

from mailhitl.config.database import store_url
from mailhitl.config.load import load
from mailhitl.daemon.digest import mailing as digest_mail
from mailhitl.insight.week import last_due
from mailhitl.store import open_store
from tests.story.office import Office
from tests.story.test_digest import BOSS, MONDAY_EIGHT, WEEKLY
from tests.story.world import World


def test_a_digest_that_is_due_arrives_once_with_both_of_its_parts(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        office.write(office.config.read_text() + '\n[digest]\nto = ["anna@example.com"]\n')
        assert office.mailhitl("run", "--once").returncode == 0
        assert office.standing("INBOX", user="anna", password="anna") == []
        with closing(open_store(store_url(load(office.config)))) as store:
            store.switches.set("digest", "2026-W01", "a long downtime", datetime.now(UTC))
        for _ in range(2):
            done = office.mailhitl("run", "--once")
            assert done.returncode == 0, done.stderr
        week, _ = last_due(datetime.now(UTC), 0, load(office.config).digest.at)  # type: ignore[union-attr]
        [raw] = office.standing("INBOX", user="anna", password="anna")
        mail = message_from_bytes(raw, policy=policy.default)
        assert str(mail["Subject"]) == f"[mailhitl] {week}: nothing happened"
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        assert mail["Auto-Submitted"] == "auto-generated"


def test_two_agents_that_make_it_at_the_same_moment_send_one(tmp_path: Path) -> None:
    world = World(tmp_path, WEEKLY)
    world.now = MONDAY_EIGHT
    start, one, other = Barrier(2), world.app, world._wire()

    def make(app: object) -> None:
        start.wait()
        digest_mail.run_once(app)  # type: ignore[arg-type]

    threads = [Thread(target=make, args=(app,)) for app in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.run()
    assert len(world.sent_to(BOSS)) == 1
    assert len(world.store.journal.entries(("digest",))) == 1
    world.store.close()
