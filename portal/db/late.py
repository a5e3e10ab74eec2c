"""Statements without an answer are sent with the next one, so that a transaction costs no round trips of its own.

BEGIN, SAVEPOINT and RELEASE wait. What is undone before anything else was sent is never sent, and COMMIT releases every
savepoint.
"""

from __future__ import annotations

from typing import Any

from peewee import PostgresqlDatabase, _savepoint
from psycopg2.extensions import TRANSACTION_STATUS_INERROR, TRANSACTION_STATUS_UNKNOWN

_FAILED = (TRANSACTION_STATUS_INERROR, TRANSACTION_STATUS_UNKNOWN)
# Behind PgBouncer in transaction mode a connection keeps its time zone, but not its other settings.
_BEGIN = "BEGIN"
_BEGIN_SHARED = "BEGIN; SET LOCAL lock_timeout = '15s'; SET LOCAL idle_in_transaction_session_timeout = '60s'"


class LateStatements(PostgresqlDatabase):
    """Send what begins a transaction or a savepoint with the first statement inside of it."""

    shares_sessions = False
    _state: Any

    @property
    def late(self) -> list[str]:
        """The statements of this thread that wait to be sent."""
        waiting: list[str] = self._state.__dict__.setdefault("late", [])
        return waiting

    def begin(self, isolation_level: str | None = None) -> None:
        if self.is_closed():
            self.connect()  # with the first statement, it would forget the transaction
        self.late.clear()
        if isolation_level is None:
            self.late.append(_BEGIN_SHARED if self.shares_sessions else _BEGIN)
        else:
            super().begin(isolation_level)

    def savepoint(self) -> LateSavepoint:
        return LateSavepoint(self)

    def commit(self) -> None:
        if not self._is_unsent():
            super().commit()

    def rollback(self) -> None:
        if not self._is_unsent():
            super().rollback()

    def _is_unsent(self) -> bool:
        """Return whether the transaction that ends sent nothing, and forget what waits."""
        is_unsent = self.late[:1] in ([_BEGIN], [_BEGIN_SHARED])
        self.late.clear()
        return is_unsent

    def _execute_cursor(self, sql: str, params: Any, **options: Any) -> Any:
        together = "; ".join([*self.late, sql]) if self.late else sql
        try:
            cursor = super()._execute_cursor(together, params, **options)  # type: ignore[misc]
        except Exception:
            # What Python refuses, such as a NUL in a text, is never sent.
            if self._state.conn is None or self._state.conn.info.transaction_status in _FAILED:
                self.late.clear()
            raise
        self.late.clear()
        return cursor


class LateSavepoint(_savepoint):
    """A savepoint that begins with the first statement inside of it."""

    @property
    def _start(self) -> str:
        return f"SAVEPOINT {self.quoted_sid}"

    def _begin(self) -> None:
        self.db.late.append(self._start)

    def commit(self, begin: bool = True) -> None:
        if not self._forget():
            self.db.late.append(f"RELEASE SAVEPOINT {self.quoted_sid}")
        if begin:
            self._begin()

    def rollback(self, begin: bool = True) -> None:
        if not self._forget():
            # What waits is inside of this savepoint.
            self.db.late.clear()
            self.db.execute_sql(f"ROLLBACK TO SAVEPOINT {self.quoted_sid}")
        if begin:
            self._begin()

    def _forget(self) -> bool:
        """Forget the savepoint if it was not sent, with what waits inside of it; return whether that is so."""
        late = self.db.late
        if self._start not in late:
            return False
        del late[late.index(self._start) :]
        return True
