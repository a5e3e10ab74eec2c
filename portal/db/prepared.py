"""Statements that every connection parses and plans once.

Planning costs the database as much as running where a statement looks up a few rows in many tables.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from peewee import PostgresqlDatabase

# A plan takes some 100 KB of its session, so texts that are put together in ever new ways are not all kept.
PLANS_AT_MOST = 60
_NAMED = re.compile(r"%\((\w+)\)s")
_END = re.compile(r";\s*\n")


class Prepared(str):
    """SQL with named parameters that a connection prepares at its first use, for any values.

    Statements that are sent together end with `;` at the end of a line.
    """

    __slots__ = ()


class PreparedStatements(PostgresqlDatabase):  # type: ignore[misc]
    """Prepare statements that are `Prepared`, unless sessions are shared behind a pooler."""

    shares_sessions = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The names of the statements of each connection.
        self._plans: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
        self._numbers = itertools.count()

    def _execute_cursor(self, sql: str, params: Any, **options: Any) -> Any:
        if self.shares_sessions or not isinstance(sql, Prepared) or not isinstance(params, Mapping):
            return super()._execute_cursor(sql, params, **options)
        plans = self._plans.setdefault(self.connection(), {})
        if len(plans) >= PLANS_AT_MOST and sql not in plans:
            return super()._execute_cursor(str(sql), params, **options)
        return self._execute_prepared(plans, sql, params)

    def _execute_prepared(self, plans: dict[str, str], sql: Prepared, params: Mapping[str, object]) -> Any:
        parts = _parts(sql)
        is_new = sql not in plans
        # A name is used once: nobody knows how far a statement that failed had come.
        name = f"s{next(self._numbers)}" if is_new else plans[sql]
        calls = [f"EXECUTE {name}_{place}{arguments}" for place, (_body, arguments) in enumerate(parts)]
        if is_new:
            calls = [f"PREPARE {name}_{place} AS {body}" for place, (body, _) in enumerate(parts)] + calls
        try:
            cursor = super()._execute_cursor(";\n".join(calls), params)
        except Exception:
            plans.pop(sql, None)
            raise
        plans[sql] = name
        return cursor


@lru_cache(maxsize=1_000)
def _parts(sql: str) -> list[tuple[str, str]]:
    """Return the statements of a text with numbered parameters, each with the arguments of its call."""
    return [numbered(part) for part in _END.split(sql.strip()) if part.strip()]


def numbered(statement: str) -> tuple[str, str]:
    """Return one statement with numbered parameters, and the arguments of a call of it."""
    names = list(dict.fromkeys(_NAMED.findall(statement)))
    body = _NAMED.sub(lambda match: f"${names.index(match[1]) + 1}", statement)
    arguments = ", ".join(f"%({name})s" for name in names)
    # The text of PREPARE passes through the same formatting as the arguments, so a doubled percent sign stays.
    return body, f" ({arguments})" if names else ""
