"""One sender among all processes: a session lock to be quick, an epoch to be sure.

The database may end the leader's session while the leader still believes in it; another then takes the
lock and raises the epoch, and every later write of the first is refused.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg2

from portal.chain.errors import LeaderLost
from portal.db import DatabaseAway, query, transaction
from portal.db.connection import current_url

_CONNECT_TIMEOUT_SECONDS = 5
# A leader whose machine vanished must not hold the lock for hours: the server probes idle sessions.
_NOTICE_DEAD_PEERS = (
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
)


@dataclass(frozen=True)
class Leader:
    """The right to write for one account of one chain, until a higher epoch exists."""

    name: str
    epoch: int

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Open a transaction in which this leader is the leader; raises LeaderLost and undoes it otherwise.

        The share lock makes a new leader wait for transactions that are already writing.
        """
        with transaction():
            held = query(
                "SELECT 1 FROM chain_leaders WHERE name = %s AND epoch = %s FOR SHARE",
                [self.name, self.epoch],
            )
            if not held:
                raise LeaderLost(f"{self.name} has a newer leader than epoch {self.epoch}")
            yield


@contextmanager
def lead(name: str) -> Iterator[Leader | None]:
    """Try to become the leader for the block; yields None when another process leads. Never waits."""
    session = _own_session()
    try:
        yield _take(session, name)
    finally:
        with contextlib.suppress(psycopg2.Error):
            session.close()


def database_now() -> datetime:
    """Return the database's time: the one clock every process shares."""
    now: datetime = query("SELECT clock_timestamp()")[0][0]
    return now


def _own_session() -> Any:
    """Open a connection outside the pool, because the lock must live exactly as long as it does."""
    try:
        session = psycopg2.connect(current_url(), connect_timeout=_CONNECT_TIMEOUT_SECONDS)
    except psycopg2.OperationalError as error:
        raise DatabaseAway from error
    session.autocommit = True
    return session


def _take(session: Any, name: str) -> Leader | None:
    try:
        with session.cursor() as cursor:
            cursor.execute(_NOTICE_DEAD_PEERS)
            cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
            if not cursor.fetchone()[0]:
                return None
            cursor.execute(
                "INSERT INTO chain_leaders (name, epoch) VALUES (%s, 1) ON CONFLICT (name)"
                " DO UPDATE SET epoch = chain_leaders.epoch + 1, taken_at = clock_timestamp() RETURNING epoch",
                [name],
            )
            return Leader(name, cursor.fetchone()[0])
    except psycopg2.Error as error:
        raise DatabaseAway from error
