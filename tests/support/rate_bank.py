"""A bank on loopback that publishes a rate as the National Bank of Ukraine does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit


def rate_answer(rate: object = 44.5483, day: str = "14.09.2026", code: str = "USD") -> bytes:
    """Return the answer of the bank for a day."""
    entry = {"r030": 840, "txt": "Долар США", "rate": rate, "cc": code, "exchangedate": day, "special": "N"}
    return json.dumps([entry]).encode()


class RateBank(HTTPServer):
    """A bank that answers with the rate of the requested date or with a given body."""

    calls = 0
    broken = False
    rate = 41.25

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/exchange"


class _Desk(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        bank: RateBank = self.server  # type: ignore[assignment]
        bank.calls += 1
        date = parse_qs(urlsplit(self.path).query)["date"][0]
        day = f"{date[6:]}.{date[4:6]}.{date[:4]}"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[]" if bank.broken else rate_answer(bank.rate, day))

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def open_rate_bank() -> Iterator[RateBank]:
    """Serve until the block ends."""
    server = RateBank(("127.0.0.1", 0), _Desk)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
