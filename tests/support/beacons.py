"""A web server that counts beacons, and visitors who send them over connections they keep open."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from portal.dev.processes import pick_port

PROJECT = Path(__file__).resolve().parents[2]
WORKERS, THREADS = 2, 8
CONNECTIONS = 32

_QUIET = {"SCHEDULER_ENABLED": "false", "RATE_LIMIT_BEACON": "100000000 per minute"}

Request = Callable[[], bytes]


@dataclass
class Tally:
    """What came back: answers by status, and how many were 200 or 201."""

    seconds: float = 0.0
    by_status: dict[int, int] = field(default_factory=dict)
    broken: int = 0

    @property
    def answered(self) -> int:
        return self.by_status.get(200, 0) + self.by_status.get(201, 0)

    @property
    def rate(self) -> float:
        return self.answered / self.seconds


class WebServer:
    """A WSGI server in a process group of its own on a loopback port."""

    def __init__(self, application: str, server: str = "granian", **environment: str) -> None:
        self.port = pick_port()
        workers = ["--workers", str(WORKERS)]
        arguments = {
            "granian": ["granian", "--interface", "wsgi", "--no-ws", "--port", str(self.port), "--log-level", "error",
                        *workers, "--blocking-threads", str(THREADS), application],
            "gunicorn": ["gunicorn", "--worker-class", "gthread", "--no-control-socket", "--log-level", "warning",
                         "--bind", f"127.0.0.1:{self.port}", *workers, "--threads", str(THREADS),
                         "--keep-alive", "60", application],
            "portal": ["portal.serving", "--factory", application, "--host", "127.0.0.1", "--port", str(self.port),
                       "--log-level", "error", *workers, "--threads", str(THREADS)],
        }[server]  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=PROJECT,
            env={
                **os.environ,
                "SCHEDULER_ENABLED": "false",
                "RATE_LIMIT_BEACON": "100000000 per minute",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait()

    def kill(self) -> None:
        """Kill the server and its workers at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        finally:
            self.kill()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.05)
        self.kill()
        raise AssertionError("The web server did not start.")


def beacon(code: str, path: str = "/api/refcodes/track") -> bytes:
    """Return one beacon as a browser sends it."""
    body = json.dumps({"code": code}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/5.0 Firefox/140.0\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def page(path: str, cookie: str = "") -> bytes:
    """Return one request for a page."""
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/5.0 Firefox/140.0\r\n"
    return f"{head}Cookie: {cookie}\r\n\r\n".encode() if cookie else f"{head}\r\n".encode()


def send(
    port: int,
    request: Request,
    *,
    seconds: float = 1e9,
    answers: int = 10**9,
    connections: int = CONNECTIONS,
    pause_seconds: float = 0,
) -> Tally:
    """Send requests over connections kept open until the time is over or that many were answered.

    Each connection pauses after an answer. One that breaks is not opened again: its request has no answer.
    """
    tally = Tally()
    started = time.monotonic()
    # In a thread of its own: a browser of an earlier test may have left a running loop in this one.
    sending = _send(port, request, tally, started + seconds, answers, connections, pause_seconds)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, sending).result()
    tally.seconds = time.monotonic() - started
    return tally


async def _send(
    port: int,
    request: Request,
    tally: Tally,
    deadline: float,
    answers: int,
    connections: int,
    pause_seconds: float,
) -> None:
    loop = asyncio.get_running_loop()
    ends = []
    for _ in range(connections):
        with contextlib.suppress(OSError):
            _, visitor = await loop.create_connection(
                lambda: _Visitor(request, tally, deadline, answers, pause_seconds), "127.0.0.1", port
            )
            ends.append(visitor.end)
    await asyncio.gather(*ends)


class _Visitor(asyncio.Protocol):
    """One connection: the next request goes out when the answer to the last is in."""

    def __init__(
        self, request: Request, tally: Tally, deadline: float, answers: int, pause_seconds: float
    ) -> None:
        self._request, self._tally, self._deadline, self._answers = request, tally, deadline, answers
        self._pause_seconds = pause_seconds
        self._buffer = b""
        self.end: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, complete, body = self._buffer.partition(b"\r\n\r\n")
        if not complete or len(body) < _length(head):
            return
        self._buffer = b""
        status = int(head[9:12])
        self._tally.by_status[status] = self._tally.by_status.get(status, 0) + 1
        if self._pause_seconds:
            asyncio.get_running_loop().call_later(self._pause_seconds, self._continue)
        else:
            self._continue()

    def _continue(self) -> None:
        if time.monotonic() < self._deadline and self._tally.answered < self._answers:
            self._transport.write(self._request())
        else:
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.end.done():
            self._tally.broken += 1
            self._finish()

    def _finish(self) -> None:
        if not self.end.done():
            self.end.set_result(None)
        self._transport.close()


def _length(head: bytes) -> int:
    low = head.lower()
    start = low.find(b"content-length:")
    return int(low[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0


@contextlib.contextmanager
def serving(application: str, server: str = "granian", **environment: str) -> Iterator[WebServer]:
    """Hold a running web server for the block."""
    running = WebServer(application, server, **environment)
    try:
        yield running
    finally:
        running.stop()
