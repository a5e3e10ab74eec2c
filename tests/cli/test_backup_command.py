"""`flask backup create|verify|restore`: nothing incomplete passes, nothing is lost or overwritten."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from flask import Flask

from portal.db import bind_database, connection
from portal.db.backup import BackupUnusable, archive, programs
from portal.db.checks import run_checks_on
from portal.dev.postgres import postgres_binaries
from tests.cli.conftest import MakePortal, invoke
from tests.factories import (
    give_credit,
    make_code,
    make_order,
    make_reward,
    make_settlement,
    make_user,
    make_vendor,
)
from tests.support.databases import close_database, execute, named, wait_until_alone
from tests.support.portals import PROJECT, clean_environment
from tests.support.production import production_settings

LEDGERS = """
SELECT 'order', order_reference, total_minor::text FROM orders
UNION ALL SELECT 'reward', order_reference, reward_amount_wei::text FROM referral_rewards
UNION ALL SELECT 'credit', user_id::text, amount_minor::text FROM credit_entries
UNION ALL SELECT 'journal', debit_account || credit_account, amount::text FROM journal_transfers
ORDER BY 1, 2, 3
"""


@pytest.fixture
def database(own_database: str) -> str:
    """Return the URL of a database of this test: commands replace it."""
    return own_database


@pytest.fixture
def app(make_portal: MakePortal) -> Flask:
    app = make_portal()
    with connection():
        buyer = make_user()
        give_credit(buyer, 5_000)
        code = make_code(make_user("Referrer"))
        order = make_order(buyer, code=code)
        make_reward(code, order_reference=order.order_reference)
        make_settlement(make_vendor(), 70_000)
    close_database()
    return app


@pytest.fixture
def dump(app: Flask, tmp_path: Path) -> Path:
    path = tmp_path / "portal.dump"
    assert invoke(app, "backup", "create", str(path)).exit_code == 0
    close_database()
    return path


@pytest.fixture
def empty_database(database: str) -> Iterator[str]:
    name, server = f"restored_{os.getpid()}", named(database, "portal")
    execute(server, f"CREATE DATABASE {name} TEMPLATE template0")
    yield named(database, name)
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def name_of(url: str) -> str:
    return url.rpartition("/")[2]


def databases(url: str) -> set[object]:
    return {name for (name,) in execute(url, "SELECT datname FROM pg_database WHERE datname LIKE 'backup%'")}


def test_backup_is_verified_and_leaves_no_database(app: Flask, dump: Path, database: str) -> None:
    manifest = json.loads(Path(f"{dump}.json").read_text())
    assert manifest["contents"]["rows"]["orders"] == 1
    assert manifest["contents"]["sums"]["credit_entries.amount_minor"] == "5000"
    assert manifest["contents"]["sums"]["settlements.amount_minor"] == "70000"
    assert int(manifest["contents"]["sums"]["referral_rewards.reward_amount_wei"]) > 0
    assert [path.stat().st_mode & 0o777 for path in (dump, Path(f"{dump}.json"))] == [0o600, 0o600]
    before = databases(database)
    result = invoke(app, "backup", "verify", str(dump))
    assert result.exit_code == 0, result.output
    assert "is complete" in result.output
    assert databases(database) == before


@pytest.mark.system_postgres
def test_restored_database_is_the_one_that_was_backed_up(
    app: Flask, dump: Path, database: str, empty_database: str
) -> None:
    ledgers = execute(database, LEDGERS)
    assert {kind for kind, *_ in ledgers} == {"order", "reward", "credit", "journal"}
    bind_database(empty_database)
    result = invoke(app, "backup", "restore", str(dump))
    assert result.exit_code == 0, result.output
    assert "db migrate" not in result.output
    assert execute(empty_database, LEDGERS) == ledgers
    assert run_checks_on(empty_database) == run_checks_on(database)
    # Identity columns and sequences go on where they were.
    execute(empty_database, "INSERT INTO users (name) VALUES ('Next')")
    # A restored database can be backed up and restored again.
    second = dump.with_name("second.dump")
    assert invoke(app, "backup", "create", str(second)).exit_code == 0
    bind_database(database)
    result = invoke(app, "backup", "restore", str(second), "--replace", name_of(database))
    assert result.exit_code == 0, result.output
    assert execute(database, "SELECT name FROM users ORDER BY id DESC LIMIT 1") == [("Next",)]


def test_database_in_use_is_replaced_only_by_name_and_without_sessions(
    app: Flask, dump: Path, database: str
) -> None:
    execute(database, "INSERT INTO users (name) VALUES ('After the backup')")
    count = "SELECT count(*) FROM users"
    before = execute(database, count)
    refused = [
        (invoke(app, "backup", "restore", str(dump)), f"--replace {name_of(database)}"),
        (invoke(app, "backup", "restore", str(dump), "--replace", "portal"), "nothing was changed"),
    ]
    with closing(psycopg2.connect(database)):
        refused.append(
            (
                invoke(app, "backup", "restore", str(dump), "--replace", name_of(database)),
                "stop every process",
            )
        )
    for result, sentence in refused:
        assert result.exit_code == 1
        assert sentence in result.output
    assert execute(database, count) == before
    wait_until_alone(database)
    result = invoke(app, "backup", "restore", str(dump), "--replace", name_of(database))
    assert result.exit_code == 0, result.output
    assert execute(database, "SELECT count(*) FROM users WHERE name = 'After the backup'") == [(0,)]


@pytest.mark.parametrize(
    "fault", ["cut", "changed", "no_manifest", "other_manifest", "not_json", "newer_format"]
)
def test_damaged_backup_is_refused_before_anything_changes(
    app: Flask, dump: Path, database: str, fault: str
) -> None:
    manifest = Path(f"{dump}.json")
    values = json.loads(manifest.read_text())
    data = dump.read_bytes()
    if fault == "cut":
        dump.write_bytes(data[:-100])
    elif fault == "changed":
        dump.write_bytes(data[:-100] + bytes(100))
    elif fault == "no_manifest":
        manifest.unlink()
    elif fault == "other_manifest":
        manifest.write_text(json.dumps({**values, "sha256": "0" * 64}))
    elif fault == "not_json":
        manifest.write_text("[]")
    else:
        manifest.write_text(json.dumps({**values, "format": 2}))
    for arguments in (["verify", str(dump)], ["restore", str(dump), "--replace", name_of(database)]):
        result = invoke(app, "backup", *arguments)
        assert result.exit_code == 1, result.output
        assert "Error: " in result.output
    assert execute(database, "SELECT count(*) FROM orders") == [(1,)]


@pytest.mark.parametrize(
    ("table", "key", "value", "sentence"),
    [
        ("rows", "orders", 2, "rows of orders: 2 in the manifest, 1 in the database"),
        ("sums", "credit_entries.amount_minor", "4999", "sum of credit_entries.amount_minor: 4999"),
        ("rows", "lost_ledger", 7, "rows of lost_ledger: 7 in the manifest, no such"),
    ],
)
def test_dump_that_holds_something_else_than_its_manifest_does_not_verify(
    app: Flask, dump: Path, table: str, key: str, value: object, sentence: str
) -> None:
    manifest = Path(f"{dump}.json")
    values = json.loads(manifest.read_text())
    values["contents"][table][key] = value
    manifest.write_text(json.dumps(values))
    result = invoke(app, "backup", "verify", str(dump))
    assert result.exit_code == 1
    assert sentence in result.output


def test_backup_with_broken_books_does_not_verify(app: Flask, database: str, tmp_path: Path) -> None:
    execute(database, "INSERT INTO credit_balances (user_id, currency, balance_minor) VALUES (1, 'USD', 300)")
    dump = tmp_path / "portal.dump"
    assert invoke(app, "backup", "create", str(dump)).exit_code == 0
    result = invoke(app, "backup", "verify", str(dump))
    assert result.exit_code == 1
    assert "credit_balance_matches_entries" in result.output


def test_backup_of_a_newer_version_is_refused(app: Flask, dump: Path, database: str) -> None:
    manifest = Path(f"{dump}.json")
    values = json.loads(manifest.read_text())
    values["contents"]["migrations"].append("999_later")
    manifest.write_text(json.dumps(values))
    result = invoke(app, "backup", "restore", str(dump), "--replace", name_of(database))
    assert result.exit_code == 1
    assert "999_later" in result.output
    assert execute(database, "SELECT count(*) FROM orders") == [(1,)]


def test_backup_overwrites_nothing_and_an_unfinished_one_leaves_nothing(
    app: Flask, dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = dump.read_bytes()
    result = invoke(app, "backup", "create", str(dump))
    assert "never overwritten" in result.output
    assert dump.read_bytes() == content
    assert invoke(app, "backup", "create", str(tmp_path / "missing" / "x.dump")).exit_code == 1
    into_folder = invoke(app, "backup", "create", str(tmp_path))
    assert into_folder.exit_code == 0
    assert len(list(tmp_path.glob("portal-*.dump.json"))) == 1
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(
        archive, "find_programs", lambda major: programs.Programs(Path("/bin/false").parent, 99)
    )
    monkeypatch.setattr(programs.Programs, "command", lambda self, *arguments: ["/bin/false"])
    assert "failed" in invoke(app, "backup", "create", str(tmp_path / "y.dump")).output
    assert sorted(tmp_path.iterdir()) == before


def test_dump_and_manifest_are_of_one_moment(
    app: Flask, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that arrives between counting and dumping is in neither."""
    counted = archive.read_contents

    def count_then_write(session: object) -> object:
        contents = counted(session)
        execute(database, "INSERT INTO users (name) VALUES ('Meanwhile')")
        return contents

    monkeypatch.setattr(archive, "read_contents", count_then_write)
    dump = tmp_path / "portal.dump"
    assert invoke(app, "backup", "create", str(dump)).exit_code == 0
    result = invoke(app, "backup", "verify", str(dump))
    assert result.exit_code == 0, result.output


