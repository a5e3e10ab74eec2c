"""Keep workers running: replace one that ends, reload without losing a request, stop all of them in time."""

from __future__ import annotations

import math
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import Protocol

from portal.logs import get_logger
from portal.serving.notices import notify_service_manager

log = get_logger(__name__)

# A stop ends within 20 seconds: running requests and jobs have this long.
STOP_SECONDS = 15.0
# Tells a worker that serves to let /readyz fail.
DRAIN_SIGNAL = signal.SIGUSR1
_START_SECONDS = 90.0
_LONGEST_PAUSE_SECONDS = 30.0
_ANY = 64


class WorkerProcess(Protocol):
    """What the supervisor uses of `subprocess.Popen`."""

    pid: int

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, number: int, /) -> None: ...

    def kill(self) -> None: ...


Start = Callable[[int], WorkerProcess]


@dataclass
class _Worker:
    """A worker process; its pipe carries one byte when it serves, and closes when the process ends."""

    process: WorkerProcess
    pipe: int
    generation: int
    kill_at: float
    is_ready: bool = False
    is_stopping: bool = False


class Supervisor:
    """Run `count` workers until SIGTERM or SIGINT; SIGHUP replaces them when their successors serve."""

    def __init__(
        self, start: Start, count: int, on_stop: Callable[[], None], *, drain_seconds: float = 0
    ) -> None:
        """Prepare; `start` runs a worker with the descriptor of its pipe, `on_stop` closes the listening socket.

        Before a stop the workers serve for `drain_seconds` while /readyz fails, so that load balancers leave them.
        """
        self._start, self._count, self._on_stop = start, count, on_stop
        self._drain_seconds, self._stop_at = drain_seconds, math.inf
        self._workers: list[_Worker] = []
        self._generation = 0
        self._failures = 0
        self._start_at = 0.0
        self._has_served = False
        self._is_stopping = False
        self._status = 0
        self._events = selectors.DefaultSelector()

    def run(self) -> int:
        """Serve until a signal ends it; return the exit status, 1 if no worker could start."""
        self._listen_for_signals()
        while True:
            self._fill()
            for key, _ in self._events.select(self._pause()):
                key.data()
            if time.monotonic() >= self._stop_at:
                self._stop()
            self._kill_overdue()
            if self._is_stopping and not self._workers:
                return self._status

    def _listen_for_signals(self) -> None:
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _leave_to_pipe)
        self._events.register(reader, selectors.EVENT_READ, lambda: self._take_signals(reader))

    def _take_signals(self, reader: int) -> None:
        numbers = set(os.read(reader, _ANY))
        if numbers & {signal.SIGTERM, signal.SIGINT}:
            self._drain()
        elif signal.SIGHUP in numbers and not self._is_stopping and not self._is_draining():
            log.info("reloading")
            notify_service_manager("RELOADING=1")
            self._generation += 1
            self._failures, self._start_at = 0, 0.0

    def _drain(self) -> None:
        """Stop after the drain time, or at once where there is none, nothing serves, or a second signal comes."""
        if not self._drain_seconds or not self._has_served or self._is_draining():
            self._stop()
            return
        log.info("draining", seconds=self._drain_seconds)
        self._stop_at = time.monotonic() + self._drain_seconds
        for worker in self._workers:
            if worker.is_ready:
                worker.process.send_signal(DRAIN_SIGNAL)

    def _is_draining(self) -> bool:
        return self._stop_at != math.inf

    def _stop(self, status: int = 0) -> None:
        if self._is_stopping:
            return
        log.info("stopping")
        self._is_stopping, self._status, self._stop_at = True, status, math.inf
        notify_service_manager("STOPPING=1")
        self._on_stop()
        for worker in self._workers:
            self._end(worker)

    def _end(self, worker: _Worker) -> None:
        """Let a worker finish its requests; one that does not serve yet has none."""
        if worker.is_stopping:
            return
        worker.is_stopping, worker.kill_at = True, time.monotonic() + STOP_SECONDS
        worker.process.send_signal(signal.SIGTERM if worker.is_ready else signal.SIGKILL)

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if now >= worker.kill_at:
                log.warning("worker killed", pid=worker.process.pid, was_stopping=worker.is_stopping)
                worker.kill_at = math.inf
                worker.process.kill()

    def _fill(self) -> None:
        """Start the workers that are missing, after a pause if they failed before they served."""
        missing = self._count - len(self._current())
        if self._is_stopping or missing <= 0 or time.monotonic() < self._start_at:
            return
        for _ in range(missing):
            reader, writer = os.pipe2(os.O_CLOEXEC)
            process = self._start(writer)
            os.close(writer)
            worker = _Worker(process, reader, self._generation, time.monotonic() + _START_SECONDS)
            self._workers.append(worker)
            self._events.register(reader, selectors.EVENT_READ, lambda worker=worker: self._hear(worker))

    def _current(self) -> list[_Worker]:
        return [
            each for each in self._workers if each.generation == self._generation and not each.is_stopping
        ]

    def _hear(self, worker: _Worker) -> None:
        if os.read(worker.pipe, _ANY):
            self._note_ready(worker)
        else:
            self._note_end(worker)

    def _note_ready(self, worker: _Worker) -> None:
        worker.is_ready, worker.kill_at, self._failures = True, math.inf, 0
        if worker.is_stopping:
            return
        log.info("worker ready", pid=worker.process.pid)
        if self._is_draining():
            worker.process.send_signal(DRAIN_SIGNAL)
        if sum(each.is_ready for each in self._current()) < self._count:
            return
        self._has_served = True
        notify_service_manager("READY=1")
        for each in self._workers:
            if each.generation != self._generation:
                self._end(each)

    def _note_end(self, worker: _Worker) -> None:
        self._events.unregister(worker.pipe)
        os.close(worker.pipe)
        self._workers.remove(worker)
        # The pipe closes a moment before the process is gone, or when it has closed its descriptors and hangs.
        with suppress(subprocess.TimeoutExpired):
            worker.process.wait(1)
        if worker.process.poll() is None:
            worker.process.kill()
            worker.process.wait()
        if worker.is_stopping:
            return
        log.error("worker ended", pid=worker.process.pid, status=worker.process.returncode)
        if not worker.is_ready:
            self._note_failed_start(worker)

    def _note_failed_start(self, worker: _Worker) -> None:
        if not self._has_served:
            self._stop(status=1)
            return
        earlier = [each for each in self._workers if each.generation != worker.generation]
        if worker.generation == self._generation and any(not each.is_stopping for each in earlier):
            log.error("reload failed: the earlier workers continue")
            for each in self._current():
                self._end(each)
            for each in earlier:
                each.generation = self._generation
            notify_service_manager("READY=1")
            return
        self._failures += 1
        self._start_at = time.monotonic() + min(_LONGEST_PAUSE_SECONDS, 0.5 * 2**self._failures)

    def _pause(self) -> float | None:
        """Return the seconds until something is due, None if only an event matters."""
        due = [worker.kill_at for worker in self._workers if worker.kill_at != math.inf]
        if self._is_draining():
            due.append(self._stop_at)
        if not self._is_stopping and len(self._current()) < self._count:
            due.append(self._start_at)
        return max(0.0, min(due) - time.monotonic()) if due else None


def _leave_to_pipe(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the signal's number is in the pipe."""
