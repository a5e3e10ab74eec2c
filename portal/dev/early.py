"""Servers of a data folder that start while the modules of the command `dev` are loaded."""

from __future__ import annotations

import argparse
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Self

from portal.dev.anvil import start_chain, stop_chain
from portal.dev.folder import lock_folder, prepare_folder
from portal.dev.postgres import start_postgres, stop_postgres
from portal.dev.processes import is_port_free
from portal.lib.errors import PortalError

DEFAULT_PORT, DEFAULT_FOLDER = 8000, ".data"


class EarlyServers:
    """Hold the lock of the data folder and start its database and chain, unless the command would refuse to run.

    What fails here fails again in the command, which then says why. At the end of the block the servers stop.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        """Read the options of the command that matter here."""
        parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        parser.add_argument("--port", default=str(DEFAULT_PORT))
        parser.add_argument("--data-dir", default=DEFAULT_FOLDER)
        options, others = parser.parse_known_args(arguments)
        self.lock: IO[str] | None = None
        self._folder = Path(options.data_dir)
        self._is_wanted = "--help" not in others and _can_listen(options.port)
        self._threads: list[threading.Thread] = []
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        if self._is_wanted and os.environ.get("PORTAL_ENV") != "production":
            with suppress(PortalError):
                self._folder = prepare_folder(self._folder)
                self.lock = self._cleanup.enter_context(lock_folder(self._folder))
        if self.lock:
            self._begin("DATABASE_URL", start_postgres, stop_postgres)
            self._begin("POLYGON_RPC_URL", start_chain, stop_chain)
        return self

    def __exit__(self, *_error: object) -> None:
        self.wait()
        self._cleanup.close()

    def wait(self) -> None:
        """Wait until the servers run or have failed."""
        for thread in self._threads:
            thread.join()

    def _begin(self, setting: str, start: Callable[[Path], str], stop: Callable[[Path], None]) -> None:
        """Start a server unless the environment names another one."""
        if os.environ.get(setting):
            return

        def run() -> None:
            with suppress(PortalError):
                start(self._folder)

        self._cleanup.callback(stop, self._folder)
        self._threads.append(threading.Thread(target=run, name=start.__name__))
        self._threads[-1].start()


def _can_listen(port: str) -> bool:
    return port.isdecimal() and 0 < int(port) < 2**16 and is_port_free(int(port))
