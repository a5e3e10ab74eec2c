"""sql/schema.sql is the schema that the migrations and functions create."""

from __future__ import annotations

from tests.house.schema import SCHEMA, dump_schema
from tests.support.databases import server_url


def test_committed_schema_is_what_migrations_and_functions_create() -> None:
    schema = dump_schema(server_url("embedded"))
    assert schema == SCHEMA.read_text(), "The schema changed. If that is intended: make schema"
