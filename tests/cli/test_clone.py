"""`flask clone init`: a folder for another deployment, independent of this one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from portal.settings import Settings
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_user
from tests.support.databases import execute, named

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def empty_database(database: str) -> Iterator[str]:
    """Yield the URL of a database without tables."""
    url, server = named(database, f"clone_{os.getpid()}"), named(database, "portal")
    execute(server, f"CREATE DATABASE clone_{os.getpid()}")
    yield url
    execute(server, f"DROP DATABASE clone_{os.getpid()} WITH (FORCE)")


def read(folder: Path, **values: object) -> Settings:
    return Settings(_env_file=folder / ".env", **values)


def test_clone_is_complete(
    make_portal: MakePortal, empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    folder = tmp_path / "clones" / "tea"
    result = invoke(
        make_portal(), "clone", "init", str(folder), "--database-url", empty_database,
        "--name", "Tea & 'Honey' $HOME \\", "--color", "#aa2200", "--accent-color", "#0055aa", "--token-symbol", "TEA",
        "--app-url", "https://tea.example",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    settings = read(folder, portal_env="development")
    assert (settings.brand_name, settings.brand_color) == ("Tea & 'Honey' $HOME \\", "#aa2200")
    assert settings.brand_accent_color == "#0055aa"
    assert (settings.brand_token_symbol, settings.app_url) == ("TEA", "https://tea.example")
    assert settings.database_url == empty_database
    assert len(settings.secret_key.get_secret_value()) >= 32
    assert len(settings.cron_secret.get_secret_value()) >= 32
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    assert "PORTAL_ENV='production'" in (folder / ".env").read_text()
    assert execute(empty_database, "SELECT count(*) FROM users") == [(0,)]
    assert (folder / "CHECKLIST.md").read_text() in result.output
    # Production requires the merchant account, which has no default.
    with pytest.raises(ValidationError, match="WAYFORPAY"):
        read(folder)


def test_checklist_ticks_completed_items(
    make_portal: MakePortal, empty_database: str, tmp_path: Path
) -> None:
    arguments = ("clone", "init", str(tmp_path / "c"), "--database-url", empty_database, "--name", "Tea")
    assert invoke(make_portal(), *arguments).exit_code == 0
    text = (tmp_path / "c" / "CHECKLIST.md").read_text()
    assert re.search(r"- \[x\] `DATABASE_URL`", text)
    assert re.search(r"- \[x\] `BRAND_NAME`", text)
    assert re.search(r"- \[ \] `APP_URL`", text)
    assert re.search(r"- \[ \] `WAYFORPAY_MERCHANT_ACCOUNT`", text)
    with (tmp_path / "c" / ".env").open("a") as file:
        file.write(
            "APP_URL=https://tea.example\nWAYFORPAY_MERCHANT_ACCOUNT=tea\nWAYFORPAY_SECRET_KEY=the-secret-of-the-tea-store\n"
        )
    assert invoke(make_portal(), *arguments).exit_code == 0
    text = (tmp_path / "c" / "CHECKLIST.md").read_text()
    assert re.search(r"- \[x\] `APP_URL`", text)
    assert re.search(r"- \[x\] `WAYFORPAY_MERCHANT_ACCOUNT`.* set `CARD_PAYMENTS=false`", text)
    with (tmp_path / "c" / ".env").open("a") as file:
        file.write("CARD_PAYMENTS=false\n")
    assert invoke(make_portal(), *arguments).exit_code == 0
    text = (tmp_path / "c" / "CHECKLIST.md").read_text()
    assert re.search(r"- \[x\] `CARD_PAYMENTS=false`", text)
    assert "WAYFORPAY" not in text


def test_second_run_keeps_the_secrets(make_portal: MakePortal, tmp_path: Path) -> None:
    make_user()
    secret_keys = set()
    for _ in range(2):
        result = invoke(make_portal(), "clone", "init", str(tmp_path / "c"), "--name", "Tea")
        assert result.exit_code == 0, result.output
        assert "DATABASE_URL is in use by a portal" in result.output
        secret_keys.add(read(tmp_path / "c", portal_env="development").secret_key.get_secret_value())
    assert len(secret_keys) == 1
    assert "unchanged" in result.output


def test_unused_database_of_the_environment_is_used(
    make_portal: MakePortal, empty_database: str, tmp_path: Path
) -> None:
    result = invoke(make_portal(database_url=empty_database), "clone", "init", str(tmp_path / "c"))
    assert result.exit_code == 0, result.output
    assert read(tmp_path / "c", portal_env="development").database_url == empty_database
    assert execute(empty_database, "SELECT count(*) FROM users") == [(0,)]


def test_database_of_another_portal_is_refused(
    make_portal: MakePortal, database: str, tmp_path: Path
) -> None:
    make_user()
    result = invoke(make_portal(), "clone", "init", str(tmp_path / "c"), "--database-url", database)
    assert result.exit_code == 1
    assert "has a portal with 1 accounts" in result.output
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--color", "red", "BRAND_COLOR"),
        ("--token-symbol", "TOO LONG SYMBOL", "BRAND_TOKEN_SYMBOL"),
        ("--app-url", "tea.example", "APP_URL"),
        ("--database-url", "postgresql://nobody:x@127.0.0.1:1/none", "cannot be reached"),
    ],
)
def test_malformed_value_is_named_and_nothing_is_written(
    make_portal: MakePortal, tmp_path: Path, option: str, value: str, expected: str
) -> None:
    result = invoke(make_portal(), "clone", "init", str(tmp_path / "c"), option, value)
    assert result.exit_code == 1
    assert expected in result.output
    assert not (tmp_path / "c").exists()


def test_place_that_cannot_be_written_is_named(make_portal: MakePortal) -> None:
    result = invoke(make_portal(), "clone", "init", "/proc/new", "--app-url", "https://tea.example")
    assert result.exit_code == 1
    assert re.search(r"Error: /proc/new\S* cannot be written: .+", result.output)


def test_doctor_finds_only_the_portal_missing_on_a_configured_clone(
    make_portal: MakePortal, empty_database: str, tmp_path: Path
) -> None:
    folder = tmp_path / "c"
    invoke(make_portal(), "clone", "init", str(folder), "--database-url", empty_database,
           "--app-url", "https://tea.example")  # fmt: skip
    with (folder / ".env").open("a") as file:
        file.write("WAYFORPAY_MERCHANT_ACCOUNT=tea\nWAYFORPAY_SECRET_KEY=the-secret-of-the-tea-store\n")
    clean = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    completed = subprocess.run(
        [sys.executable, "-m", "flask", "--app", str(PROJECT / "wsgi.py"), "doctor"],
        cwd=folder, env=clean, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    # Only the portal is not running yet.
    assert completed.returncode == 1, completed.stdout + completed.stderr
    assert "portal       does not answer" in completed.stdout
    assert "chain        not_configured" in completed.stdout
    for text in ("database     ok", "migrations   ok", "invariants   ok"):
        assert text in completed.stdout
