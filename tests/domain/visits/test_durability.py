"""Acknowledged arrivals survive a killed web server, on a database with default durability settings."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.db.migrations import migrate
from portal.dev import start_postgres, stop_postgres
from tests.support.beacons import WebServer, beacon, send
from tests.support.databases import execute

PATHS = 40
CODES = f"""
INSERT INTO users (name, email, locale, role) VALUES ('Referrer', 'r@demo.example', 'en', 'user');
INSERT INTO refcodes (code, owner_user_id, wallet_address)
SELECT 'code' || n, (SELECT max(id) FROM users), '0x' || lpad(to_hex(n), 40, '0') FROM generate_series(1, {PATHS}) n
"""


@pytest.fixture
def durable_url(tmp_path: Path) -> Iterator[str]:
    """Yield the URL of a database whose commits are on disk."""
    url = start_postgres(tmp_path / "postgres")
    try:
        migrate(url)
        execute(url, CODES)
        yield url
    finally:
        stop_postgres(tmp_path / "postgres")


@pytest.mark.slow
def test_killed_server_loses_no_acknowledged_beacon(durable_url: str) -> None:
    sources = itertools.cycle([beacon(f"code{number}") for number in range(1, PATHS + 1)])
    answered = unanswered = 0
    for is_killed in (True, False):
        server = WebServer("wsgi:app", DATABASE_URL=durable_url)
        killer = threading.Timer(1.5, server.kill)
        if is_killed:
            killer.start()
        try:
            tally = send(server.port, lambda: next(sources), answers=10**9 if is_killed else 3000)
        finally:
            killer.cancel()
            server.kill()
        assert set(tally.by_status) <= {200}
        assert bool(tally.broken) is is_killed
        answered, unanswered = answered + tally.answered, unanswered + tally.broken
    assert answered > 3000
    counted = execute(
        durable_url,
        "SELECT sum(visits_total)::int, (SELECT sum(visits)::int FROM visit_daily),"
        " (SELECT sum(visits)::int FROM platform_visits) FROM refcodes",
    )[0]
    assert len(set(counted)) == 1, counted
    assert answered <= int(str(counted[0])) <= answered + unanswered
