"""One folder a test run, shared by its xdist workers: servers in it are started by whoever needs them first.

The folder's name holds the pid of the run, so a later run clears what a killed one left behind.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.local import stop_chain, stop_postgres

_VARIABLE = "PORTAL_TEST_RUN"
_PREFIX = "portal-tests-"


def open_run() -> None:
    """Make the run's folder in the process that starts the workers; they inherit its name."""
    _clear_killed_runs()
    os.environ[_VARIABLE] = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")


def close_run() -> None:
    """Stop every server of the run and remove its folder."""
    _remove(run_folder())
    del os.environ[_VARIABLE]


def run_folder() -> Path:
    return Path(os.environ[_VARIABLE])


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Hold a lock that all workers of the run share."""
    with (run_folder() / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _clear_killed_runs() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = re.match(rf"{_PREFIX}(\d+)-", folder.name)
        if owner and not Path(f"/proc/{owner[1]}").exists() and os.access(folder, os.W_OK):
            _remove(folder)


def _remove(folder: Path) -> None:
    for server in folder.glob("*/"):
        stop_chain(server)
        stop_postgres(server)
    shutil.rmtree(folder, ignore_errors=True)
