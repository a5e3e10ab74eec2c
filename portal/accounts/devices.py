"""Describe where a sign-in comes from, in few words and without keeping the whole address."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

# The first that matches names it: browsers pretend to be one another, the pretended name comes later.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python", "Python"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class Device:
    """A browser as its owner would recognise it; empty names are unknown. `network` is the shortened address."""

    browser: str = ""
    system: str = ""
    network: str = ""
    address: str = ""


def describe_device(user_agent: str, address: str) -> Device:
    """Return a device from a User-Agent header and an IP address; anything else is unknown."""
    return Device(
        _first(_BROWSERS, user_agent),
        _first(_SYSTEMS, user_agent),
        short_network(address),
        own_address(address),
    )


def short_network(address: str) -> str:
    """Return the network an address belongs to: /24 of IPv4, /48 of IPv6; empty when it is no address."""
    return _network(address, 24, 48)


def own_address(address: str) -> str:
    """Return what one visitor holds: an IPv4 address, or the /64 that one IPv6 customer has to itself."""
    return _network(address, 32, 64).removesuffix("/32")


def _network(address: str, bits_4: int, bits_6: int) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped or parsed
    return str(ip_network(f"{parsed}/{bits_4 if parsed.version == 4 else bits_6}", strict=False))


def _first(known: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for mark, name in known if mark in text), "")
