"""A command in a bare copy leaves no database behind that it started, and adopts one that runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from portal.app import create_app
from portal.dev import postgres_is_running, start_postgres, stop_postgres
from portal.settings import Settings
from tests.cli.conftest import invoke

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    stop_postgres(tmp_path / "data")


def run(folder: Path, *arguments: str) -> Result:
    app = create_app(Settings(_env_file=None, portal_data_dir=folder, app_url="http://127.0.0.1:1"))
    return invoke(app, *arguments)


def test_a_command_stops_the_database_that_it_started(folder: Path) -> None:
    assert run(folder, "db", "migrate").exit_code == 0
    assert not postgres_is_running(folder)
    assert run(folder, "user", "create", "admin@demo.example", "--admin").exit_code == 0
    assert run(folder, "user", "credit", "nobody@demo.example", "1", "UAH", "--reason", "x").exit_code == 1
    assert not postgres_is_running(folder)


def test_a_command_leaves_a_running_database_alone(folder: Path) -> None:
    start_postgres(folder)
    assert run(folder, "db", "migrate").exit_code == 0
    assert postgres_is_running(folder)


def test_doctor_starts_nothing(folder: Path) -> None:
    result = run(folder, "doctor")
    assert result.exit_code == 1
    assert "database     not running" in result.output
    assert not folder.exists()