def test_dump_that_ends_early_changes_nothing(app: Flask, dump: Path, database: str) -> None:
    """The list of its contents can be read and the manifest fits, so only reading the data shows it."""
    data, manifest = dump.read_bytes(), Path(f"{dump}.json")
    before = execute(database, LEDGERS)
    dump.write_bytes(data[: len(data) - 2_000])
    size, digest = archive.measure(dump)
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "size": size, "sha256": digest}))
    result = invoke(app, "backup", "restore", str(dump), "--replace", name_of(database))
    assert result.exit_code == 1
    assert "pg_restore failed" in result.output
    assert execute(database, LEDGERS) == before


@pytest.mark.slow
@pytest.mark.parametrize("killed_after", [200, 60_000])
def test_killed_restore_changes_nothing(dump: Path, database: str, tmp_path: Path, killed_after: int) -> None:
    """A pg_restore that kills the command, as an operator or the kernel may, in the middle of the data."""
    before = execute(database, LEDGERS)
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("pg_dump", "psql"):
        (folder / name).symlink_to(postgres_binaries() / name)
    (folder / "pg_restore").write_text(
        f"""#!/bin/sh
case "$*" in *--list*) exec {postgres_binaries()}/pg_restore "$@";; esac
{postgres_binaries()}/pg_restore "$@" | head -c {killed_after}
kill -9 $PPID
"""
    )
    (folder / "pg_restore").chmod(0o755)
    status = run_in_production(
        database,
        "backup",
        "restore",
        str(dump),
        "--replace",
        name_of(database),
        PORTAL_POSTGRES_BIN=str(folder),
    ).returncode
    assert status == -signal.SIGKILL
    wait_until_alone(database)
    assert execute(database, LEDGERS) == before


