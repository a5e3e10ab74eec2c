"""One sender among all processes: a session lock decides quickly, an epoch decides reliably.

If the database ends the leader's session unnoticed, another process takes the lock and raises the epoch: every
later write of the first leader is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2

from portal.chain.errors import LeaderLost
from portal.db import DatabaseAway, query, transaction
from portal.db.locks import lock_session


@dataclass(frozen=True)
class Leader:
    """The right to write for one account of one chain, until a higher epoch exists."""

    name: str
    epoch: int

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Open a transaction that only the current leader commits; raises LeaderLost.

        The share lock makes a new leader wait for transactions that are already writing.
        """
        with transaction():
            rows = query(
                "SELECT 1 FROM chain_leaders WHERE name = %s AND epoch = %s FOR SHARE",
                [self.name, self.epoch],
            )
            if not rows:
                raise LeaderLost(f"{self.name} has a newer leader than epoch {self.epoch}")
            yield


@contextmanager
def lead(name: str) -> Iterator[Leader | None]:
    """Try to become the leader for the block and yield None if another process leads. Raises DatabaseAway."""
    with lock_session(name) as session:
        yield None if session is None else Leader(name, _raise_epoch(session, name))


def _raise_epoch(session: Any, name: str) -> int:
    try:
        with session.cursor() as cursor:
            cursor.execute(
                "INSERT INTO chain_leaders (name, epoch) VALUES (%s, 1) ON CONFLICT (name)"
                " DO UPDATE SET epoch = chain_leaders.epoch + 1, taken_at = clock_timestamp() RETURNING epoch",
                [name],
            )
            return int(cursor.fetchone()[0])
    except psycopg2.Error as error:
        raise DatabaseAway from error
