"""A rate limit per address, shared through Redis when there are several processes."""

from __future__ import annotations

import time
from ipaddress import IPv6Address, ip_network

from limits import parse
from limits.strategies import FixedWindowRateLimiter

from portal.web.core.limit_counters import LimitCounters, open_redis


class AddressLimit:
    """Count requests per address, or per other subject, in fixed windows, in this process or in Redis."""

    def __init__(self, name: str, rate: str, counters: LimitCounters) -> None:
        """Allow each address `rate`, such as "600 per minute"."""
        self._name, self._rate = name, parse(rate)
        self._limiter = FixedWindowRateLimiter(counters)

    def hit(self, address: str) -> int:
        """Count a request and return 0, or the seconds to wait when the limit is reached."""
        return 0 if self._limiter.hit(self._rate, self._name, address) else self._seconds_left(address)

    def wait(self, address: str) -> int:
        """Return the seconds to wait when the limit is reached, else 0; count nothing."""
        return 0 if self._limiter.test(self._rate, self._name, address) else self._seconds_left(address)

    def _seconds_left(self, address: str) -> int:
        reset_time = self._limiter.get_window_stats(self._rate, self._name, address).reset_time
        return max(1, int(reset_time - time.time()) + 1)


def is_redis_available(redis_url: str) -> bool:
    """Return whether Redis answers in time."""
    return bool(open_redis(redis_url).check())


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
