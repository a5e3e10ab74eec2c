"""Rows of every earlier migration state, from 010 on, reach the newest: none is lost or changed, invariants hold."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from typing import Any

import psycopg2
import pytest
from psycopg2.errors import UndefinedColumn, UndefinedFunction, UndefinedTable

from portal.db import migrations
from portal.db.backup.contents import read_contents
from portal.db.checks import CHECKS_FOLDER, run_checks_on
from portal.db.migrations import FUNCTIONS, migrate, migration_names, migration_status
from portal.db.snapshot import snapshot
from portal.lib.folders import SQL
from tests.house.test_models import tables
from tests.support.databases import execute, named, server_url
from tests.upgrades.rows import write_rows

FIRST = "010"
# Most of the present functions fit every state from this one on; earlier releases had their own, which are not kept.
FUNCTIONS_SINCE = "049"
_OF_LATER_STATES = (UndefinedColumn, UndefinedFunction, UndefinedTable)
# What the next migration of the same release mends.
_BROKEN = {"085_settlement_totals": {"settlement_totals_match_the_settlements"}}
KEPT = {
    "users", "wallets", "vendors", "products", "orders", "order_items", "stock_movements", "payment_transactions",
    "payment_events", "credit_entries", "credit_balances", "refcodes", "visit_daily", "settlements",
    "erp_sales_assists", "referral_rewards", "event_log", "journal_transfers",
}  # fmt: skip


@pytest.fixture
def empty_database() -> Iterator[str]:
    maintenance, name = named(server_url("embedded"), "portal"), f"every_state_{os.getpid()}"
    execute(maintenance, f"CREATE DATABASE {name}")
    try:
        yield named(maintenance, name)
    finally:
        execute(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


def migrate_to(url: str, newest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Migrate as the release did whose newest migration this was; its functions came with its migrations."""
    names = [name for name in migration_names() if name <= newest]
    with monkeypatch.context() as release:
        release.setattr(migrations, "migration_names", lambda: names)
        release.setattr(migrations, "_has_functions", lambda connection: True)
        migrate(url)


def write(url: str, name: str) -> None:
    with closing(psycopg2.connect(url)) as session, session, session.cursor() as cursor:
        if name >= FUNCTIONS_SINCE:
            _apply_fitting_functions(cursor)
        write_rows(cursor, int(name[:3]))


def _apply_fitting_functions(cursor: Any) -> None:
    """Apply the files of functions that are about tables and columns of this state only."""
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    later = tables().keys() - {table for (table,) in cursor.fetchall()}
    for path in sorted((SQL / "functions").glob("*.sql")):
        if later & set(re.findall(r"[a-z_]+", path.read_text())):
            continue
        cursor.execute("SAVEPOINT file")
        try:
            cursor.execute(path.read_text())
        except _OF_LATER_STATES:
            cursor.execute("ROLLBACK TO file")


def ledgers(url: str) -> dict[str, object]:
    """Return rows and sums of the tables that a migration neither empties nor fills."""
    with snapshot(url) as session:
        contents = read_contents(session)
    values = {**contents.rows, **contents.sums}
    return {name: value for name, value in values.items() if name.partition(".")[0] in KEPT}


def broken_where_they_can_run(url: str) -> dict[str, object]:
    """Return broken invariants among those whose tables and columns exist already."""
    broken = {}
    # One session for all of them: a connection costs more than most checks, and there are thousands of runs.
    with closing(psycopg2.connect(url)) as session, session.cursor() as cursor:
        for name, check in checks().items():
            cursor.execute("SAVEPOINT check_of_one")
            try:
                cursor.execute(check)
                if rows := cursor.fetchall():
                    broken[name] = rows
            except _OF_LATER_STATES:
                cursor.execute("ROLLBACK TO check_of_one")
    return broken


@cache
def checks() -> dict[str, str]:
    return {path.stem: path.read_text() for path in sorted(CHECKS_FOLDER.glob("*.sql"))}


@pytest.mark.slow
def test_rows_of_every_state_reach_the_newest(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each state gets rows of its own; those of the states before have come through every migration between."""
    states = [name for name in migration_names() if name >= FIRST]
    before: dict[str, object] = {}
    for name in states:
        migrate_to(empty_database, name, monkeypatch)
        after = ledgers(empty_database)
        assert {key: after.get(key) for key in before} == before, name
        write(empty_database, name)
        assert broken_where_they_can_run(empty_database).keys() == _BROKEN.get(name, set()), name
        before = ledgers(empty_database)
    assert migrate(empty_database) == [FUNCTIONS]
    assert ledgers(empty_database) == before
    assert run_checks_on(empty_database) == {}
    assert execute(empty_database, "SELECT count(*) FROM orders") == [(4 * len(states),)]
    assert execute(empty_database, "SELECT count(*) FROM orders WHERE customer_id IS NULL") == [(0,)]


@pytest.mark.slow
@pytest.mark.parametrize("state", [FIRST, "027"])
def test_one_command_upgrades_across_all_later_states(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    first = next(name for name in migration_names() if name >= state)
    migrate_to(empty_database, first, monkeypatch)
    write(empty_database, first)
    before = ledgers(empty_database)
    migrate(empty_database)
    after = ledgers(empty_database)
    journal = {"journal_transfers", "journal_transfers.amount"}
    assert {key: after[key] for key in before if key not in journal} == {
        key: value for key, value in before.items() if key not in journal
    }
    assert run_checks_on(empty_database) == {}
    assert all(is_applied for _, is_applied in migration_status(empty_database))
