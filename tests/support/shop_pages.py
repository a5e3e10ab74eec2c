"""Pages of a store that is not ours, on any host name that leads to this computer."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# As the browsers of the tests resolve them: `.test` is no public suffix, `github.io` is one.
RESOLVER = "--host-resolver-rules=MAP *.test 127.0.0.1,MAP *.github.io 127.0.0.1"
# The path of the store's own host that leads to the portal, as docs/stores/snippet.md sets it up.
OWN_PATH = "/ring/"
_OF_THE_CONNECTION = ("transfer-encoding", "connection", "content-length", "server", "date")


@dataclass
class Shop:
    """The page that every GET shows, its security policy, and the bodies that were posted by path."""

    port: int
    portal_url: str
    page: str = ""
    policy: str = ""
    posted: list[tuple[str, str]] = field(default_factory=list)

    def url(self, host: str, path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"

    def headers(self) -> dict[str, str]:
        policy = {"Content-Security-Policy": self.policy} if self.policy else {}
        return {"Content-Type": "text/html; charset=utf-8", **policy}


@contextmanager
def shop_pages(portal_url: str) -> Iterator[Shop]:
    """Serve the pages of a shop on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.daemon_threads = True
    shop = Shop(server.server_port, portal_url)
    server.RequestHandlerClass = _handler_for(shop)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()


def _handler_for(shop: Shop) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith(OWN_PATH):
                self._forward()
            else:
                self._answer(200, shop.headers(), f"<!doctype html>{shop.page}".encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.startswith(OWN_PATH):
                self._forward(body)
            else:
                shop.posted.append((self.path, body.decode()))
                self._answer(204, {}, b"")

        def _forward(self, body: bytes | None = None) -> None:
            portal = http.client.HTTPConnection(urlsplit(shop.portal_url).netloc, timeout=30)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            portal.request(self.command, self.path.removeprefix(OWN_PATH[:-1]), body, headers)
            answer = portal.getresponse()
            kept = {
                name: value for name, value in answer.getheaders() if name.lower() not in _OF_THE_CONNECTION
            }
            self._answer(answer.status, kept, answer.read())
            portal.close()

        def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test output free of access lines."""

    return Handler
