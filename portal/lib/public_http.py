"""POST requests to URLs that people entered: only to public addresses, under one deadline, without redirects.

The host is resolved once, every address is checked, and the connection goes to a checked address, so a name that
resolves differently a moment later changes nothing. Proxies and .netrc of the environment are not used.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from portal.lib.http import HttpAnswer, HttpFailed, ServerUnreachable

# The start of an answer that is read, so that its sender need not notice a closed connection.
ANSWER_START = 4 * 1024
_USER_AGENT = "referral-portal"
# Addresses of IPv4 inside IPv6 that the ipaddress module does not unpack: NAT64 (RFC 6052, RFC 8215).
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
# Public by its number, but the metadata service of a cloud (Azure).
_METADATA = ip_address("168.63.129.16")


class AddressRefused(HttpFailed):
    """The host is, or resolves to, an address that is not public."""


class TimedOut(ServerUnreachable):
    """The server did not answer before the deadline."""


class CertificateInvalid(ServerUnreachable):
    """The server's certificate is not trusted for its name."""


def is_public_address(text: str) -> bool:
    """Return whether an IP address, also one that contains another, is reachable by everyone on the internet."""
    address = ip_address(text.partition("%")[0])
    if address.is_multicast or not address.is_global or address == _METADATA:
        return False
    inner = _inner_address(address) if isinstance(address, IPv6Address) else None
    return inner is None or is_public_address(str(inner))


def is_public_host(host: str, port: int) -> bool:
    """Return whether a name leads to public addresses only; a name that leads nowhere does not."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return all(is_public_address(str(address[0])) for *_, address in found)


def _inner_address(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None or address.sixtofour is not None:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    is_nat64 = any(address in network for network in _NAT64)
    return IPv4Address(int(address) & 0xFFFFFFFF) if is_nat64 else None


def post_public(
    url: str, body: bytes, headers: Mapping[str, str], *, timeout: float, allow_private: bool = False
) -> HttpAnswer:
    """Return the answer to a POST request with the start of its body; `timeout` is seconds in total.

    Raises AddressRefused, TimedOut, CertificateInvalid or ServerUnreachable.
    """
    parts = urlsplit(url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    is_secure = parts.scheme == "https"
    with _Deadline(timeout) as deadline:
        connection = _Connection(
            parts.hostname or "", parts.port or (443 if is_secure else 80), deadline, is_secure, allow_private
        )
        try:
            connection.request(
                "POST", target, body, {"Host": parts.netloc, "User-Agent": _USER_AGENT, **headers}
            )
            answer = connection.getresponse()
            if deadline.is_over:  # headers that the deadline cut off look complete
                raise TimeoutError("the headers did not end in time")
            return _read_answer(answer)
        except ssl.SSLCertVerificationError as error:
            raise CertificateInvalid(str(error)) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            failure = TimedOut if deadline.is_over or isinstance(error, TimeoutError) else ServerUnreachable
            raise failure(f"{type(error).__name__}: {error}") from None
        finally:
            connection.close()


def _read_answer(answer: http.client.HTTPResponse) -> HttpAnswer:
    """Return status and headers, whatever happens to the body."""
    start = b""
    with suppress(OSError, http.client.HTTPException, ValueError):
        start = answer.read(ANSWER_START)
    return HttpAnswer(answer.status, start, {name.lower(): value for name, value in answer.getheaders()})


class _Deadline:
    """End a connection when the time is over, also one whose server sends a byte now and then."""

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._ends = time.monotonic() + seconds
        self._timer: threading.Timer | None = None
        self._copy: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._copy is not None:
            self._copy.close()

    def left(self) -> float:
        """Return the seconds that are left; raise TimeoutError."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("no time is left")
        return left

    def watch(self, connected: socket.socket) -> None:
        """Shut the connection of a socket down at the deadline, whatever wraps the socket by then."""
        self._copy = connected.dup()
        self._timer = threading.Timer(self.left(), self._end)
        self._timer.daemon = True
        self._timer.start()

    def _end(self) -> None:
        self.is_over = True
        if self._copy is not None:
            with suppress(OSError):
                self._copy.shutdown(socket.SHUT_RDWR)


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was checked, with TLS for the name of the URL."""

    def __init__(
        self, host: str, port: int, deadline: _Deadline, is_secure: bool, allow_private: bool
    ) -> None:
        super().__init__(host, port)
        self._deadline = deadline
        self._is_secure = is_secure
        self._allow_private = allow_private

    def connect(self) -> None:
        connected = self._open()
        self._deadline.watch(connected)
        self.sock: Any = connected
        if self._is_secure:
            connected.settimeout(self._deadline.left())
            context = ssl.create_default_context()
            context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
            self.sock = context.wrap_socket(connected, server_hostname=self.host)

    def _open(self) -> socket.socket:
        problem: OSError = OSError("the host has no address")
        for family, kind, protocol, _, address in self._resolve():
            opened = socket.socket(family, kind, protocol)
            try:
                opened.settimeout(self._deadline.left())
                opened.connect(address)
                self._require_public(opened.getpeername()[0])
            except OSError as error:
                opened.close()
                problem = error
            except AddressRefused:
                opened.close()
                raise
            else:
                return opened
        raise problem

    def _resolve(self) -> list[tuple[Any, ...]]:
        """Return the addresses of the host; raise AddressRefused if one of them is not public."""
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        for *_, address in found:
            self._require_public(str(address[0]))
        return list(found)

    def _require_public(self, address: str) -> None:
        if not self._allow_private and not is_public_address(address):
            raise AddressRefused(f"{self.host} is {address}, which is not a public address")
