"""Requests to other servers: limited in time and size, without redirects."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from portal.lib import http


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/answer")
            self.end_headers()
        elif self.path == "/large":
            self._respond(b"x" * 2_000)
        elif self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            for _ in range(400):
                self.wfile.write(b"x")
                time.sleep(0.01)
        else:
            self._respond(b"answer")

    def do_POST(self) -> None:
        self._respond(self.rfile.read(int(self.headers["Content-Length"])), 418)

    def _respond(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_response_has_status_and_body(url: str) -> None:
    assert http.get(f"{url}/answer") == http.HttpAnswer(200, b"answer")
    assert http.post(url, b"sent", {}) == http.HttpAnswer(418, b"sent")


def test_redirect_is_returned_and_not_followed(url: str) -> None:
    assert http.get(f"{url}/redirect").status == 302


def test_large_response_is_refused(url: str) -> None:
    assert len(http.get(f"{url}/large", limit=2_000).body) == 2_000
    with pytest.raises(http.AnswerTooLarge):
        http.get(f"{url}/large", limit=1_999)


def test_slow_response_times_out(url: str) -> None:
    # The whole answer would take four seconds, no wait for one of its bytes longer than the time-out.
    with pytest.raises(http.ServerUnreachable):
        http.get(f"{url}/slow", timeout=1)


def test_unreachable_server_raises_one_error(url: str) -> None:
    with pytest.raises(http.ServerUnreachable):
        http.get("http://127.0.0.1:1/")
    with pytest.raises(http.ServerUnreachable):
        http.get("nonsense")
