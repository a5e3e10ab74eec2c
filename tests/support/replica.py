"""A PostgreSQL server with a streaming replica whose lag a test decides."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.db.migrations import migrate
from portal.dev import start_postgres, stop_postgres
from portal.dev.postgres import ROLE, Cluster, _run_single_user
from tests.support.databases import execute
from tests.support.load import wait_until

_POSITION = "SELECT pg_current_wal_flush_lsn()"
_HAS_APPLIED = "SELECT pg_last_wal_replay_lsn() >= '{}'"


@dataclass
class Replicated:
    """The URLs of both servers."""

    primary: str
    replica: str
    _replica_folder: Path

    def catch_up(self) -> None:
        """Wait until the replica has applied everything."""
        position = execute(self.primary, _POSITION)[0][0]
        wait_until(lambda: execute(self.replica, _HAS_APPLIED.format(position)) == [(True,)])

    def delay(self, seconds: int) -> None:
        """Let the replica apply transactions that many seconds after their commit."""
        files = Cluster(self._replica_folder).files
        with (files / "postgresql.conf").open("a") as settings:
            settings.write(f"recovery_min_apply_delay = {seconds}s\n")
        os.kill(int((files / "postmaster.pid").read_text().split()[0]), signal.SIGHUP)
        wait_until(lambda: execute(self.replica, "SHOW recovery_min_apply_delay") == [(_shown(seconds),)])

    def stop_replica(self) -> None:
        stop_postgres(self._replica_folder)


@contextmanager
def replicated(folder: Path) -> Iterator[Replicated]:
    """Run a migrated server and its replica for the block."""
    first, second = folder / "primary", folder / "replica"
    try:
        migrate(start_postgres(first))
        stop_postgres(first)
        files = Cluster(first).files
        _run_single_user(files, f"ALTER ROLE {ROLE} REPLICATION")
        with (files / "pg_hba.conf").open("a") as access:
            access.write(f"host replication {ROLE} 127.0.0.1/32 scram-sha-256\n")
        subprocess.run(["cp", "-a", str(first), str(second)], check=True)
        primary = start_postgres(first)
        copy = Cluster(second).files
        (copy / "standby.signal").touch()
        with (copy / "postgresql.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{primary}'\nwal_receiver_status_interval = 1s\n")
        yield Replicated(primary, start_postgres(second), second)
    finally:
        stop_postgres(second)
        stop_postgres(first)


def _shown(seconds: int) -> str:
    return f"{seconds // 3600}h" if seconds and seconds % 3600 == 0 else str(seconds)
