"""Migrations and functions apply to an empty or an older database, silently; when up to date they write nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from portal.db import migrations
from portal.db.migrations import (
    FUNCTIONS,
    MigrationBlocked,
    is_up_to_date,
    migrate,
    migration_names,
    migration_status,
)
from portal.lib.folders import SQL
from tests.support.databases import execute, named, server_url

_DEFINITIONS = """
SELECT oid::text, xmin::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT oid::text, xmin::text FROM pg_trigger
UNION ALL SELECT oid::text, xmin::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
ORDER BY 1, 2
"""
_OLD_SETTLEMENTS = """
INSERT INTO vendors (name) VALUES ('Tea House');
INSERT INTO settlements (order_reference, vendor_id, kind, amount_minor, currency, commission_minor, net_payout_minor,
    status, scheduled_for, metadata)
SELECT reference, 1, kind, amount, currency, commission, amount - commission, 'pending', now(),
    jsonb_build_object('commissionBreakdown', breakdown::jsonb)
FROM (VALUES
    ('a', 'sale', 10000, 'UAH', 2000, '{"platformCommission": "10.00", "referralCommission": "5.00", "customSplits":
        [{"recipientId": "fund", "amount": "4.80"}, {"recipientId": "fund", "amount": "0.20"}]}'),
    ('b', 'sale', 1000, 'JPY', 250, '{"platformCommission": "250"}'),
    ('c', 'sale', 10000, 'UAH', 2000, '{"referralCommission": "some", "customSplits": null}'),
    ('d', 'refund', -1000, 'UAH', -250, '{"platformCommission": "-2.00", "referralCommission": "-0.50"}')
) AS old (reference, kind, amount, currency, commission, breakdown);
"""
_PARTS = """
SELECT platform_commission_minor, referral_commission_minor, split_commissions
FROM settlements ORDER BY order_reference
"""

# Functions and triggers of a constraint, of the transaction that counted rows, and of the indexes and the count of 086.
_NEEDED_FUNCTIONS = {"028_settlement_parts": 1, "046_paid_code_orders": 1, "085_settlement_totals": 7}


@pytest.fixture
def empty_database() -> Iterator[str]:
    maintenance = named(server_url("embedded"), "portal")
    name = f"from_nothing_{os.getpid()}"
    execute(maintenance, f"CREATE DATABASE {name}")
    try:
        yield named(maintenance, name)
    finally:
        execute(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def copied_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Read the functions from a copy that the test can change."""
    for path in sorted((SQL / "functions").glob("*.sql")):
        (tmp_path / path.name).write_text(path.read_text())
    monkeypatch.setattr(migrations, "_FUNCTIONS_FOLDER", tmp_path)
    return tmp_path


