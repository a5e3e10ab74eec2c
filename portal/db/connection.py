"""One pooled database per process, bound once from the settings."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import psycopg2
from peewee import InterfaceError, InternalError, OperationalError, PostgresqlDatabase
from playhouse.pool import MaxConnectionsExceeded, PooledPostgresqlDatabase

from models import database
from portal.counters import counters
from portal.db.late import LateStatements
from portal.db.outage import is_unwritable, note_failure, note_success
from portal.db.prepared import PreparedStatements
from portal.db.session_name import session_name
from portal.dev.postgres import postgres_is_running, start_postgres, stop_postgres
from portal.lib.errors import PortalError

_CONNECT_TIMEOUT_SECONDS = 5
_POOL_SIZE = 20
# A connection that was used this recently is not asked whether its server still lives.
_SURELY_OPEN_SECONDS = 1
# As a statement: PgBouncer refuses them among the parameters of a connection. The values of prepared statements change
# nothing in how they are best answered, so they are not planned again for each. A process that is paused in a
# transaction loses it, or its locks would stop the others.
_SESSION_SETTINGS = (
    "SET timezone = 'UTC'; SET lock_timeout = '15s'; SET idle_in_transaction_session_timeout = '60s';"
    " SET plan_cache_mode = force_generic_plan"
)
# A server that no longer acknowledges anything is given up after some seconds.
KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


POOL: dict[str, Any] = {
    "max_connections": _POOL_SIZE,
    "stale_timeout": 300,
    "timeout": _CONNECT_TIMEOUT_SECONDS,
    "connect_timeout": _CONNECT_TIMEOUT_SECONDS,
    **KEEPALIVE,
}
# What Peewee knows about a thread's connection.
_STATE = ("conn", "closed", "ctx", "transactions", "commit_callbacks")


class DatabaseAway(PortalError):
    """The database cannot be reached; nothing was changed, unless the param `is_outcome_unknown` is set."""

    code = "database_away"


DATABASE_ERRORS = (
    OperationalError,
    InterfaceError,
    MaxConnectionsExceeded,
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
)


def report_outage(error: BaseException) -> bool:
    """Return whether an error means that the database failed; it is logged once per outage, so not by the caller."""
    is_outage = isinstance(error, (DatabaseAway, *DATABASE_ERRORS))
    if is_outage:
        note_failure(error)
    return is_outage


class _ConfiguredDatabase(PostgresqlDatabase):
    """Set up every new connection before the pool has it."""

    def _connect(self) -> Any:
        conn = super()._connect()  # type: ignore[misc]
        with conn.cursor() as cursor:
            cursor.execute(_SESSION_SETTINGS)
        counters().database_connections.inc()
        return conn


class PortalDatabase(PreparedStatements, LateStatements, PooledPostgresqlDatabase, _ConfiguredDatabase):  # type: ignore[misc]
    """A pool that reads its URL at the first connection and never returns a connection that the server has closed."""

    def __init__(self, url_source: Callable[[], str], direct_url: str = "", **options: Any) -> None:
        super().__init__(None, **options)
        self._url_source = url_source
        self._direct_url = direct_url
        self.shares_sessions = bool(direct_url)
        self._options = options
        self.replica: Any = None
        self._returned: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    def url(self) -> str:
        return self._url_source()

    def direct_url(self) -> str:
        return self._direct_url or self.url()

    @contextmanager
    def instead(self, connection: Any) -> Iterator[None]:
        """Let this thread use another connection for the block; there must be no open transaction."""
        state = self._state
        own = {name: getattr(state, name) for name in _STATE}
        state.set_connection(connection)
        try:
            yield
        finally:
            for name, value in own.items():
                setattr(state, name, value)

    def connect(self, *args: Any, **kwargs: Any) -> Any:
        if self.deferred:
            self.init(self._url_source(), **self._options)
        opened = super().connect(*args, **kwargs)
        if opened:
            note_success()
        return opened

    def _execute_cursor(self, sql: str, params: Any, **options: Any) -> Any:
        try:
            return super()._execute_cursor(sql, params, **options)
        except InternalError as error:
            if is_unwritable(error):  # the server is read-only, which is an outage
                raise OperationalError(*error.args) from error
            raise

    def _can_reuse(self, conn: Any) -> bool:
        self._returned[conn] = time.monotonic()
        return bool(super()._can_reuse(conn))

    def _is_closed(self, conn: Any) -> bool:
        if conn.closed:
            return True
        if time.monotonic() - self._returned.get(conn, 0) < _SURELY_OPEN_SECONDS and not _has_input(conn):
            return False
        # Peewee asks the server.
        return bool(super()._is_closed(conn))


def _has_input(conn: Any) -> bool:
    """Return whether the server has sent something: when it closes an idle connection, it says so."""
    waiting = select.poll()
    waiting.register(conn.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


_started: set[Path] = set()


def _start_embedded(folder: Path) -> str:
    if not postgres_is_running(folder):
        _started.add(folder)
    return start_postgres(folder)


def stop_embedded() -> None:
    """Stop the embedded database if this process started it; others keep running."""
    if _started and not database.deferred:
        database.close_all()
    while _started:
        stop_postgres(_started.pop())


def bind_database(database_url: str, data_dir: Path | None = None, *, direct_url: str = "") -> None:
    """Bind every model of this process to a PostgreSQL URL; the first use connects.

    `direct_url` leads to the same database past a pooler that shares sessions: locks and prepared statements use it.
    Without a URL the first use starts the embedded database of `data_dir`, or connects to it if it runs already.
    """

    def url_source() -> str:
        return database_url or _start_embedded(data_dir or Path(".data"))

    database.initialize(
        PortalDatabase(
            url_source,
            direct_url,
            fallback_application_name=session_name(),
            **POOL,
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


def direct_url() -> str:
    """Return the URL for what belongs to a session: locks, prepared statements, migrations."""
    return str(database.direct_url())


def release_connection() -> None:
    """Return this thread's connection to the pool, also after a failed request."""
    if not database.obj or database.is_closed():
        return
    with suppress(*DATABASE_ERRORS):
        database.close()


def transaction() -> Any:
    """Return a context manager for a transaction, or for a savepoint inside one."""
    # Of the database itself: its proxy makes plain savepoints.
    return database.obj.atomic()


def query(sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
    """Run one SQL statement and return its rows, [] if it returns none."""
    named = isinstance(parameters, Mapping)
    cursor = database.execute_sql(sql, parameters if named else tuple(parameters))
    return cursor.fetchall() if cursor.description else []


def distinct_values(table: str, column: str) -> list[str]:
    """Return the values of an indexed column, sorted, by a jump from each to the next in the index."""
    rows = query(
        f"""WITH RECURSIVE found AS (
            SELECT min({column}) AS value FROM {table}
            UNION ALL SELECT (SELECT min({column}) FROM {table} WHERE {column} > value) FROM found
            WHERE value IS NOT NULL
        ) SELECT value FROM found WHERE value IS NOT NULL ORDER BY 1"""  # noqa: S608 - names of ours
    )
    return [value for (value,) in rows]


def tuples(select: Any) -> list[tuple[Any, ...]]:
    """Run a Peewee selection and return its rows as plain tuples."""
    return list(select.tuples())
