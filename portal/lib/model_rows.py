"""Make models from the rows of a selection without a call for each column: a page shows hundreds of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from peewee import (
    BooleanField,
    Field,
    ForeignKeyField,
    IntegerField,
    ModelCursorWrapper,
    ModelObjectCursorWrapper,
    ModelSelect,
    TextField,
)

# Their values are what the driver returns, and what JSON has.
_AS_READ = (BooleanField, IntegerField, TextField)
# Index, name and converter of a column.
Column = tuple[int, str, Callable[[Any], Any] | None]


class RowSelect(ModelSelect):
    """A selection whose rows become the same models as Peewee's, in less time."""

    _from_list: Any
    _joins: Any
    _returning: Any

    def _get_model_cursor_wrapper(self, cursor: Any) -> Any:
        if len(self._from_list) == 1 and not self._joins:
            return _Rows(cursor, self.model, self._returning, self.model)
        return _JoinedRows(cursor, self.model, self._returning, self._from_list, self._joins)


class _Maker:
    """Makes the objects of one model from its columns of a row."""

    def __init__(self, model: Any, columns: Sequence[Column]) -> None:
        fields = model._meta.fields
        self._model = model
        self._plain = [(index, name) for index, name, _convert in columns if name in fields]
        self._converted = [(name, convert) for _index, name, convert in columns if convert and name in fields]
        self._others = [column for column in columns if column[1] not in fields]
        self._indexes = [index for index, _name, _convert in columns]

    def make(self, row: tuple[Any, ...]) -> Any:
        made = self._model.__new__(self._model)
        data = {name: row[index] for index, name in self._plain}
        for name, read in self._converted:
            data[name] = read(data[name])
        made.__data__, made.__rel__, made._dirty = data, {}, set()
        for index, name, convert in self._others:
            setattr(made, name, convert(row[index]) if convert else row[index])
            made._dirty.clear()
        return made

    def has_values(self, row: tuple[Any, ...]) -> bool:
        return any(row[index] is not None for index in self._indexes)


class _Rows(ModelObjectCursorWrapper):
    """The rows of one table."""

    def initialize(self) -> None:
        super().initialize()
        converters = map(_needed, self.select, self.converters)
        self._make = _Maker(
            self.model, list(zip(range(self.ncols), self.unique_columns, converters, strict=True))
        ).make

    def process_row(self, row: tuple[Any, ...]) -> Any:
        return self._make(row)


class _JoinedRows(ModelCursorWrapper):
    """The rows of several tables: a model for each, and those that its joins lead to as its attributes."""

    _row_spec: Any
    _dest_reachable: Any

    def initialize(self) -> None:
        super().initialize()
        self._is_simple = all(
            is_model for _constructor, is_model in self.key_to_constructor.values()
        ) and not any(is_outer for _source, _name, _target, _is_dict, is_outer, _is_key in self.src_to_dest)
        columns: dict[Any, list[Column]] = {key: [] for key in self.key_to_constructor}
        for (index, key, name, convert), node in zip(self._row_spec, self.select, strict=True):
            columns[key if key in columns else self.model].append((index, name, _needed(node, convert)))
        self._makers = (
            {key: _Maker(self.key_to_constructor[key][0], of_key) for key, of_key in columns.items()}
            if self._is_simple
            else {}
        )

    def process_row(self, row: tuple[Any, ...]) -> Any:
        if not self._is_simple:  # of outer joins, where a missing row is no model
            return super().process_row(row)  # type: ignore[no-untyped-call]
        made = {key: maker.make(row) for key, maker in self._makers.items()}
        present = {key for key, maker in self._makers.items() if maker.has_values(row)}
        for source, name, target, *_ in self.src_to_dest:
            if target in present or not present.isdisjoint(self._dest_reachable.get(target, ())):
                setattr(made[source], name, made[target])
        for each in made.values():
            each._dirty.clear()
        return made[self.model]


def _needed(node: Any, convert: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    """Return None for the converter of a column whose values are right as they are read."""
    field: Any = node
    while isinstance(field, ForeignKeyField):
        field = field.rel_field
    return None if isinstance(node, Field) and isinstance(field, _AS_READ) else convert
