"""What may tell that two accounts are one person: network, mailbox, and how long a trace may be compared."""

from __future__ import annotations

import re
from datetime import date
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# A trace is hashed with the salt of its own period and of the one before. So two sightings can be compared when they
# are at most one period apart, and never when they are two: 15 days for certain, 30 at most.
PERIOD_DAYS = 15
PERIODS_KEPT = 2

_DEVICE = re.compile(r"[A-Za-z0-9_-]{22,43}")
_ONE_MAILBOX = {"googlemail.com": "gmail.com"}


def network_of(address: str | None, *, public_only: bool) -> str | None:
    """Return the network a visitor's address stands for: IPv4 whole, IPv6 as its /64; None for what tells nothing.

    A household has one /64 and its devices change addresses inside it. With `public_only` private and loopback
    addresses tell nothing: they are a proxy's that the portal was not told of.
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
    """Tell whether a cookie holds what the portal would have set."""
    return bool(text and _DEVICE.fullmatch(text))


def period_of(day: date) -> int:
    """Return the number of the period a day (UTC) belongs to."""
    return day.toordinal() // PERIOD_DAYS


def usable_periods(day: date) -> tuple[int, ...]:
    """Return the periods whose salts hash what is seen on a day, the newest first."""
    newest = period_of(day)
    return tuple(newest - back for back in range(PERIODS_KEPT))


def mailbox(email: str) -> str:
    """Return the mailbox an address leads to: without letter case and +tag, at Google also without dots."""
    local, _, domain = email.lower().rpartition("@")
    domain = _ONE_MAILBOX.get(domain, domain)
    name = local.partition("+")[0]
    return f"{name.replace('.', '') if domain == 'gmail.com' else name}@{domain}"
