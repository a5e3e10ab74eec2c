"""A node that misbehaves on purpose: it stands before the real one and loses, delays, refuses or rewrites answers."""

from __future__ import annotations

import json
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Rewrite = Callable[[str, Any], Any]


@dataclass
class Fault:
    """What happens to calls of some methods (all when empty), `times` times.

    `kind`: lose_request (never reaches the node), lose_response (reaches it, nobody hears), status (an HTTP
    status), slow (an answer after `seconds`), rewrite (another result), error (a JSON-RPC error, with `status` 200
    unless given). `headers` go with a status; `when` limits it to some calls.
    """

    kind: str
    methods: tuple[str, ...] = ()
    times: int = 10**9
    status: int | None = None
    seconds: float = 0.0
    rewrite: Rewrite | None = None
    error: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    when: Callable[[dict[str, Any]], bool] | None = None


class RpcProxy:
    """An HTTP server on a free port; set `faults` at any time."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.faults: list[Fault] = []
        self.calls: list[str] = []
        self.refuse_batches: Any = None
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take_fault(self, calls: list[dict[str, Any]]) -> Fault | None:
        methods = [call["method"] for call in calls]
        with self._lock:
            self.calls += methods
            for fault in self.faults:
                meant = [call for call in calls if not fault.methods or call["method"] in fault.methods]
                if fault.times > 0 and any(fault.when is None or fault.when(call) for call in meant):
                    fault.times -= 1
                    return fault
        return None

    def forward(self, body: bytes) -> Any:
        request = urllib.request.Request(self.target, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report errors, except that a caller which was killed broke its connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(proxy: RpcProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        pass

    Handler.proxy = proxy
    return Handler


class _Handler(BaseHTTPRequestHandler):
    proxy: RpcProxy
    protocol_version = "HTTP/1.1"
    # Headers and body leave together: two small writes cost 40 ms of delayed acknowledgement.
    wbufsize = 65_536

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        body = self.rfile.read(length)
        if len(body) < length:
            # The caller was killed while it wrote.
            self.close_connection = True
            return
        calls = json.loads(body)
        if isinstance(calls, list) and self.proxy.refuse_batches:
            self._answer(200, self.proxy.refuse_batches)
            return
        fault = self.proxy.take_fault(calls if isinstance(calls, list) else [calls])
        if fault and fault.kind in ("lose_request", "lose_response"):
            self._lose(fault, body)
        else:
            self._answer(*self._reply(fault, calls, body), headers=fault.headers if fault else {})

    def _lose(self, fault: Fault, body: bytes) -> None:
        if fault.kind == "lose_response":
            self.proxy.forward(body)
        self.close_connection = True

    def _reply(self, fault: Fault | None, calls: Any, body: bytes) -> tuple[int, Any]:
        if fault and fault.kind == "status":
            return fault.status or 502, {"error": "unavailable"}
        if fault and fault.kind == "error":
            errors = [
                {"jsonrpc": "2.0", "id": call["id"], "error": fault.error}
                for call in (calls if isinstance(calls, list) else [calls])
            ]
            return fault.status or 200, errors if isinstance(calls, list) else errors[0]
        time.sleep(fault.seconds if fault else 0)
        answers = self.proxy.forward(body)
        if fault and fault.rewrite:
            pairs = zip(calls, answers, strict=True) if isinstance(calls, list) else [(calls, answers)]
            for call, answer in pairs:
                answer["result"] = fault.rewrite(call["method"], answer.get("result"))
        return 200, answers

    def _answer(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(answer).encode()
        try:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass
