"""Server processes that survive the portal, identified by pid and start time so that a reused pid is recognised."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from portal.dev.folder import read_json, write_json
from portal.lib.errors import PortalError

LOOPBACK = "127.0.0.1"
_RELEASE_SECONDS = 1.0
_LOG_LIMIT_BYTES = 10_000_000
# Below the range of ports for outgoing connections, so that a server finds its port free again.
_PORTS = range(20_000, 32_000)


class LocalRuntimeError(PortalError):
    """A local server cannot start or stop; the message is one sentence for the developer."""

    code = "local_runtime"


@dataclass(frozen=True)
class ProcessRecord:
    """A server that was started: its pid, its start mark and its port."""

    pid: int
    started: str
    port: int


def spawn_server(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a server in its own session, so that no signal to the process group of the portal reaches it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".old.log"))
    with log.open("ab") as output:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environment) if environment is not None else None,
            start_new_session=True,
        )


def wait_until_ready(process: subprocess.Popen[bytes], is_ready: Callable[[], bool], seconds: float) -> bool:
    """Return True once `is_ready()`, False if the process ended or the time is over.

    An exception meanwhile, such as the signal that stops the portal, also ends the process.
    """
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline and process.poll() is None:
            if is_ready():
                # The server survives this process and is identified by its pid: Popen must not warn about it.
                process.returncode = 0
                return True
            time.sleep(0.01)
    except BaseException:
        process.terminate()
        process.wait(10)
        raise
    return False


def start_mark(pid: int) -> str | None:
    """Return a text that differs between processes with the same pid, None if no process has it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _start_mark_from_ps(pid)
    return None if fields[0] in "ZX" else fields[19]


def _start_mark_from_ps(pid: int) -> str | None:
    state, _, started = _ps(pid, "stat=,lstart=").partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


def process_command(pid: int) -> str:
    """Return the command line of a process, "" if there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return "" if Path("/proc/self/stat").exists() else _ps(pid, "command=")


def _ps(pid: int, columns: str) -> str:
    command = ["ps", "-o", columns, "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def record_process(path: Path, pid: int, port: int) -> ProcessRecord:
    """Record a started server, so that a later process can find it."""
    record = ProcessRecord(pid, start_mark(pid) or "", port)
    write_json(path, asdict(record))
    return record


def read_record(path: Path) -> ProcessRecord | None:
    """Return the last record of a server, running or not."""
    try:
        return ProcessRecord(**read_json(path))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return None


def find_running(path: Path) -> ProcessRecord | None:
    """Return the record of a running server; None if it ended, even if another process has its pid now."""
    record = read_record(path)
    return record if record and start_mark(record.pid) == record.started else None


def end_process(
    pid: int, first: signal.Signals, seconds: float, last: signal.Signals = signal.SIGKILL
) -> None:
    """Signal a process and wait for its end, with the last signal after `seconds`. Raises LocalRuntimeError."""
    for number in (first, last):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if _wait_for_end(pid, seconds):
            return
    raise LocalRuntimeError(f"Process {pid} does not stop.")


def _wait_for_end(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while start_mark(pid) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return True


def is_port_free(port: int) -> bool:
    """Return whether a loopback port is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def pick_port(preferred: int | None = None) -> int:
    """Return the preferred loopback port if it is free within a second, else another free one."""
    if preferred and _becomes_free(preferred):
        return preferred
    for port in random.sample(_PORTS, 200):
        if is_port_free(port):
            return port
    raise LocalRuntimeError("No free port was found on 127.0.0.1.")


def _becomes_free(port: int) -> bool:
    """Wait a moment for the kernel to release the port of a killed server; return whether it is free."""
    deadline = time.monotonic() + _RELEASE_SECONDS
    while not is_port_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def last_lines(log: Path, count: int = 1, *, containing: str = "") -> str:
    """Return the last lines of a log, or the last lines that contain a text."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-200:]
    except OSError:
        return ""
    chosen = [line for line in lines if line.strip() and containing in line]
    return "\n".join(chosen[-count:])
