"""Read several selections by one statement, so that all of them show the same state."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cache
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
    (answers,) = query(*_together(selections))
    return _rows(selections, answers)


Reading = Callable[[str], list[list[Any]]]


def built_once(select: Callable[[str], Sequence[Any]]) -> Reading:
    """Return a function that reads together what `select` selects for a text, such as the rows of one order.

    Building the statement takes longer than reading its rows, so it is built at the first call, which raises ValueError
    where the text would become a part of the statement or of another value.
    """

    @cache
    def statement() -> _Statement:
        return _Statement(select)

    return lambda text: statement().read(text)


class _Statement:
    """The statement of several selections, with the places of the one text that they depend on."""

    def __init__(self, select: Callable[[str], Sequence[Any]]) -> None:
        first, second = _Place("place-1"), _Place("place-2")
        self._selections = list(select(first))
        self._sql, self._parameters = _together(self._selections)
        other_sql, other_parameters = _together(select(second))
        if self._sql != other_sql or [_place(value) for value in self._parameters] != list(
            map(_place, other_parameters)
        ):
            raise ValueError("A selection depends on its text in another way than as a parameter.")

    def read(self, text: str) -> list[list[Any]]:
        parameters = [text if isinstance(value, _Place) else value for value in self._parameters]
        (answers,) = query(self._sql, parameters)
        return _rows(self._selections, answers)


class _Place(str):
    """A text that stands for another one in the parameters of a statement."""


def _place(parameter: Any) -> Any:
    return _Place if isinstance(parameter, _Place) else str(parameter)


def any_of(selection: Any) -> Any:
    """Return the values of a selection for a comparison: read first, so that an index answers the comparison."""
    return fn.ANY(fn.ARRAY(selection))


def _together(selections: Iterable[Any]) -> tuple[str, list[Any]]:
    parts, parameters = [], []
    for selection in selections:
        sql, values = selection.sql()
        parts.append(_as_json(sql, selection.selected_columns))
        parameters += values
    return f"SELECT {', '.join(parts)}", parameters


def _rows(selections: Iterable[Any], answers: Iterable[str | None]) -> list[list[Any]]:
    return [
        list(selection.clone().execute(_Answer(answer or "[]", selection.selected_columns)))
        for selection, answer in zip(selections, answers, strict=True)
    ]


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
