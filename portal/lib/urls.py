"""Addresses from outside: a malformed one has no parts instead of raising an error."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from portal.lib.domains import ascii_domain

_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def split_url(text: str) -> SplitResult:
    """Return the parts of an address, all empty where its brackets or its port are malformed."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def host_of(parts: SplitResult) -> str:
    """Return the host as browsers send it: lower case, `xn--`, IPv6 in brackets. Raises ValueError."""
    host = parts.hostname or ""
    if ":" in host:
        return f"[{IPv6Address(host).compressed}]"
    name = ascii_domain(host)
    if not _HOST.match(name) or parts.port == 0:
        raise ValueError("must have a host")
    return name


def origin_of(parts: SplitResult) -> str:
    """Return the origin of an http address as browsers send it, without the default port. Raises ValueError."""
    host, port = host_of(parts), parts.port
    return f"{parts.scheme}://{host}" + ("" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}")
