"""One table that holds data about people, and its rows about one person as JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from models import Table, WeiField
from portal.chain import checksummed_values
from portal.db import Keyset
from portal.lib.spreadsheets import guard_formula


@dataclass(frozen=True)
class Person:
    """Whose data is read: the id of the account and its e-mail, "" without one."""

    id: int
    email: str


@dataclass(frozen=True)
class Keep:
    """Erasure keeps the rows, for a reason: they say nothing about the person but the pseudonym."""

    reason: str


@dataclass(frozen=True)
class Delete:
    """Erasure deletes the rows."""


class Clear:
    """Erasure keeps the rows and sets columns to values, in those that meet a further condition if there is one."""

    def __init__(self, where: Any = None, **values: Any) -> None:
        self.where = where
        self.values = values


Erasure = Keep | Delete | Clear | tuple[Clear, ...]


@dataclass(frozen=True)
class PersonalTable:
    """A table with rows about people.

    `rows` returns the condition of the rows about one person, `erasure` is what erasing them does to these rows.
    `hidden` are columns that are not exported: secrets and their hashes, and what names or was written about other
    people. `name` is the name of its files in the export.
    """

    model: type[Table]
    rows: Callable[[Person], Any]
    erasure: Erasure
    hidden: frozenset[str] = frozenset()
    name: str = ""

    @property
    def file_name(self) -> str:
        return self.name or str(self._meta.table_name)

    @property
    def columns(self) -> list[str]:
        """Return the names of the exported columns."""
        return [field.column_name for field in self._fields]

    def read(self, person: Person) -> Iterator[dict[str, Any]]:
        """Yield the rows about a person, in the order of their key."""
        selected = self.model.select().where(self.rows(person))
        for row in Keyset[Any](selected, *self._meta.get_primary_keys(), ascending=True):
            yield {field.column_name: _value(field, row.__data__[field.name]) for field in self._fields}

    def erase(self, person: Person) -> None:
        """Do to the rows about a person what their erasure does."""
        if isinstance(self.erasure, Delete):
            self.model.delete().where(self.rows(person)).execute()
        elif not isinstance(self.erasure, Keep):
            for clear in self.erasure if isinstance(self.erasure, tuple) else (self.erasure,):
                rows = self.rows(person)
                condition = rows if clear.where is None else rows & clear.where
                self.model.update(clear.values).where(condition).execute()

    @property
    def _meta(self) -> Any:
        return self.model._meta

    @property
    def _fields(self) -> list[Any]:
        return [field for field in self._meta.sorted_fields if field.column_name not in self.hidden]


def json_pieces(table: PersonalTable, person: Person) -> Iterator[str]:
    """Yield the rows about a person as one JSON list, a row per line."""
    separator = "[\n"
    for row in table.read(person):
        yield separator + json.dumps(row, ensure_ascii=False)
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def csv_pieces(table: PersonalTable, person: Person) -> Iterator[str]:
    """Yield the rows about a person as CSV, under the names of their columns."""
    yield _csv_line(table.columns)
    for row in table.read(person):
        yield _csv_line([_cell(value) for value in row.values()])


def _value(field: Any, value: Any) -> Any:
    """Return a stored value as JSON has it: times in ISO 8601, decimals and tokens as texts, addresses in EIP-55."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(field, WeiField) and value is not None:
        return str(value)
    return checksummed_values(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return guard_formula(value)
    return json.dumps(value, ensure_ascii=False)


def _csv_line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