@pytest.mark.slow
def test_production_backs_up_verifies_and_restores(dump: Path, database: str, tmp_path: Path) -> None:
    path = str(tmp_path / "production.dump")
    for arguments in (["create", path], ["verify", path], ["restore", path, "--replace", name_of(database)]):
        result = run_in_production(database, "backup", *arguments)
        assert result.returncode == 0, result.stdout + result.stderr


def test_password_is_in_no_command_line() -> None:
    target, environment = programs.connection_arguments(
        "postgresql://portal:s3cret%40@db.example:6543/shop?sslmode=require"
    )
    assert "s3cret" not in target
    assert environment["PGPASSWORD"] == "s3cret@"
    assert {"host=db.example", "port=6543", "dbname=shop", "sslmode=require"} <= set(target.split())


def test_programs_fit_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = []
    for major in (13, 16, 19):
        folder = tmp_path / str(major)
        folder.mkdir()
        for name in ("pg_dump", "pg_restore", "psql"):
            (folder / name).write_text(
                f"#!/bin/sh\necho '{name} (PostgreSQL) {major}.2 (Debian {major}.2-1)'\n"
            )
            (folder / name).chmod(0o755)
        folders.append(folder)
    (tmp_path / "none").mkdir()
    monkeypatch.setattr(programs, "_folders", lambda: iter([tmp_path / "none", *reversed(folders)]))
    assert [programs.find_programs(major).folder for major in (13, 14, 16, 17)] == [
        folders[0], folders[1], folders[1], folders[2],
    ]  # fmt: skip
    with pytest.raises(BackupUnusable, match="postgresql-client-20"):
        programs.find_programs(20)


def run_in_production(database: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        env={**clean_environment(), **production_settings("https://localhost", database), **environment},
    )  # fmt: skip
