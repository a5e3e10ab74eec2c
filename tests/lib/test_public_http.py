"""Requests to URLs that people entered reach public addresses only."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest
import trustme

from portal.lib.public_http import (
    AddressRefused,
    CertificateInvalid,
    ServerUnreachable,
    is_public_address,
    post_public,
)
from tests.support.receiver import webhook_receiver

PRIVATE = [
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "172.16.0.1",
    "192.168.1.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "ff02::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_address_that_is_not_public_is_recognised(address: str) -> None:
    assert not is_public_address(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_public_address_is_recognised(address: str) -> None:
    assert is_public_address(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"]
)
def test_host_of_a_private_address_is_refused(host: str) -> None:
    with webhook_receiver() as receiver:
        port = receiver.url.partition("127.0.0.1:")[2].partition("/")[0]
        with pytest.raises(AddressRefused):
            post_public(f"http://{host}:{port}/", b"{}", {}, timeout=5)
        assert receiver.received == []


def test_host_with_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_as(monkeypatch, "8.8.8.8", "10.0.0.1")
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        post_public("https://hooks.example/", b"{}", {}, timeout=5)


def test_connection_goes_to_the_checked_address_and_the_host_is_resolved_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = resolve_as(monkeypatch, "8.8.8.8")
    connected: list[Any] = []

    def connect(_: socket.socket, address: Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(ServerUnreachable):
        post_public("https://hooks.example/", b"{}", {}, timeout=5)
    assert (asked, connected) == (["hooks.example"], [("8.8.8.8", 443)])


def test_certificate_must_be_trusted_for_the_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    resolve_as(monkeypatch, "127.0.0.1")
    with webhook_receiver(tls_context(authority, "hooks.example")) as receiver:
        port = receiver.url.partition("127.0.0.1:")[2].partition("/")[0]
        answer = post_public(
            f"https://hooks.example:{port}/in?x=1", b"{}", {"X": "y"}, timeout=20, allow_private=True
        )
        assert answer.status == 204
        assert receiver.received[0].headers["host"] == f"hooks.example:{port}"
        assert receiver.received[0].path == "/in?x=1"
        with pytest.raises(CertificateInvalid):
            post_public(f"https://other.example:{port}/", b"{}", {}, timeout=20, allow_private=True)


def tls_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def resolve_as(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Resolve every name to these addresses and return the names that are asked for."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (each, port)) for each in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked
