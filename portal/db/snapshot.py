"""A read-only connection of its own that sees a database, not only the bound one, at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ

from portal.db.connection import KEEPALIVE, DatabaseAway


@contextmanager
def snapshot(url: str) -> Iterator[Any]:
    """Yield a read-only connection whose statements all see the database at one moment. Raises DatabaseAway."""
    try:
        connection = psycopg2.connect(url, connect_timeout=10, **KEEPALIVE)
    except psycopg2.OperationalError as error:
        raise DatabaseAway from error
    try:
        connection.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
        yield connection
    finally:
        connection.close()
