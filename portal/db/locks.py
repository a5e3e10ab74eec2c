"""PostgreSQL advisory locks: one runner of a job among all processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from portal.db.connection import connection, query


@contextmanager
def advisory_lock(name: str) -> Iterator[bool]:
    """Try to hold a session lock for the block; yields whether it was got, never waits."""
    with connection():
        got = bool(query("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])[0][0])
        try:
            yield got
        finally:
            if got:
                query("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])
