"""Read several selections by one statement, so that all of them show the same state."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from peewee import fn
from playhouse.postgres_ext import JSONField

from portal.db.connection import query


def read_together(*selections: Any) -> list[list[Any]]:
    """Return the rows of Peewee selections, a list for each, from one statement and one state of the database.

    A column is a field of a model, or an alias of an integer or a text. Binary columns are not supported.
    """
    if not selections:
        return []
    parts, parameters = [], []
    for selection in selections:
        sql, values = selection.sql()
        parts.append(_as_json(sql, selection.selected_columns))
        parameters += values
    (answers,) = query(f"SELECT {', '.join(parts)}", parameters)
    return [
        list(selection.execute(_Answer(answer or "[]", selection.selected_columns)))
        for selection, answer in zip(selections, answers, strict=True)
    ]


def any_of(selection: Any) -> Any:
    """Return the values of a selection for a comparison: read first, so that an index answers the comparison."""
    return fn.ANY(fn.ARRAY(selection))


def _as_json(sql: str, columns: Sequence[Any]) -> str:
    """Return an expression for the rows of a statement as one JSON text, in their order."""
    names = [f"c{number}" for number in range(len(columns))]
    # JSON inside of JSON stays a text, so that its numbers are read as they always are.
    casts = ["::text" if _is_json(column) else "" for column in columns]
    values = ", ".join(f"{name}{cast}" for name, cast in zip(names, casts, strict=True))
    return f"(SELECT json_agg(json_build_array({values}))::text FROM ({sql}) AS rows ({', '.join(names)}))"  # noqa: S608


class _Answer:
    """The rows of one selection, in the place of a database and of its cursor."""

    def __init__(self, answer: str, columns: Sequence[Any]) -> None:
        readers = [_reader(column) for column in columns]
        self._rows = iter(
            [None if value is None else read(value) for read, value in zip(readers, row, strict=True)]
            for row in json.loads(answer, parse_float=Decimal)
        )
        self.description = [(_name(column),) for column in columns]

    def execute(self, _selection: Any) -> _Answer:
        return self

    def fetchone(self) -> list[Any] | None:
        return next(self._rows, None)

    def close(self) -> None:
        """Do nothing: the cursor of the statement is closed."""


def _name(column: Any) -> str:
    return getattr(column, "_alias", None) or str(column.column_name)


def _is_json(column: Any) -> bool:
    return isinstance(column.unwrap(), JSONField)


def _reader(column: Any) -> Callable[[Any], Any]:
    """Return what makes a value that its field reads; fields read times from text."""
    return json.loads if _is_json(column) else _unchanged


def _unchanged(value: Any) -> Any:
    return value
