"""A server that accepts connections and never answers, and how long requests may wait for it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

from requests.adapters import HTTPAdapter


class HangingServer:
    """A listening socket on loopback; `connections` has every connection that was accepted."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.connections: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self.connections.append(self._listener.accept()[0])

    def stop(self) -> None:
        self._listener.close()
        for connection in self.connections:
            connection.close()


@contextmanager
def hanging_server() -> Iterator[HangingServer]:
    """Run a server that never answers for the block."""
    server = HangingServer()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def watched_timeouts() -> Iterator[list[float]]:
    """Collect how many seconds each HTTP request of the block may wait, which does not depend on a busy machine."""
    seconds: list[float] = []
    send = HTTPAdapter.send

    def note_and_send(adapter: HTTPAdapter, *arguments: Any, **options: Any) -> Any:
        seconds.append(options["timeout"])
        return send(adapter, *arguments, **options)

    with patch.object(HTTPAdapter, "send", note_and_send):
        yield seconds
