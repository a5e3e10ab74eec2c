"""The server of a development portal: the supervisor forked from the command, and its workers from the supervisor.

They are forked instead of executed: modules are imported and the application is built once, and share their memory.
They stay in the process group of the command and end when the command ends.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import IO, Any

from portal.logs import configure_logging
from portal.serving.listener import CannotListen, open_listener
from portal.serving.supervisor import STOP_SECONDS, Supervisor
from portal.serving.worker import call_factory, load_undisturbed, run_worker

WORKERS = 2
THREADS = 8
_HOST = "127.0.0.1"
_MARGIN_SECONDS = 3
# Set by Flask's command line; the application of a web process does not belong to a command.
_COMMAND_MARK = "FLASK_RUN_FROM_CLI"
_fork = multiprocessing.get_context("fork")


class WebServer:
    """Load one application, and serve it on a loopback port once its data is ready; the output goes to a log file.

    `factory` is "module:function": it builds the application and returns how each forked worker begins to serve it.
    """

    def __init__(
        self, factory: str, port: int, log: Path, environment: Mapping[str, str], lock: IO[str]
    ) -> None:
        """Prepare a server; `lock` is the lock of the data folder, which the web processes must not hold."""
        self.port = port
        self.log = log
        self._go = os.pipe()
        arguments = (factory, port, log, environment, lock, self._go)
        self._process = _fork.Process(target=_serve, args=arguments)

    def load(self) -> None:
        """Start to build the application, which connects to nothing."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._process.start()
        os.close(self._go[0])

    def serve(self) -> None:
        """Start the workers as soon as the application is built."""
        with suppress(BrokenPipeError):  # it has ended: `wait_until_ready` says so
            os.write(self._go[1], b"1")
        os.close(self._go[1])

    def wait_until_ready(self, seconds: float = 60) -> bool:
        """Return True once /healthz answers, False if the server ended or the time is over."""
        for _ in range(int(seconds * 50)):
            if not self._process.is_alive():
                return False
            if _answers(f"http://{_HOST}:{self.port}/healthz"):
                return True
            self._process.join(0.02)
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
        self._process.join(STOP_SECONDS + _MARGIN_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


class _Forked:
    """A forked process as the supervisor knows processes."""

    def __init__(self, process: ForkProcess) -> None:
        self._process = process
        self.pid = process.pid or 0

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired([], timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _serve(
    factory: str,
    port: int,
    log: Path,
    environment: Mapping[str, str],
    lock: IO[str],
    go: tuple[int, int],
) -> None:
    """Run the supervisor in this forked process."""
    lock.close()
    os.close(go[1])
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Ctrl-C and a closed terminal reach the whole group; the command decides what they mean and sends SIGTERM.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    os.environ.update(environment)
    os.environ.pop(_COMMAND_MARK, None)
    _redirect_output(log)
    configure_logging(as_json=False, level=os.environ.get("LOG_LEVEL", "info").lower())
    begin = load_undisturbed(partial(call_factory, factory))
    if not os.read(go[0], 1):
        sys.exit("The command has ended.")
    try:
        listener = open_listener(_HOST, port)
    except CannotListen as error:
        sys.exit(str(error))
    lifeline, held = os.pipe2(os.O_CLOEXEC)

    def start(ready: int) -> _Forked:
        arguments = (begin, listener.fileno(), ready, lifeline, held)
        process = _fork.Process(target=_work, args=arguments)
        process.start()
        return _Forked(process)

    supervisor = Supervisor(start, WORKERS, on_stop=listener.close)
    threading.Thread(target=_stop_with_command, name="stop-with-command", daemon=True).start()
    sys.exit(supervisor.run())


def _work(begin: Callable[[], Any], listener: int, ready: int, lifeline: int, held: int) -> None:
    # Signals of this process must not arrive in the supervisor's pipe, and only the supervisor holds the lifeline.
    signal.set_wakeup_fd(-1)
    os.close(held)
    run_worker(begin, THREADS, listener, ready, lifeline)


def _stop_with_command() -> None:
    """Stop when the command has ended, so that nothing keeps the port."""
    parent: Any = multiprocessing.parent_process()
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _redirect_output(log: Path) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    with log.open("ab") as output, open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
