"""A worker of the server: load the application, serve it on the shared socket, stop jobs first and then requests."""

from __future__ import annotations

import argparse
import gc
import importlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

from granian._futures import _new_cbscheduler
from granian._granian import SocketHolder, WorkerSignal, WSGIWorker
from granian._loops import loops
from granian.constants import HTTPModes, SSLProtocols
from granian.http import HTTP1Settings
from granian.wsgi import _callback_wrapper
from werkzeug.wsgi import ClosingIterator

from portal.serving.connections import has_connections
from portal.serving.listener import BACKLOG
from portal.serving.supervisor import DRAIN_SIGNAL, STOP_SECONDS

# A request that the supervisor would kill anyway ends with its process.
_MARGIN_SECONDS = 0.5
# A connection accepted just before a stop sends its request in this time, also on a machine that is busy.
_LAST_REQUEST_SECONDS, _LOOK_SECONDS = 2.0, 0.05
# Connections that send no request for so long are not waited for: idle ones, and slow senders.
_QUIET_SECONDS = 2.0
_RUNTIME_THREADS, _IDLE_SECONDS = 512, 30


def run_worker(load: Callable[[], Any], threads: int, listener: int, ready: int, lifeline: int) -> None:
    """Serve until SIGTERM, or until the supervisor's end closes the lifeline; then end this process.

    `load` returns a Flask application of the portal.
    """
    stopping = threading.Event()
    _listen_for_stop(stopping, lifeline)
    for descriptor in (listener, ready, lifeline):
        os.set_inheritable(descriptor, False)
    application = load_undisturbed(load)
    portal = application.extensions["portal"]
    signal.signal(DRAIN_SIGNAL, lambda _number, _frame: setattr(portal, "is_draining", True))
    logging.getLogger("_granian").setLevel(logging.WARNING)
    server = _Server(application, threads, listener)
    server.start()
    os.write(ready, b"1")
    stopping.wait()
    seconds = STOP_SECONDS - _MARGIN_SECONDS
    deadline = time.monotonic() + seconds
    jobs = threading.Thread(target=portal.stop_schedule, args=[seconds], daemon=True)
    jobs.start()
    server.stop(deadline)
    jobs.join(max(0.0, deadline - time.monotonic()))
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of jobs and of hanging requests would keep the interpreter waiting.
    os._exit(0)


class _Requests:
    """Pass requests on and count those that run."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self._application = application
        self._lock = threading.Lock()
        self._running = 0
        self._ended_at = 0.0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        with self._lock:
            self._running += 1
        try:
            body = self._application(environ, start_response)
        except BaseException:
            self._end()
            raise
        if isinstance(body, list):
            self._end()
            return body
        return ClosingIterator(body, [self._end])

    def _end(self) -> None:
        with self._lock:
            self._running -= 1
            self._ended_at = time.monotonic()

    def quiet_since(self) -> float | None:
        """Return when the last request ended, None while one runs."""
        with self._lock:
            return None if self._running else self._ended_at


class _Server:
    """granian's WSGI server on a socket that other processes share.

    Its own command gives each worker a socket, whose waiting connections are reset when the worker ends.
    """

    def __init__(self, application: Callable[..., Any], threads: int, listener: int) -> None:
        self._signal = WorkerSignal()
        self._done = threading.Event()
        self._signal.add_cb(self._done.set)
        self._requests, self._listener = _Requests(application), listener
        holder: Any = SocketHolder
        worker: Any = WSGIWorker
        no_tls: Any = (False, None, None, None, str(SSLProtocols.tls13), None, [], False)
        self._worker = worker(
            1, (None, holder(listener, False, BACKLOG)), None, 1, _RUNTIME_THREADS, threads, _IDLE_SECONDS,
            BACKLOG // 2, HTTPModes.http1, HTTP1Settings(), None, None, *no_tls, (None, None),
        )  # fmt: skip
        loop = loops.get("auto")
        scheduler: Any = _new_cbscheduler
        self._scheduler = scheduler(loop, _callback_wrapper(self._requests, {}, None), impl_asyncio=True)
        self._loop = loop

    def start(self) -> None:
        self._worker.serve_mtr(self._scheduler, self._loop, self._signal)

    def stop(self, deadline: float) -> None:
        """Accept no more connections and wait for the running requests until `deadline`, a monotonic time."""
        began = time.monotonic()
        port = self._leave_socket()
        while time.monotonic() - began < _LAST_REQUEST_SECONDS:
            time.sleep(_LOOK_SECONDS)
            if not has_connections(port):
                break
        self._signal.set()
        while not self._done.wait(0.1) and time.monotonic() < deadline:
            quiet_since = self._requests.quiet_since()
            if quiet_since is not None and time.monotonic() - max(began, quiet_since) > _QUIET_SECONDS:
                return

    def _leave_socket(self) -> int:
        """Put a socket that nothing connects to in the place of the shared one, and return the port of that one.

        granian stops to accept and closes connections without a request in one step, and a connection that it has just
        accepted would lose its first request.
        """
        with socket.socket(fileno=os.dup(self._listener)) as shared:
            port = int(shared.getsockname()[1])
        with socket.create_server(("127.0.0.1", 0)) as unused:
            unused.setblocking(False)
            os.dup2(unused.fileno(), self._listener, inheritable=False)
        return port


def load_undisturbed(load: Callable[[], Any]) -> Any:
    """Load an application without collections of garbage, and leave it out of later ones.

    Modules leave little garbage, and each collection walks through all that is loaded.
    """
    gc.disable()
    try:
        application = load()
        gc.freeze()
        return application
    finally:
        gc.enable()


def call_factory(factory: str) -> Any:
    """Return what a factory "module:function" returns."""
    module, _, name = factory.partition(":")
    return getattr(importlib.import_module(module), name)()


def _listen_for_stop(stopping: threading.Event, lifeline: int) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    # Ctrl-C and a closed terminal reach the whole group, and the supervisor decides what they mean.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    threading.Thread(target=_end_with_supervisor, args=[stopping, lifeline], daemon=True).start()


def _end_with_supervisor(stopping: threading.Event, lifeline: int) -> None:
    os.read(lifeline, 1)
    stopping.set()
    time.sleep(STOP_SECONDS)
    os._exit(1)


def _main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="portal.serving.worker")
    parser.add_argument("factory")
    for name in ("threads", "listener", "ready", "lifeline"):
        parser.add_argument(name, type=int)
    options = vars(parser.parse_args(arguments))
    run_worker(partial(call_factory, options.pop("factory")), **options)


if __name__ == "__main__":
    _main(sys.argv[1:])
