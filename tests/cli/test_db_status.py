"""`flask db status`: the version, what is pending, and whether processes of another release still run."""

from __future__ import annotations

import re
from contextlib import closing

import psycopg2
import pytest

from portal import __version__
from portal.db import connection, query
from portal.db.migrations import migrate, migration_names
from portal.db.rights import RightMissing, explained_rights
from portal.db.session_name import session_name
from tests.cli.conftest import MakePortal, invoke
from tests.support.databases import execute


@pytest.fixture
def database(own_database: str) -> str:
    """Return the URL of a database of this test: other sessions and migrations are counted."""
    return own_database


def test_status_says_whether_a_migration_or_a_restart_is_needed(
    make_portal: MakePortal, database: str
) -> None:
    app = make_portal()
    with connection():
        assert query("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()") == [
            (session_name(),)
        ]
        lines = invoke(app, "db", "status").output.splitlines()
    assert lines[0] == f"version  {__version__}"
    assert lines[-2:] == ["migrate  not needed", "restart  not needed"]
    newest = migration_names()[-1]
    execute(database, f"DELETE FROM _yoyo_migration WHERE migration_id = '{newest}'")
    with (
        closing(psycopg2.connect(database, application_name="ring-portal 0.0.9 0a1b2c3d")),
        closing(psycopg2.connect(database, application_name="psql")),
    ):
        output = invoke(app, "db", "status").output
    assert f"pending  {newest}" in output
    assert "migrate  1 pending: run `flask --app wsgi db migrate`" in output
    assert output.splitlines()[-1] == "restart  needed: 1 sessions belong to release 0.0.9 0a1b2c3d"


def test_a_role_without_rights_is_explained(make_portal: MakePortal, database: str) -> None:
    app = make_portal()
    execute(database, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM CURRENT_USER; SELECT 1")
    for command in ("db status", "db migrate", "user create a@shop.example", "doctor"):
        result = invoke(app, *command.split())
        assert (result.exit_code, isinstance(result.exception, SystemExit)) == (1, True), result.exception
        assert re.search("the owner of the database|must own the database", result.output), command
    with (
        pytest.raises(RightMissing, match="permission denied for table users"),
        explained_rights(),
        connection(),
    ):
        query("SELECT count(*) FROM users")


def test_a_role_that_may_not_create_tables_is_explained(database: str) -> None:
    execute(database, "DROP SCHEMA public CASCADE; CREATE SCHEMA public; SELECT 1")
    execute(database, "REVOKE CREATE ON SCHEMA public FROM CURRENT_USER; SELECT 1")
    with pytest.raises(RightMissing, match="may not create tables"):
        migrate(database)
