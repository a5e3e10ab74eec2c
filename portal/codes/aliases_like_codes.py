"""Tell which links with a share code need no search for an alias. See docs/rules/codes.md.

Nearly all links carry a code, and almost no alias is spelt like one. A process therefore keeps those few aliases and
reads them again at most once a second, instead of asking the database at each landing.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from models import database
from portal.db import query

_FRESH_SECONDS = 1.0
# With more of them every link is looked up: reading them all each second would be more work.
_MOST = 5_000
# No code contains 0 or 1 or a hyphen; every letter of an alias stands for both of its cases.
_LIKE_CODES = "SELECT alias FROM code_aliases WHERE retired_at IS NULL AND alias ~ '^[2-9A-Z]{8}$' LIMIT %s"


@dataclass(frozen=True)
class _Known:
    aliases: frozenset[str]
    until: float
    source: tuple[int, object]


_known: _Known | None = None


def can_be_alias(code: str) -> bool:
    """Return whether a text that is spelt like a code can be an alias in use.

    An alias that another process has set since the last reading, at most a second ago, is not known yet.
    """
    aliases = _current().aliases
    return len(aliases) > _MOST or code.upper() in aliases


def read_again() -> None:
    """Read the aliases again at the next question, after one was set. One that has ended costs a search at most."""
    global _known
    _known = None


def _current() -> _Known:
    global _known
    known, source = _known, (os.getpid(), database.obj)
    if known is None or known.source != source or time.monotonic() >= known.until:
        until = time.monotonic() + _FRESH_SECONDS
        known = _Known(frozenset(row[0] for row in query(_LIKE_CODES, [_MOST + 1])), until, source)
        _known = known
    return known
