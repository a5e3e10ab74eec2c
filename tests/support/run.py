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

from portal.dev import stop_chain, stop_postgres

_VARIABLE = "PORTAL_TEST_RUN"
_PREFIX = "portal-tests-"
_MEMORY = Path("/dev/shm")
_ROOM = 4 * 1024**3


def open_run(*, in_memory: bool = False) -> None:
    """Make the run's folder in the process that starts the workers; they inherit its name.

    `in_memory` asks for a file system in memory where it has room. A clone of the template is 700 small files, and
    ext4 is ten times as slow to make them while it keeps from reusing those that the test before has just removed.
    """
    _clear_killed_runs()
    parent = _MEMORY if in_memory and _has_room(_MEMORY) else None
    os.environ[_VARIABLE] = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent)


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


def _has_room(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= _ROOM


def _clear_killed_runs() -> None:
    places = [Path(tempfile.gettempdir()), _MEMORY]
    for folder in (folder for place in places for folder in place.glob(f"{_PREFIX}*")):
        owner = re.match(rf"{_PREFIX}(\d+)-", folder.name)
        if owner and not Path(f"/proc/{owner[1]}").exists() and os.access(folder, os.W_OK):
            _remove(folder)


def _remove(folder: Path) -> None:
    for server in folder.glob("*/"):
        stop_chain(server)
        stop_postgres(server)
    shutil.rmtree(folder, ignore_errors=True)
