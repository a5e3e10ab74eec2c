"""Running portals: `flask dev` in its own process group, as `make run` starts it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.dev import stop_chain, stop_postgres
from portal.dev.processes import pick_port
from portal.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
# Tests sign in and register far more often than users do.
_LIMITS = ("BEACON", "SIGN_UP", "SIGN_IN", "ORDERS", "PAYMENTS", "ACCOUNT", "EXPORTS", "PROOF")
_GENEROUS = {f"RATE_LIMIT_{name}": "100000 per minute" for name in _LIMITS}


@dataclass
class RunningPortal:
    """A `flask dev` process and the contents of its dev.json."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    log: Path
    description: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.description["url"])

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 60) -> int:
        """Send a signal to the command only, as a service manager does, and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def kill_group(self) -> None:
        """Kill the command and everything in its process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def clear(self) -> None:
        """Stop everything, in whatever state the portal is."""
        self.kill_group()
        stop_chain(self.data_dir)
        stop_postgres(self.data_dir)


def start_portal(
    data_dir: Path, *, port: int | None = None, seconds: float = 120, **environment: str
) -> RunningPortal:
    """Start a portal and wait until it is ready; raise AssertionError with its output when it fails."""
    description = data_dir / "dev.json"
    earlier = _version(description)
    process, log = launch_portal(data_dir, port=port, **environment)
    deadline = time.monotonic() + seconds
    while _version(description) in (None, earlier):
        if process.poll() is not None or time.monotonic() > deadline:
            text = log.read_text()
            RunningPortal(process, data_dir, log, {}).clear()
            raise AssertionError(f"The portal did not start:\n{text}")
        time.sleep(0.05)
    return RunningPortal(process, data_dir, log, json.loads(description.read_text()))


def launch_portal(
    data_dir: Path, *, port: int | None = None, demo: str = "--no-history", **environment: str
) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a portal and return at once; its output goes to a file next to the data folder.

    `demo` is the option that says how much demo data it has.
    """
    log = data_dir.parent / f"{data_dir.name}.output"
    arguments = ["--port", str(port or pick_port()), "--data-dir", str(data_dir), demo]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.dev", *arguments],
            cwd=PROJECT,
            env={**clean_environment(), **_GENEROUS, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return process, log


def _version(description: Path) -> tuple[int, int] | None:
    """Return what tells a file from one written later, None when it is missing; a killed portal leaves its own."""
    try:
        status = description.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def clean_environment() -> dict[str, str]:
    """Return the environment without any setting of the portal."""
    names = {name.upper() for name in Settings.model_fields}
    return {name: value for name, value in os.environ.items() if name not in names}
