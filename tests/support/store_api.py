"""A store's API on loopback: it answers with what a test prepared, and keeps what was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Asked:
    """One call: its path, its arguments or JSON body, and its headers in lower case."""

    path: str
    arguments: dict[str, Any]
    headers: dict[str, str]


Answerer = Callable[[Asked], Any]


@dataclass
class FakeApi:
    """The server; `answer` returns what is sent as JSON, or a status for an empty answer."""

    url: str
    answer: Answerer
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def open_store_api(answer: Answerer) -> Iterator[FakeApi]:
    """Serve until the block ends."""

    class Desk(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(dict(parse_qsl(urlsplit(self.path).query)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._reply(json.loads(body))

        def _reply(self, arguments: dict[str, Any]) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(urlsplit(self.path).path, arguments, headers)
            api.asked.append(asked)
            content = api.answer(asked)
            self.send_response(content if isinstance(content, int) else 200)
            self.end_headers()
            if not isinstance(content, int):
                self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Desk)
    api = FakeApi(f"http://127.0.0.1:{server.server_port}", answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
