"""The published versions of `ring.js`: files that never change, and the tag that loads the newest."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from markupsafe import Markup

from portal.lib.folders import SDK

# The name under which a store gets every later version that is compatible.
FLOATING = "v1"


@cache
def read_release(version: str) -> bytes | None:
    """Return the script of a version, of the newest for `v1`, or None."""
    return _releases().get(newest_version() if version == FLOATING else version)


def newest_version() -> str:
    """Return the newest published version."""
    return max(_releases(), key=lambda version: tuple(map(int, version.split("."))))


def integrity(version: str) -> str:
    """Return the hash of a version for the attribute `integrity` (Subresource Integrity)."""
    digest = hashlib.sha384(_releases()[version]).digest()
    return f"sha384-{base64.b64encode(digest).decode()}"


def snippet_tag(app_url: str, store_id: str) -> str:
    """Return the tag that a store with this public id puts into its pages: the newest version with its hash."""
    version = newest_version()
    return Markup(
        '<script src="{}/sdk/{}/ring.js" integrity="{}" crossorigin="anonymous" data-store="{}" async></script>'
    ).format(app_url, version, integrity(version), store_id)


@cache
def _releases() -> dict[str, bytes]:
    return {file.stem: file.read_bytes() for file in (SDK / "releases").glob("*.js")}
