"""A limit on what one address may send, shared through Redis when several processes answer."""

from __future__ import annotations

import time
from ipaddress import IPv6Address, ip_network

from limits import parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from portal.logs import get_logger

log = get_logger(__name__)

REDIS_OPTIONS: dict[str, float] = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
_ASK_AGAIN_SECONDS = 5.0


class AddressLimit:
    """Count hits by address in fixed windows, in this process or in Redis.

    While Redis does not answer, this process counts alone, so that nobody is turned away for its sake.
    """

    def __init__(self, name: str, rate: str, redis_url: str = "") -> None:
        """Allow `rate`, such as "600 per minute", to each address."""
        self._name, self._rate = name, parse(rate)
        self._alone = FixedWindowRateLimiter(MemoryStorage())
        self._shared = (
            FixedWindowRateLimiter(storage_from_string(redis_url, wrap_exceptions=True, **REDIS_OPTIONS))
            if redis_url
            else None
        )
        self._ask_at = 0.0

    def hit(self, address: str) -> int:
        """Count one and return 0, or the seconds to wait when the address has used up its share."""
        if self._shared and time.monotonic() >= self._ask_at:
            try:
                return self._hit(self._shared, address)
            except StorageError as error:
                self._ask_at = time.monotonic() + _ASK_AGAIN_SECONDS
                log.warning("redis unavailable, limits are counted per process", error=str(error))
        return self._hit(self._alone, address)

    def _hit(self, counter: FixedWindowRateLimiter, address: str) -> int:
        if counter.hit(self._rate, self._name, address):
            return 0
        reset_time = counter.get_window_stats(self._rate, self._name, address).reset_time
        return max(1, int(reset_time - time.time()) + 1)


def visitor_key(address: str) -> str:
    """Return whom a limit counts: an IPv4 address, or the /64 network that one household gets under IPv6."""
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address)
    except ValueError:
        return address
    # What a server that listens to both families calls an IPv4 visitor; all of them are in one /64.
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed) >> 64 << 64, 64)))