def test_empty_database_is_migrated_silently_and_once(
    empty_database: str, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    applied = migrate(empty_database)
    # yoyo prints the rows a statement returns, in the middle of the progress output.
    assert capfd.readouterr() == ("", "")
    assert applied == [*migration_names(), FUNCTIONS]
    before = execute(empty_database, _DEFINITIONS)
    assert migrate(empty_database) == []
    assert execute(empty_database, _DEFINITIONS) == before
    assert migration_status(empty_database) == [(name, True) for name in applied]


def test_status_of_an_empty_database_creates_nothing(empty_database: str) -> None:
    assert migration_status(empty_database) == [(name, False) for name in [*migration_names(), FUNCTIONS]]
    assert execute(empty_database, "SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace") == []


def test_changed_functions_are_applied_again(empty_database: str, copied_functions: Path) -> None:
    migrate(empty_database)
    (copied_functions / "99_new.sql").write_text(
        "CREATE OR REPLACE FUNCTION answer() RETURNS int LANGUAGE sql AS $$ SELECT 42 $$;"
    )
    assert migration_status(empty_database)[-1] == (FUNCTIONS, False)
    assert migrate(empty_database) == [FUNCTIONS]
    assert execute(empty_database, "SELECT answer()") == [(42,)]
    assert migration_status(empty_database)[-1] == (FUNCTIONS, True)


def test_failing_function_file_leaves_the_previous_functions(
    empty_database: str, copied_functions: Path
) -> None:
    migrate(empty_database)
    before = execute(empty_database, _DEFINITIONS)
    (copied_functions / "99_broken.sql").write_text("CREATE OR REPLACE FUNCTION broken() RETURNS;")
    with pytest.raises(Exception, match="syntax error"):
        migrate(empty_database)
    assert execute(empty_database, _DEFINITIONS) == before
    assert migration_status(empty_database)[-1] == (FUNCTIONS, False)


def test_new_migrations_define_no_functions_without_need() -> None:
    for name in migration_names():
        if name >= "024":
            text = (SQL / f"{name}.sql").read_text().upper()
            functions = text.count("CREATE FUNCTION") + text.count("CREATE OR REPLACE")
            assert functions == _NEEDED_FUNCTIONS.get(name, 0), name
            assert "CREATE TRIGGER" not in text, name
            assert "CREATE VIEW" not in text, name


def test_backfill_of_settlement_parts_keeps_the_books(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = [name for name in migration_names() if name < "024"]
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "migration_names", lambda: older)
        patch.setattr(migrations, "_has_functions", lambda connection: True)
        migrate(empty_database)
    execute(empty_database, _OLD_SETTLEMENTS)
    before = execute(empty_database, "SELECT * FROM journal_balances ORDER BY 1, 2")
    assert ("split_payable:fund", "UAH", 500) in before
    migrate(empty_database)
    assert execute(empty_database, "SELECT * FROM journal_balances ORDER BY 1, 2") == before
    assert execute(empty_database, _PARTS) == [
        (1_000, 500, {"fund": 500}),
        (250, 0, {}),
        (2_000, 0, {}),
        (-200, -50, {}),
    ]
    execute(empty_database, "UPDATE settlements SET status = 'cancelled'")
    assert execute(empty_database, "SELECT * FROM journal_balances WHERE balance <> 0") == []


def test_migration_gives_way_to_a_lock_and_says_so(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = [name for name in migration_names() if name < "028"]
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "migration_names", lambda: older)
        patch.setattr(migrations, "_has_functions", lambda connection: True)
        migrate(empty_database)
    monkeypatch.setattr(migrations, "_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(migrations, "_ATTEMPTS", 2)
    monkeypatch.setattr(migrations, "_SET_LOCK_TIMEOUT", "SET lock_timeout = '100ms'")
    with closing(psycopg2.connect(empty_database)) as session, session.cursor() as cursor:
        cursor.execute("LOCK TABLE settlements IN ACCESS SHARE MODE")
        with pytest.raises(MigrationBlocked, match="run the command again"):
            migrate(empty_database)
        session.rollback()
    assert ("028_settlement_parts", False) in migration_status(empty_database)
    migrate(empty_database)
    assert all(is_applied for _, is_applied in migration_status(empty_database))


def test_earlier_release_stays_ready_and_changes_nothing_after_a_later_one_migrated(
    empty_database: str, copied_functions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_ready() -> bool:
        return is_up_to_date(lambda statement: execute(empty_database, statement))

    migrate(empty_database)
    assert is_ready()
    with monkeypatch.context() as later:
        names = [*migration_names(), "999_later"]
        (copied_functions / "99_later.sql").write_text(
            "CREATE OR REPLACE FUNCTION answer() RETURNS int LANGUAGE sql AS $$ SELECT 42 $$;"
        )
        # Not ready until its functions are there.
        assert not is_ready()
        migrate(empty_database)
        execute(
            empty_database,
            "INSERT INTO _yoyo_migration (migration_hash, migration_id) VALUES ('9', '999_later')",
        )
        later.setattr(migrations, "migration_names", lambda: names)
        assert is_ready()
    (copied_functions / "99_later.sql").unlink()
    assert is_ready()
    assert migrate(empty_database) == []
    assert execute(empty_database, "SELECT answer()") == [(42,)]
    assert all(is_applied for _, is_applied in migration_status(empty_database))
    execute(empty_database, "DELETE FROM _yoyo_migration WHERE migration_id = '999_later'")
    # Without a later migration it is another branch of the same release, whose functions are replaced.
    assert migrate(empty_database) == [FUNCTIONS]


LOCK_TIMEOUT = re.compile(r"^SET LOCAL lock_timeout = '\d+s';$", re.MULTILINE)
# Statements that wait for a lock on a table that the earlier release uses.
LOCKING = re.compile(
    r"^\s*(ALTER TABLE|CREATE (UNIQUE )?INDEX(?! CONCURRENTLY)|DROP(?! INDEX CONCURRENTLY)|UPDATE|DELETE)",
    re.MULTILINE,
)
# What an earlier release that still runs would miss or refuse.
BREAKING = re.compile(
    r"\bDROP (TABLE|COLUMN|VIEW)\b|\bRENAME\b|\bALTER COLUMN \w+ (TYPE|SET NOT NULL)\b"
    r"|ADD COLUMN (?![^,;]*DEFAULT)[^,;]*NOT NULL"
)
# Every statement of a migration waits 3 seconds for a lock unless its file says otherwise; newer files say it.
_SAID_SINCE, _NOT_SAID = "031", {"048_webhooks"}
_EXPANDED_SINCE = "024"
# Triggers of sql/functions/40_previous_release.sql and 32_journal_settlements.sql fill these for the release before.
_FILLED = {"025_stores_and_customers", "028_settlement_parts"}


def test_migrations_wait_for_locks_a_bounded_time() -> None:
    assert "lock_timeout" in migrations._SET_LOCK_TIMEOUT
    for name in migration_names():
        text = (SQL / f"{name}.sql").read_text()
        if name >= _SAID_SINCE and LOCKING.search(text) and name not in _NOT_SAID:
            assert LOCK_TIMEOUT.search(text), f"{name}: SET LOCAL lock_timeout = '15s';"


def test_migrations_leave_what_the_release_before_uses() -> None:
    breaking = {
        name
        for name in migration_names()
        if name >= _EXPANDED_SINCE and BREAKING.search((SQL / f"{name}.sql").read_text())
    }
    assert breaking == _FILLED


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE orders DROP COLUMN total_minor;",
        "ALTER TABLE orders RENAME COLUMN total_minor TO total;",
        "ALTER TABLE orders ADD COLUMN tip_minor bigint NOT NULL;",
        "ALTER TABLE orders ALTER COLUMN note SET NOT NULL;",
        "DROP TABLE orders;",
    ],
)
def test_breaking_statements_are_recognised(statement: str) -> None:
    assert BREAKING.search(statement)
    assert not BREAKING.search(
        "ALTER TABLE orders ADD COLUMN tip_minor bigint NOT NULL DEFAULT 0, ADD note text;"
    )
