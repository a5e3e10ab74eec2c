"""models.py agrees with the migrated database on every column."""

from __future__ import annotations

import inspect

import peewee
from playhouse.postgres_ext import ArrayField, BinaryJSONField, DateTimeTZField, IdentityField

import models
from tests.support.databases import execute

_TYPES: tuple[tuple[type[peewee.Field], str], ...] = (
    (IdentityField, "bigint"),
    (ArrayField, "ARRAY"),
    (BinaryJSONField, "jsonb"),
    (DateTimeTZField, "timestamp with time zone"),
    (models.WeiField, "numeric(78,0)"),
    (models.PercentField, "numeric(9,6)"),
    (models.ExactField, "numeric(38,18)"),
    (models.ExactSumField, "numeric(58,18)"),
    (peewee.BigIntegerField, "bigint"),
    (peewee.SmallIntegerField, "smallint"),
    (peewee.IntegerField, "integer"),
    (peewee.TextField, "text"),
    (peewee.BooleanField, "boolean"),
    (peewee.DateField, "date"),
    (peewee.BlobField, "bytea"),
)
_COLUMNS = """
SELECT c.table_name, c.column_name, c.is_nullable = 'YES',
    CASE WHEN c.data_type = 'numeric' THEN 'numeric(' || numeric_precision || ',' || numeric_scale || ')'
         ELSE c.data_type END
FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name NOT LIKE '%yoyo%'
"""
_KEYS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attname)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE '%yoyo%'
GROUP BY c.relname
"""


def tables() -> dict[str, type[peewee.Model]]:
    """Return the models by table name; abstract bases have no table."""
    models_of_tables = [
        value for _, value in inspect.getmembers(models, inspect.isclass) if issubclass(value, models.Table)
    ]
    return {
        each._meta.table_name: each
        for each in models_of_tables
        if each not in (models.Table, models.StatusTable)
    }


def column_type(field: peewee.Field) -> str:
    if isinstance(field, peewee.ForeignKeyField):
        return column_type(field.rel_field)
    return next(name for kind, name in _TYPES if isinstance(field, kind))


def test_columns_types_and_nullability_agree(database_url: str) -> None:
    stored = {(table, column): (kind, null) for table, column, null, kind in execute(database_url, _COLUMNS)}
    declared = {
        (name, field.column_name): (column_type(field), bool(field.null))
        for name, model in tables().items()
        for field in model._meta.sorted_fields
    }
    assert declared == stored


def test_primary_keys_agree(database_url: str) -> None:
    stored = {table: set(columns) for table, columns in execute(database_url, _KEYS)}
    declared = {
        name: {field.column_name for field in model._meta.get_primary_keys()}
        for name, model in tables().items()
    }
    assert declared == stored


def test_money_and_percents_are_exact_in_the_database(database_url: str) -> None:
    inexact = [
        row for row in execute(database_url, _COLUMNS) if row[3] in ("real", "double precision", "money")
    ]
    assert not inexact
    unnamed = [
        (table, column)
        for table, column, _, kind in execute(database_url, _COLUMNS)
        if (str(column).endswith("_minor") and kind != "bigint")
        or (str(column).endswith("_wei") and kind != "numeric(78,0)")
    ]
    assert not unnamed
