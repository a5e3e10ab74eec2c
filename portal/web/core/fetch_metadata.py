"""What a browser says about the origin and the purpose of a request (Fetch Metadata, Origin).

Programs and old browsers send none of these headers and are not restricted. See docs/rules/attribution.md.
"""

from __future__ import annotations

from collections.abc import Mapping

_PURPOSES = {
    "HTTP_PURPOSE": "purpose",
    "HTTP_SEC_PURPOSE": "sec-purpose",
    "HTTP_X_PURPOSE": "x-purpose",
    "HTTP_X_MOZ": "x-moz",
}
_VALUE_MAX = 512


def is_opened_page(environ: Mapping[str, str]) -> bool:
    """Return whether a tab opens the page; images, frames, scripts and fetches of any site do not."""
    destination = environ.get("HTTP_SEC_FETCH_DEST", "document")
    return destination == "document" and environ.get("HTTP_SEC_FETCH_MODE", "navigate") == "navigate"


def is_foreign(environ: Mapping[str, str], app_url: str) -> bool:
    """Return whether a page of another origin sent the request.

    The portal's own origin is `app_url`, or the host of the request where people open the portal at another address.
    """
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = environ.get("HTTP_ORIGIN")
    host = environ.get("HTTP_HOST", "")
    return origin is not None and origin != app_url and origin.partition("://")[2] != host


def purposes(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with which browsers mark prefetches, previews and prerenders."""
    return {name: environ[key][:_VALUE_MAX] for key, name in _PURPOSES.items() if key in environ}
