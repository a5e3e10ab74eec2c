"""The embedded PostgreSQL in real processes: start, adoption, crash, stop and errors."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from portal.dev import LocalRuntimeError, postgres_is_running, start_postgres, stop_postgres
from portal.dev.folder import DataFolderUnusable
from portal.dev.postgres import postgres_binaries
from portal.dev.privileges import server_owner
from portal.dev.processes import process_command, start_mark
from tests.support.databases import execute


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Yield a data folder inside one that only this user can enter, as in a checkout under /root."""
    yield tmp_path / "data"
    stop_postgres(tmp_path / "data")


def _pid(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


def _kill(folder: Path) -> None:
    pid = _pid(folder)
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while start_mark(pid) and time.monotonic() < deadline:
        time.sleep(0.01)


def _write_row(url: str) -> None:
    execute(url, "CREATE TABLE notes (note text)")
    execute(url, "INSERT INTO notes VALUES ('here')")


def test_second_start_adopts_the_running_server(folder: Path) -> None:
    url = start_postgres(folder)
    pid = _pid(folder)

    assert start_postgres(folder) == url
    assert _pid(folder) == pid
    assert postgres_is_running(folder)


def test_data_and_port_survive_a_normal_stop(folder: Path) -> None:
    url = start_postgres(folder)
    _write_row(url)

    stop_postgres(folder)

    assert not postgres_is_running(folder)
    assert start_postgres(folder) == url
    assert execute(url, "SELECT note FROM notes") == [("here",)]


def test_every_commit_survives_a_killed_server(folder: Path) -> None:
    url = start_postgres(folder)
    _write_row(url)
    open_session = psycopg2.connect(url)

    _kill(folder)

    assert not postgres_is_running(folder)
    assert start_postgres(folder) == url
    assert execute(url, "SELECT note FROM notes") == [("here",)]
    open_session.close()


def test_durability_settings_are_on(folder: Path) -> None:
    url = start_postgres(folder)

    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert execute(url, f"SHOW {setting}") == [("on",)]


def test_stale_pid_file_does_not_prevent_the_start(folder: Path) -> None:
    url = start_postgres(folder)
    _write_row(url)
    pid_file = folder / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    _kill(folder)
    owner = server_owner()
    # Run as the server's user, since PostgreSQL ignores processes of other users.
    unrelated = subprocess.Popen(["sleep", "60"], user=owner.pw_uid if owner else None)
    try:
        pid_file.write_text("\n".join([str(unrelated.pid), *lines[1:]]) + "\n")

        assert not postgres_is_running(folder)
        assert start_postgres(folder) == url
        assert execute(url, "SELECT note FROM notes") == [("here",)]
        stop_postgres(folder)
        assert unrelated.poll() is None
    finally:
        unrelated.kill()
        unrelated.wait()


def test_port_in_use_is_avoided(folder: Path) -> None:
    first = start_postgres(folder)
    stop_postgres(folder)
    port = json.loads((folder / "postgres.json").read_text())["port"]
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()

        second = start_postgres(folder)

    assert second != first
    assert execute(second, "SELECT 1") == [(1,)]


def test_server_has_its_own_session_and_is_not_root(folder: Path) -> None:
    start_postgres(folder)

    assert os.getsid(_pid(folder)) != os.getsid(0)
    if os.geteuid() == 0:
        assert Path(f"/proc/{_pid(folder)}").stat().st_uid != 0


def test_only_the_portal_role_can_connect(folder: Path) -> None:
    url = start_postgres(folder)
    password = url.split(":")[2].partition("@")[0]

    assert stat.S_IMODE((folder / "postgres.json").stat().st_mode) == 0o600
    assert password not in process_command(_pid(folder))
    assert execute(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]
    for wrong in (url.replace(password, "guess"), url.replace("//portal:", "//postgres:")):
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(wrong)


def test_lost_password_file_gives_a_new_password_and_keeps_the_data(folder: Path) -> None:
    url = start_postgres(folder)
    _write_row(url)
    (folder / "postgres.json").unlink()

    new_url = start_postgres(folder)

    assert new_url.split("@")[0] != url.split("@")[0]
    assert execute(new_url, "SELECT note FROM notes") == [("here",)]


def test_no_folder_mode_is_changed(folder: Path) -> None:
    folder.parent.chmod(0o700)

    start_postgres(folder)

    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_programs_in_an_inaccessible_folder_can_run_a_cluster(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The programs of a checkout that only root can enter are inaccessible to the server's user."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    installed = postgres_binaries().parent
    package = installed.parent
    shutil.copytree(installed, closed / package.name / installed.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, closed / libraries.name)
    monkeypatch.setenv("PORTAL_POSTGRES_BIN", str(closed / package.name / installed.name / "bin"))
    assert execute(start_postgres(folder), "SELECT 1") == [(1,)]


def test_interrupted_first_start_is_repeated(folder: Path) -> None:
    partial = folder / "postgres.new" / "base"
    partial.mkdir(parents=True)
    (partial.parent / "PG_VERSION").write_text("18\n")

    assert execute(start_postgres(folder), "SELECT 1") == [(1,)]


def test_cluster_of_another_version_is_refused_with_one_sentence(folder: Path) -> None:
    start_postgres(folder)
    stop_postgres(folder)
    (folder / "postgres" / "PG_VERSION").write_text("9\n")

    with pytest.raises(LocalRuntimeError, match=r"created by PostgreSQL 9 and this is 18: .*--data-dir\.$"):
        start_postgres(folder)


def test_unusable_folder_is_reported_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DataFolderUnusable, match=r"file/data cannot be read and written: not a directory\.$"):
        start_postgres(tmp_path / "file" / "data")


def test_stop_without_server_does_nothing(tmp_path: Path) -> None:
    stop_postgres(tmp_path / "never")
    assert not postgres_is_running(tmp_path / "never")
