"""Requests whose end is ambiguous, and unusual methods, sent byte by byte to the running server."""

from __future__ import annotations

import contextlib
import re
import socket
from urllib.parse import urlsplit

import pytest

from tests.support.portals import RunningPortal

INNER = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def send(portal: RunningPortal, data: bytes) -> list[int]:
    """Send bytes, then read until the server closes or is silent; return the status of each response."""
    parts = urlsplit(portal.url)
    received = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=3) as connection:
        connection.sendall(data)
        with contextlib.suppress(TimeoutError):
            while piece := connection.recv(65536):
                received += piece
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", received)]


def post(*headers: str, body: bytes, path: str = "/api/refcodes/track") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 2", f"Content-Length: {len(INNER) + 2}"),
        ("Content-Length: 2, 40",),
        ("Content-Length: +2",),
        ("Content-Length: 0x2",),
        ("Content-Length: -1",),
        ("Content-Length : 2",),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding : chunked",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    ],
)
def test_ambiguous_length_is_refused(portal: RunningPortal, headers: tuple[str, ...]) -> None:
    assert send(portal, post(*headers, body=b"{}" + INNER)) == [400]


def test_chunked_body_wins_over_a_length(portal: RunningPortal) -> None:
    # With the length, the chunks would end after 4 bytes and the rest would be a second request.
    body = b"2\r\n{}\r\n0\r\n\r\n"
    statuses = send(
        portal, post("Content-Length: 4", "Transfer-Encoding: chunked", "Connection: close", body=body)
    )
    assert statuses == [400]


def test_body_within_its_length_is_no_request(portal: RunningPortal) -> None:
    statuses = send(portal, post(f"Content-Length: {len(INNER)}", "Connection: close", body=INNER))
    assert statuses == [400]


@pytest.mark.parametrize("line", ["TRACE / HTTP/1.1", "CONNECT localhost:1 HTTP/1.1", "DEBUG / HTTP/1.1"])
def test_unusual_method_is_refused(portal: RunningPortal, line: str) -> None:
    statuses = send(portal, f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert statuses in ([400], [405], [501], [])


def test_header_with_a_line_break_is_refused(portal: RunningPortal) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-A: b\r\n folded: c\r\n\r\n"
    assert send(portal, request) in ([400], [200])
    assert send(portal, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: b\x00c\r\n\r\n") == [400]
