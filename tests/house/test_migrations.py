"""Migrations and functions apply to an empty or an older database, silently; when up to date they write nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.db import migrations
from portal.db.migrations import FUNCTIONS, migrate, migration_names, migration_status
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


def test_new_migrations_define_no_functions_but_those_of_constraints() -> None:
    for name in migration_names():
        if name >= "024":
            text = (SQL / f"{name}.sql").read_text().upper()
            allowed = 1 if name == "028_settlement_parts" else 0
            assert text.count("CREATE FUNCTION") + text.count("CREATE OR REPLACE") == allowed, name
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
