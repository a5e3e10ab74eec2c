"""Explain in one sentence that the role of DATABASE_URL lacks a right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import peewee
import psycopg2
from psycopg2.errors import InsufficientPrivilege

from portal.db.connection import DatabaseAway
from portal.db.outage import driver_error

_REMEDY = (
    "It must own the database and its tables: as a superuser, run `ALTER DATABASE name OWNER TO role`, and in the"
    " database `REASSIGN OWNED BY previous_role TO role` where another role owns the tables."
)


class RightMissing(DatabaseAway):
    """The role of DATABASE_URL may not do something; the message is one sentence for the operator."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The role of DATABASE_URL lacks a right: {what}. {_REMEDY}")


@contextmanager
def explained_rights() -> Iterator[None]:
    """Raise RightMissing for statements of the block that PostgreSQL refuses to the role."""
    try:
        yield
    except (peewee.ProgrammingError, psycopg2.ProgrammingError, DatabaseAway) as error:
        cause = driver_error(error)
        if not isinstance(cause, InsufficientPrivilege):
            raise
        raise RightMissing(str(cause).strip().partition("\n")[0]) from error
