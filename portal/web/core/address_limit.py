"""A rate limit per address, shared through Redis when there are several processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_network

from limits import parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from portal.logs import OutageLog, get_logger

_redis = OutageLog(
    get_logger(__name__),
    "redis unavailable, limits are counted per process",
    "redis available again",
    quiet_seconds=0,
)

REDIS_OPTIONS: dict[str, float] = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
_RETRY_SECONDS = 5.0


class AddressLimit:
    """Count requests per address, or per other subject, in fixed windows, in this process or in Redis.

    While Redis is unavailable, each process counts alone, so that requests are not refused for that.
    """

    def __init__(self, name: str, rate: str, redis_url: str = "") -> None:
        """Allow each address `rate`, such as "600 per minute"."""
        self._name, self._rate = name, parse(rate)
        self._alone = FixedWindowRateLimiter(MemoryStorage())
        self._shared = (
            FixedWindowRateLimiter(storage_from_string(redis_url, wrap_exceptions=True, **REDIS_OPTIONS))
            if redis_url
            else None
        )
        self._retry_at = 0.0

    def hit(self, address: str) -> int:
        """Count a request and return 0, or the seconds to wait when the limit is reached."""
        return self._ask(FixedWindowRateLimiter.hit, address)

    def wait(self, address: str) -> int:
        """Return the seconds to wait when the limit is reached, else 0; count nothing."""
        return self._ask(FixedWindowRateLimiter.test, address)

    def _ask(self, question: Callable[..., bool], address: str) -> int:
        if self._shared and time.monotonic() >= self._retry_at:
            try:
                wait = self._wait(question, self._shared, address)
            except StorageError as error:
                self._retry_at = time.monotonic() + _RETRY_SECONDS
                _redis.failed(str(error))
            else:
                _redis.worked()
                return wait
        return self._wait(question, self._alone, address)

    def _wait(self, question: Callable[..., bool], counter: FixedWindowRateLimiter, address: str) -> int:
        if question(counter, self._rate, self._name, address):
            return 0
        reset_time = counter.get_window_stats(self._rate, self._name, address).reset_time
        return max(1, int(reset_time - time.time()) + 1)


def is_redis_available(redis_url: str) -> bool:
    """Return whether Redis answers in time."""
    return bool(storage_from_string(redis_url, wrap_exceptions=True, **REDIS_OPTIONS).check())


def visitor_key(address: str) -> str:
    """Return the key that a limit counts: the IPv4 address, or the IPv6 /64 network of a household."""
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address)
    except ValueError:
        return address
    # Dual-stack servers report IPv4 visitors in this form, all of them in one /64.
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed) >> 64 << 64, 64)))
