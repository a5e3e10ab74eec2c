"""The job that prepares exports in its own process, which is killed with SIGKILL in the middle of a piece."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

from portal.app import create_app
from portal.db import Actor, connection
from portal.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]


def prepare_and_die(database_url: str, statement: str, times: int) -> None:
    """Run the job until it is about to send a statement that begins like this for the given time, and kill it there."""
    command = [sys.executable, "-m", "tests.support.killed_exports", database_url, statement, str(times)]
    done = subprocess.run(command, cwd=ROOT, timeout=60, check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


class _Killer(logging.Handler):
    def __init__(self, statement: str, times: int) -> None:
        super().__init__(logging.DEBUG)
        self._statement, self._left = statement, times

    def emit(self, record: logging.LogRecord) -> None:
        self._left -= str(record.msg).startswith(f"('{self._statement}")
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


def _main(database_url: str, statement: str, times: str) -> None:
    app = create_app(load_settings(_env_file=None, database_url=database_url))
    logger = logging.getLogger("peewee")
    logger.addHandler(_Killer(statement, int(times)))
    logger.setLevel(logging.DEBUG)
    with connection():
        app.extensions["portal"].prepare_exports(Actor.job("prepare_exports"), lambda: False)


if __name__ == "__main__":
    _main(*sys.argv[1:])
