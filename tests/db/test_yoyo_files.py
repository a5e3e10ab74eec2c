"""A file of SQL and its record are written together."""

from __future__ import annotations

from pathlib import Path

import psycopg2
import pytest

from portal.db.yoyo_files import run_files
from tests.support.databases import execute, fresh_database, server_url

_REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not recorded'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON _yoyo_migration FOR EACH ROW EXECUTE FUNCTION refuse();
"""


def test_file_that_cannot_be_recorded_leaves_nothing(tmp_path: Path) -> None:
    for number in (1, 2):
        Path(tmp_path, f"00{number}_table.sql").write_text(
            f"CREATE TABLE t{number} ();\nCREATE TABLE u{number} ();\n"
        )
    with fresh_database(server_url("embedded")) as url:
        run_files(url, tmp_path, ["001_table"], lambda _connection: None)
        execute(url, _REFUSE)
        with pytest.raises(psycopg2.Error, match="not recorded"):
            run_files(url, tmp_path, ["002_table"], lambda _connection: None)
        tables = "SELECT to_regclass('t1'), to_regclass('t2'), to_regclass('u2')"
        assert execute(url, tables) == [("t1", None, None)]

        execute(url, "DROP TRIGGER refuse ON _yoyo_migration")
        run_files(url, tmp_path, ["002_table"], lambda _connection: None)
        assert execute(url, tables) == [("t1", "t2", "u2")]
        recorded = "SELECT migration_id FROM _yoyo_migration WHERE migration_id ~ '^00._table' ORDER BY 1"
        assert execute(url, recorded) == [("001_table",), ("002_table",)]
