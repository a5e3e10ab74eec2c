"""One pooled database per process, bound once from the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
from peewee import InterfaceError, OperationalError
from playhouse.pool import MaxConnectionsExceeded, PooledPostgresqlDatabase

from models import database
from portal.dev.postgres import start_postgres
from portal.lib.errors import PortalError

_CONNECT_TIMEOUT_SECONDS = 5
_POOL_SIZE = 20


class DatabaseAway(PortalError):
    """The database cannot be reached; nothing was changed."""

    code = "database_away"


DATABASE_ERRORS = (
    OperationalError,
    InterfaceError,
    MaxConnectionsExceeded,
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
)


class PortalDatabase(PooledPostgresqlDatabase):  # type: ignore[misc]
    """A pool that reads its URL at the first connection and never returns a connection that the server has closed."""

    def __init__(self, url_source: Callable[[], str], **options: Any) -> None:
        super().__init__(None, **options)
        self._url_source = url_source
        self._options = options

    def url(self) -> str:
        return self._url_source()

    def connect(self, *args: Any, **kwargs: Any) -> Any:
        if self.deferred:
            self.init(self._url_source(), **self._options)
        return super().connect(*args, **kwargs)

    def _is_closed(self, conn: Any) -> bool:
        if super()._is_closed(conn):
            return True
        try:
            with conn.cursor() as cursor:
                cursor.execute("SELECT 1")
            conn.rollback()
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            return True
        return False


def bind_database(database_url: str, data_dir: Path | None = None) -> None:
    """Bind every model of this process to a PostgreSQL URL; the first use connects.

    Without a URL the first use starts the embedded database of `data_dir`, or connects to it if it runs already.
    """

    def url_source() -> str:
        return database_url or start_postgres(data_dir or Path(".data"))

    database.initialize(
        PortalDatabase(
            url_source,
            max_connections=_POOL_SIZE,
            stale_timeout=300,
            timeout=_CONNECT_TIMEOUT_SECONDS,
            connect_timeout=_CONNECT_TIMEOUT_SECONDS,
            options="-c timezone=UTC -c lock_timeout=15s",
        )
    )


@contextmanager
def connection() -> Iterator[None]:
    """Use a pooled connection for the block; nested use keeps the outer one. Raises DatabaseAway."""
    opened = False
    try:
        opened = bool(database.connect(reuse_if_open=True))
    except DATABASE_ERRORS as error:
        raise DatabaseAway from error
    try:
        yield
    finally:
        if opened:
            database.close()


def current_url() -> str:
    """Return the URL of the bound database; starts the embedded one if no URL was given."""
    return str(database.url())


def release_connection() -> None:
    """Return this thread's connection to the pool, also after a failed request."""
    if not database.obj or database.is_closed():
        return
    with suppress(*DATABASE_ERRORS):
        database.close()


def transaction() -> Any:
    """Return a context manager for a transaction, or for a savepoint inside one."""
    return database.atomic()


def query(sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
    """Run one SQL statement and return its rows, [] if it returns none."""
    named = isinstance(parameters, Mapping)
    cursor = database.execute_sql(sql, parameters if named else tuple(parameters))
    return cursor.fetchall() if cursor.description else []


def tuples(select: Any) -> list[tuple[Any, ...]]:
    """Run a Peewee selection and return its rows as plain tuples."""
    return list(select.tuples())
