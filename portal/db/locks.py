"""Advisory session locks, each on a database connection of its own.

A session lock lives exactly as long as its connection. On a pooled connection it would be lost to anyone who returns
that connection to the pool: the unlock would run in another session, and the lock would stay on an idle one.

The holder sends a statement every few seconds. A process that is paused keeps its connections, and the server ends
that of its lock, so that another process continues the work. Writes of the first one must be guarded all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2

from portal.db.connection import KEEPALIVE, DatabaseAway, direct_url
from portal.db.pooling import require_own_sessions

_CONNECT_TIMEOUT_SECONDS = 5
# The server notices within half a minute that the holder's machine is gone, and within a minute that it is paused.
_NOTICE_LOST_HOLDERS = (
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;"
    " SET idle_session_timeout = %s"
)
_LONGEST_PAUSE, _ALIVE_SECONDS = "60s", 15.0


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
        if _try_lock(session, name):
            with _kept_alive(session):
                yield session
        else:
            yield None
    finally:
        with suppress(psycopg2.Error):
            session.close()


@contextmanager
def _kept_alive(session: Any) -> Iterator[None]:
    """Send a statement every few seconds during the block, until the session is lost."""
    done = threading.Event()

    def send() -> None:
        with suppress(psycopg2.Error):
            while not done.wait(_ALIVE_SECONDS):
                with session.cursor() as cursor:
                    cursor.execute("SELECT 1")

    threading.Thread(target=send, name="keep-lock", daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _connect() -> Any:
    try:
        session = psycopg2.connect(direct_url(), connect_timeout=_CONNECT_TIMEOUT_SECONDS, **KEEPALIVE)
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
            cursor.execute(_NOTICE_LOST_HOLDERS, [_LONGEST_PAUSE])
            cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
            return bool(cursor.fetchone()[0])
    except psycopg2.Error as error:
        raise DatabaseAway from error
