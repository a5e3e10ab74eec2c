"""A server on loopback that keeps what is posted to it and answers as a test says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class Recorder(HTTPServer):
    """A receiver whose answers have `status`, and a Retry-After of no time at all."""

    status = 201
    received: list[dict[str, Any]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Desk(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        recorder: Recorder = self.server  # type: ignore[assignment]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        recorder.received.append({"path": self.path, "headers": dict(self.headers), "raw": body})
        self.send_response(recorder.status)
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def open_recorder() -> Iterator[Recorder]:
    """Serve until the block ends."""
    server = Recorder(("127.0.0.1", 0), _Desk)
    server.received = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
