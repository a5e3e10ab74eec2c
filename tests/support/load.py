"""Requests in a loop while something happens to the server, each on a connection of its own, and what failed."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Load:
    """Answers and failures so far."""

    answers: int = 0
    failures: list[str] = field(default_factory=list)
    bodies: set[str] = field(default_factory=set)


@contextmanager
def load(port: int, path: str = "/", *, threads: int = 8, seconds: float = 60) -> Iterator[Load]:
    """Send requests from several threads during the block; one that waits longer than `seconds` has failed."""
    seen, lock, stop = Load(), threading.Lock(), threading.Event()

    def send() -> None:
        while not stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
            try:
                connection.request("GET", path, headers={"Connection": "close"})
                answer = connection.getresponse()
                body = answer.read().decode()
                result = "" if answer.status == 200 else str(answer.status)
            except (OSError, http.client.HTTPException) as error:
                body, result = "", repr(error)
            finally:
                connection.close()
            with lock:
                seen.answers += not result
                seen.failures += [result] if result else []
                seen.bodies.add(body)

    senders = [threading.Thread(target=send) for _ in range(threads)]
    for sender in senders:
        sender.start()
    try:
        yield seen
    finally:
        stop.set()
        for sender in senders:
            sender.join()


def wait_until(is_true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
