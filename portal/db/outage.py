"""One log line when the database goes away and one when it returns, noticed by requests, jobs or the beacon."""

from __future__ import annotations

import psycopg2
from psycopg2.errors import (
    DiskFull,
    LockNotAvailable,
    QueryCanceled,
    ReadOnlySqlTransaction,
    TransactionRollback,
)

from portal.logs import OutageLog, get_logger

_log = get_logger(__name__)
_database = OutageLog(_log, "database unavailable", "database available again")
# The server works, but ended these statements: lock time-outs, deadlocks.
_statements = OutageLog(_log, "database statement cancelled", "database statements complete again")
_CANCELLED = (LockNotAvailable, QueryCanceled, TransactionRollback)
# It answers and writes nothing; many hosted databases become read-only when their disk is full.
_UNWRITABLE = (DiskFull, ReadOnlySqlTransaction)


def note_failure(error: BaseException) -> None:
    """Count a failure of the database towards the present outage."""
    cause = driver_error(error)
    outage = _statements if isinstance(cause, _CANCELLED) else _database
    outage.failed(first_line(cause))


def note_success() -> None:
    """End the present outage: a connection works."""
    _database.worked()
    _statements.worked()


def is_outcome_unknown(error: BaseException) -> bool:
    """Return whether a statement, which may have been a COMMIT, got no answer because its connection was lost."""
    cause = driver_error(error)
    return isinstance(cause, (psycopg2.OperationalError, psycopg2.InterfaceError)) and not isinstance(
        cause, (*_CANCELLED, *_UNWRITABLE)
    )


def is_unwritable(error: BaseException) -> bool:
    """Return whether a statement failed because the database can write nothing now."""
    return isinstance(driver_error(error), _UNWRITABLE)


def first_line(error: BaseException) -> str:
    """Return the kind of an error and the first line of its message."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


def driver_error(error: BaseException) -> BaseException:
    """Return the error of the driver behind one of Peewee's or of our own."""
    while not isinstance(error, psycopg2.Error):
        following = error.__cause__ or error.__context__
        if following is None:
            return error
        error = following
    return error
