"""The name of the sessions of this release in pg_stat_activity."""

from __future__ import annotations

import hashlib
from functools import cache

from portal import __version__
from portal.lib.folders import SQL

PREFIX = "ring-portal"


@cache
def session_name() -> str:
    """Return what sessions of this release are called: the version and a short hash of its SQL files."""
    digest = hashlib.sha256()
    for path in sorted(SQL.rglob("*.sql")):
        digest.update(f"{path.name}\n{path.read_text()}\n".encode())
    return f"{PREFIX} {__version__} {digest.hexdigest()[:8]}"
