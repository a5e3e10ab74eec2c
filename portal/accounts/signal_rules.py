"""Signals that two accounts may belong to one person: network and device, and how long they are comparable."""

from __future__ import annotations

import re
from datetime import date
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# A signal is hashed with the salts of its own period and of the previous one. So two sightings are comparable when they
# are at most one period apart: for at least 15 and at most 30 days.
PERIOD_DAYS = 15
PERIODS_KEPT = 2

_DEVICE = re.compile(r"[A-Za-z0-9_-]{22,43}")


def network_of(address: str | None, *, public_only: bool) -> str | None:
    """Return the network of a visitor: the IPv4 address or the IPv6 /64; None for an unusable address.

    A household has one /64, in which its devices change addresses. `public_only` excludes private and loopback
    addresses, which belong to a proxy that is not configured.
    """
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    if public_only and not parsed.is_global:
        return None
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    return str(IPv6Network((parsed, 64), strict=False))


def is_device(text: str | None) -> bool:
    """Return whether a cookie value could have been set by the portal."""
    return bool(text and _DEVICE.fullmatch(text))


def period_of(day: date) -> int:
    """Return the number of the period of a day (UTC)."""
    return day.toordinal() // PERIOD_DAYS


def usable_periods(day: date) -> tuple[int, ...]:
    """Return the periods whose salts hash the sightings of a day, newest first."""
    newest = period_of(day)
    return tuple(newest - back for back in range(PERIODS_KEPT))
