"""A server whose disk is full, or that only reads, is not ready."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.chain import open_chain
from portal.db import bind_database
from portal.dev import start_postgres, stop_postgres
from portal.flows.overviews.read_health import HealthMonitor, read_database
from portal.settings import Settings
from tests.support.databases import close_database, execute

CHAIN = open_chain(Settings(_env_file=None))


@pytest.fixture
def full_server(tmp_path: Path) -> Iterator[str]:
    """Yield a server that cannot write a temporary file, as on a full disk."""
    yield start_postgres(tmp_path / "data", settings={"temp_file_limit": "16kB", "fsync": "off"})
    stop_postgres(tmp_path / "data")


def test_full_disk_is_not_ready(full_server: str) -> None:
    bind_database(full_server)
    health = HealthMonitor(lambda: CHAIN).health(scheduler_running=True)
    assert (health.database, health.is_ready) == ("full", False)


def test_standby_is_not_ready(database_url: str) -> None:
    name = database_url.rpartition("/")[2]
    execute(database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    bind_database(database_url)
    try:
        health = HealthMonitor(lambda: CHAIN).health(scheduler_running=True)
        assert (health.database, health.migrations, health.is_ready) == ("read_only", "ok", False)
    finally:
        close_database()


def test_a_reading_writes_to_the_disk_and_not_to_tables(database_url: str) -> None:
    bind_database(database_url)
    written = "SELECT temp_files FROM pg_stat_database WHERE datname = current_database()"
    # Autovacuum writes statistics, and other tests create databases in the shared catalogues.
    changed = """
        SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables s JOIN pg_class c ON c.oid = s.relid
        WHERE NOT c.relisshared AND c.relname NOT LIKE 'pg_statistic%'
    """
    before = execute(database_url, written), execute(database_url, changed)
    assert read_database(CHAIN).database == "ok"
    execute(database_url, "SELECT pg_sleep(1.2)")
    assert execute(database_url, written) > before[0]
    assert execute(database_url, changed) == before[1]
