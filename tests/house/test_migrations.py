"""Migrations apply in order to an empty database, say nothing of their own, and find nothing to do the next time."""

from __future__ import annotations

import pytest

from portal.db.migrations import migrate, migration_status
from portal.lib.folders import SQL
from tests.support.databases import execute, named, server_url


def test_an_empty_database_is_migrated_silently_and_once(capfd: pytest.CaptureFixture[str]) -> None:
    maintenance = named(server_url("embedded"), "portal")
    execute(maintenance, "CREATE DATABASE from_nothing")
    try:
        url = named(maintenance, "from_nothing")
        capfd.readouterr()
        applied = migrate(url)
        # A statement that returns rows is printed by the migration tool, in the middle of the operator's progress.
        assert capfd.readouterr() == ("", "")
        assert applied == sorted(path.stem for path in SQL.glob("*.sql"))
        assert migrate(url) == []
        assert migration_status(url) == [(name, True) for name in applied]
    finally:
        execute(maintenance, "DROP DATABASE from_nothing WITH (FORCE)")
