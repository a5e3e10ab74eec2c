"""Recognise a connection pooler between the portal and PostgreSQL.

Locks, settings and prepared statements belong to a session. A pooler in session mode keeps one server session per
connection; in transaction mode a lock would stay behind in a session that another client uses, and no job would run
again.
"""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from typing import Literal

from portal.db.bounded_connection import BoundedConnection, bounded_connection
from portal.db.connection import DatabaseAway

Pooling = Literal["none", "session", "transaction"]

_SECONDS = 5.0
# Under load a pooler spreads connections over several sessions, so that one look may miss the sharing.
_CONNECTIONS, _LOOKS = 4, 3


class PoolingUnsupported(DatabaseAway):
    """A pooler in transaction mode is in front of the database; the message is one sentence for the operator."""


def find_pooling(url: str) -> Pooling:
    """Return how a pooler shares server sessions, "none" for a direct connection; raise DatabaseAway."""
    with ExitStack() as stack:
        first = stack.enter_context(bounded_connection(url, _SECONDS))
        # A pooler announces a process id of its own.
        if first.announced_pid == _session_of(first):
            return "none"
        others = [stack.enter_context(bounded_connection(url, _SECONDS)) for _ in range(_CONNECTIONS - 1)]
        looks = [tuple(_session_of(each) for each in (first, *others)) for _ in range(_LOOKS)]
    is_own = len(set(looks)) == 1 and len(set(looks[0])) == _CONNECTIONS
    return "session" if is_own else "transaction"


def require_own_sessions(url: str) -> None:
    """Raise PoolingUnsupported if a pooler shares sessions, or DatabaseAway."""
    if find_pooling(url) == "transaction":
        raise PoolingUnsupported(
            "DATABASE_URL leads through a connection pooler in transaction mode, in which locks do not hold: set"
            " DATABASE_DIRECT_URL to the address of PostgreSQL itself, or use session mode (`pool_mode = session` in"
            " PgBouncer)."
        )


def require_locks(url: str, direct_url: str) -> None:
    """Raise PoolingUnsupported unless locks taken at `direct_url` hold for the database at `url`, or DatabaseAway.

    Without a direct URL, `url` itself must keep sessions.
    """
    if not direct_url:
        require_own_sessions(url)
        return
    if find_pooling(direct_url) == "transaction":
        raise PoolingUnsupported(
            "DATABASE_DIRECT_URL leads through a connection pooler in transaction mode, in which locks do not hold: use"
            " the address of PostgreSQL itself, or a pool in session mode."
        )
    name = f"probe:{secrets.token_hex(8)}"
    with bounded_connection(direct_url, _SECONDS) as direct, bounded_connection(url, _SECONDS) as pooled:
        direct.query("SELECT pg_advisory_lock(hashtextextended(%s, 0))", name)
        ((is_free,),) = pooled.query("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", name)
    if is_free:
        raise PoolingUnsupported(
            "DATABASE_DIRECT_URL leads to another database than DATABASE_URL: a lock taken at one does not hold at the"
            " other."
        )


def _session_of(connection: BoundedConnection) -> int:
    ((pid,),) = connection.query("SELECT pg_backend_pid()")
    return int(pid)
