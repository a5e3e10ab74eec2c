"""One folder per test run for its servers and files, shared by the xdist workers.

The first worker that needs a server starts it. The name of the folder contains the pid of the run, so a later run
removes what a killed run left behind.
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
_SPACE_BYTES = 4 * 1024**3


def open_run(*, in_memory: bool = False) -> None:
    """Create the folder of the run in the process that starts the workers; they inherit its name.

    `in_memory` prefers a file system in memory if it has enough space, for `tmp_path` too: a clone of the template has
    700 small files, and ext4 takes ten times as long to create them.
    """
    _clear_killed_runs()
    parent = _MEMORY if in_memory and _has_space(_MEMORY) else None
    if parent:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(parent))
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


def _has_space(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= _SPACE_BYTES


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
