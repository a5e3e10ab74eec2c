"""Describe the browser and the network of a sign-in, without the full address."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

# The first match wins: browsers also name the ones they imitate.
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
    """A browser as its owner recognises it; "" means unknown. `network` is the truncated address."""

    browser: str = ""
    system: str = ""
    network: str = ""
    address: str = ""


def describe_device(user_agent: str, address: str) -> Device:
    """Return the device of a User-Agent header and an IP address."""
    return Device(
        _first(_BROWSERS, user_agent),
        _first(_SYSTEMS, user_agent),
        short_network(address),
        own_address(address),
    )


def short_network(address: str) -> str:
    """Return the network of an address, /24 for IPv4 and /48 for IPv6, "" for an invalid one."""
    return _network(address, 24, 48)


def own_address(address: str) -> str:
    """Return the IPv4 address, or the /64 network that one IPv6 customer has."""
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
