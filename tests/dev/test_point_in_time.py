"""WAL archiving and a restore to a point in time, with the commands of docs/operations.md on a server of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.db.checks import run_checks_on
from portal.db.migrations import migrate
from portal.dev import start_postgres, stop_postgres
from portal.dev.postgres import ROLE, Cluster, _run_single_user, postgres_binaries
from portal.dev.privileges import server_owner
from tests.support.databases import execute


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[tuple[Path, Path, Path]]:
    """Yield the data folders of the lost and the restored server, and the archive of WAL files."""
    archive = tmp_path / "archive"
    archive.mkdir()
    own(archive)
    yield tmp_path / "lost", tmp_path / "restored", archive
    for name in ("lost", "restored"):
        stop_postgres(tmp_path / name)


def own(folder: Path) -> None:
    """Give a folder to the user that the server runs as."""
    if owner := server_owner():
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)


def start_archiving(folder: Path, archive: Path) -> str:
    start_postgres(folder)
    stop_postgres(folder)
    files = Cluster(folder).files
    _run_single_user(files, f"ALTER ROLE {ROLE} REPLICATION")
    with (files / "pg_hba.conf").open("a") as access:
        access.write(f"host replication {ROLE} 127.0.0.1/32 scram-sha-256\n")
    command = f"test ! -f {archive}/%f && cp %p {archive}/%f"
    return start_postgres(folder, settings={"archive_mode": "on", "archive_command": command})


def wait_until_promoted(url: str) -> None:
    deadline = time.monotonic() + 60
    while execute(url, "SELECT pg_is_in_recovery()") != [(False,)]:
        assert time.monotonic() < deadline, "the restored server is still in recovery"
        time.sleep(0.1)


def test_database_is_restored_to_the_moment_before_a_mistake(folders: tuple[Path, Path, Path]) -> None:
    lost, restored, archive = folders
    url = start_archiving(lost, archive)
    migrate(url)
    execute(url, "INSERT INTO users (name) VALUES ('Before the base backup')")
    base = restored / "postgres"
    restored.mkdir()
    subprocess.run(
        [str(postgres_binaries() / "pg_basebackup"), f"--dbname={url}", "-D", str(base), "--checkpoint=fast"],
        check=True,
    )
    execute(url, "INSERT INTO users (name) VALUES ('After the base backup')")
    ((moment,),) = execute(url, "SELECT clock_timestamp()::text")
    execute(url, "DELETE FROM users")
    # A clean stop archives the last file; a lost server loses what its last file had, at most `archive_timeout`.
    stop_postgres(lost)
    shutil.copy(Cluster(lost).access, Cluster(restored).access)
    (base / "recovery.signal").touch()
    own(restored)
    recovered = start_postgres(
        restored,
        settings={
            "restore_command": f"cp {archive}/%f %p",
            "recovery_target_time": str(moment),
            "recovery_target_action": "promote",
        },
    )
    wait_until_promoted(recovered)
    names = execute(recovered, "SELECT name FROM users ORDER BY id")
    assert names == [("Before the base backup",), ("After the base backup",)]
    assert run_checks_on(recovered) == {}
    execute(recovered, "INSERT INTO users (name) VALUES ('Goes on')")
