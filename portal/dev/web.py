"""The web processes of a development portal: granian's main process forked from the command, its workers from it.

They are forked instead of executed: modules are imported once, which halves the start-up time and shares memory. They
stay in the process group of the command and end when their parent process ends.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from portal.dev.processes import LOOPBACK, last_lines

WORKERS = 2
THREADS = 8
_STOP_SECONDS = 15
# Set by Flask's command line; the application of a web process does not belong to a command.
_COMMAND_MARK = "FLASK_RUN_FROM_CLI"


class WebServer:
    """granian serving one application factory on a loopback port; its output goes to a log file."""

    def __init__(
        self, factory: str, port: int, log: Path, environment: Mapping[str, str], lock: IO[str]
    ) -> None:
        """Prepare a server; `lock` is the lock of the data folder, which the web processes must not hold."""
        self.port = port
        self.log = log
        arguments = (factory, port, log, environment, lock)
        self._process = multiprocessing.get_context("fork").Process(target=_serve, args=arguments)

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._process.start()

    def wait_until_ready(self, seconds: float = 60) -> bool:
        """Return True once /healthz answers, False if the server ended or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._process.is_alive():
            if _answers(f"http://{LOOPBACK}:{self.port}/healthz"):
                return True
            time.sleep(0.02)
        return False

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def wait(self, seconds: float) -> None:
        """Wait at most `seconds` for the server to end."""
        self._process.join(seconds)

    def stop(self) -> None:
        """Stop the server after its running requests; do nothing if it is not running."""
        if self._process.pid is None:
            return
        self._process.terminate()
        self._process.join(_STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def log_tail(self) -> str:
        """Return the last lines of the server's log."""
        return last_lines(self.log, 15)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _serve(factory: str, port: int, log: Path, environment: Mapping[str, str], lock: IO[str]) -> None:
    lock.close()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    # Ctrl-C reaches the whole group, and a worker that gets two signals at once does not end: only the command signals.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.environ.update(environment)
    os.environ.pop(_COMMAND_MARK, None)
    _redirect_output(log)
    multiprocessing.set_start_method("fork", force=True)
    gc.freeze()
    server = _server(factory, port)
    # A closed terminal ends the command, which ends this process; granian would reload on SIGHUP.
    server.on_startup(lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    server.on_startup(_end_with_parent)
    server.serve(target_loader=_load, wrap_loader=True)


def _server(factory: str, port: int) -> Any:
    return Server(
        factory,
        address=LOOPBACK,
        port=port,
        interface=Interfaces.WSGI,
        workers=WORKERS,
        blocking_threads=THREADS,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    )


def _load(factory: str) -> Callable[..., Any]:
    """Create the application in a worker from a "module:function" name."""
    _end_with_parent()
    module, _, name = factory.partition(":")
    __import__(module)
    application: Callable[..., Any] = getattr(sys.modules[module], name)()
    return application


def _end_with_parent() -> None:
    """Stop this process when its parent ends, so that nothing keeps the port."""
    threading.Thread(target=_wait_for_parent, name="end-with-parent", daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_STOP_SECONDS)
        os._exit(1)


def _redirect_output(log: Path) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    with log.open("ab") as output, open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
