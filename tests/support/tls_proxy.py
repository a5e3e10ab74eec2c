"""A reverse proxy on loopback that terminates TLS, as production deployments have one in front."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme

# Headers that belong to one connection and are not forwarded.
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "content-length"}


def tls_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the TLS contexts of a server named localhost and of a client that trusts it."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


@contextmanager
def tls_proxy(backend_port: int) -> Iterator[tuple[int, ssl.SSLContext]]:
    """Forward HTTPS to a plain HTTP port; yield the proxy's port and a context that trusts its certificate."""
    server_context, client_context = tls_contexts()
    server = _Server(("127.0.0.1", 0), _handler_for(backend_port))
    server.socket = server_context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_port, client_context
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore connections that a browser opens ahead and drops."""


def _handler_for(backend_port: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {
                **{name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP},
                "X-Forwarded-For": self.client_address[0],
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": self.headers.get("Host", ""),
            }
            backend = http.client.HTTPConnection("127.0.0.1", backend_port, timeout=30)
            try:
                backend.request(self.command, self.path, body or None, headers)
                response = backend.getresponse()
                self._answer(response, response.read())
            finally:
                backend.close()

        def _answer(self, response: http.client.HTTPResponse, content: bytes) -> None:
            self.send_response_only(response.status, response.reason)
            for name, value in response.getheaders():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            has_body = self.command != "HEAD" and response.status not in (204, 304)
            self.send_header("Content-Length", str(len(content)) if has_body else "0")
            self.end_headers()
            if has_body:
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = forward

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test output free of access lines."""

    return Handler
