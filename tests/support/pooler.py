"""A small connection pooler in front of PostgreSQL, as PgBouncer in session or transaction mode.

It speaks simple queries only, which is all that psycopg2 sends, and refuses startup parameters as PgBouncer does.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg2

_REFUSED = b"options"
_OK = b"R" + struct.pack("!ii", 8, 0)
_PARAMETERS = {"server_version": "15.0", "client_encoding": "UTF8", "standard_conforming_strings": "on"}
_READY = b"Z" + struct.pack("!ic", 5, b"I")


class Pooler:
    """Accept clients on a loopback port; in transaction mode they share one session of the server."""

    def __init__(self, database_url: str, mode: str) -> None:
        self._database_url, self._mode = database_url, mode
        self._shared: Any = None
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"postgresql://portal:x@127.0.0.1:{self.port}/portal"

    def stop(self) -> None:
        self._listener.close()
        if self._shared is not None:
            self._shared.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client), suppress(OSError, psycopg2.Error, struct.error):
            if not self._greet(client):
                return
            own = None if self._mode == "transaction" else self._connect()
            while (message := _read(client))[0] == b"Q":
                client.sendall(self._answer(own, message[1].rstrip(b"\0").decode()))
            if own is not None:
                own.close()

    def _greet(self, client: socket.socket) -> bool:
        (length,) = struct.unpack("!i", _receive(client, 4))
        startup = _receive(client, length - 4)
        if startup == struct.pack("!i", 80877103):  # a request for TLS
            client.sendall(b"N")
            return self._greet(client)
        if _REFUSED in startup.split(b"\0"):
            client.sendall(_error("08P01", "unsupported startup parameter: options"))
            return False
        pairs = (f"{name}\0{value}\0".encode() for name, value in _PARAMETERS.items())
        parameters = b"".join(b"S" + struct.pack("!i", 4 + len(pair)) + pair for pair in pairs)
        # The announced process id is the pooler's own invention.
        client.sendall(_OK + parameters + b"K" + struct.pack("!iii", 12, 1_000_000_007, 0) + _READY)
        return True

    def _connect(self) -> Any:
        connection = psycopg2.connect(self._database_url)
        connection.autocommit = True
        return connection

    def _answer(self, own: Any, sql: str) -> bytes:
        with self._lock:
            if own is None:
                self._shared = self._shared or self._connect()
            with (own or self._shared).cursor() as cursor:
                try:
                    cursor.execute(sql)
                except psycopg2.Error as error:
                    return _error(error.pgcode or "XX000", str(error)) + _READY
                rows = cursor.fetchall() if cursor.description else []
                return _rows(cursor.description or (), rows) + _READY


@contextmanager
def pooler(database_url: str, mode: str) -> Iterator[Pooler]:
    """Run a pooler for the block, in "session" or "transaction" mode."""
    running = Pooler(database_url, mode)
    try:
        yield running
    finally:
        running.stop()


def _rows(columns: Any, rows: list[tuple[Any, ...]]) -> bytes:
    if not columns:
        return _message(b"C", b"SET\0")
    described = b"".join(
        f"{column.name}\0".encode() + struct.pack("!ihihih", 0, 0, column.type_code, -1, -1, 0)
        for column in columns
    )
    answer = _message(b"T", struct.pack("!h", len(columns)) + described)
    for row in rows:
        values = b"".join(_value(value) for value in row)
        answer += _message(b"D", struct.pack("!h", len(row)) + values)
    return answer + _message(b"C", f"SELECT {len(rows)}\0".encode())


def _value(value: object) -> bytes:
    if value is None:
        return struct.pack("!i", -1)
    text = {True: "t", False: "f"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    return struct.pack("!i", len(text.encode())) + text.encode()


def _error(code: str, message: str) -> bytes:
    return _message(b"E", f"SERROR\0VERROR\0C{code}\0M{message}\0\0".encode())


def _message(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("!i", 4 + len(content)) + content


def _read(client: socket.socket) -> tuple[bytes, bytes]:
    kind = _receive(client, 1)
    (length,) = struct.unpack("!i", _receive(client, 4))
    return kind, _receive(client, length - 4)


def _receive(client: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        part = client.recv(count - len(received))
        if not part:
            raise OSError("the client has left")
        received += part
    return received
