"""Advisory session locks, each on a database connection of its own.

A session lock lives exactly as long as its connection. On a pooled connection it would be lost to anyone who returns
that connection to the pool: the unlock would run in another session, and the lock would stay on an idle one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2

from portal.db.connection import DatabaseAway, direct_url
from portal.db.pooling import require_own_sessions

_CONNECT_TIMEOUT_SECONDS = 5
# The server notices within half a minute that the holder's machine is gone.
_NOTICE_DEAD_PEERS = (
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
)


@contextmanager
def advisory_lock(name: str) -> Iterator[bool]:
    """Try to take a session lock for the block and yield whether it was free.

    Raises DatabaseAway, or PoolingUnsupported behind a pooler that shares sessions.
    """
    with lock_session(name) as session:
        yield session is not None


@contextmanager
def lock_session(name: str) -> Iterator[Any]:
    """Try to take a session lock for the block and yield its connection, None if another session holds it.

    Raises DatabaseAway, or PoolingUnsupported behind a pooler that shares sessions.
    """
    session = _connect()
    try:
        yield session if _try_lock(session, name) else None
    finally:
        with suppress(psycopg2.Error):
            session.close()


def _connect() -> Any:
    try:
        session = psycopg2.connect(direct_url(), connect_timeout=_CONNECT_TIMEOUT_SECONDS)
    except psycopg2.OperationalError as error:
        raise DatabaseAway from error
    session.autocommit = True
    return session


def _try_lock(session: Any, name: str) -> bool:
    try:
        with session.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            if cursor.fetchone()[0] != session.info.backend_pid:
                require_own_sessions(direct_url())
            cursor.execute(_NOTICE_DEAD_PEERS)
            cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
            return bool(cursor.fetchone()[0])
    except psycopg2.Error as error:
        raise DatabaseAway from error
