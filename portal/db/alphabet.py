"""Order names by the alphabet of the reader's language, whatever the collation of the database.

PostgreSQL's ICU collations do it where the server has them; `alphabet_key` of `sql/functions` does elsewhere, as in
the embedded server.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from peewee import fn

from portal.db.connection import current_url, query

_COLLATIONS = {"en": "en-x-icu", "uk": "uk-x-icu", "ru": "ru-x-icu"}


def alphabetical(column: Any, language: str) -> Any:
    """Return a Peewee expression that orders a text column by the alphabet of a language."""
    collation = _COLLATIONS[language]
    if _has_collation(current_url(), collation):
        return column.collate(f'"{collation}"')
    return fn.alphabet_key(column, language).collate('"C"')


@cache
def _has_collation(_database_url: str, name: str) -> bool:
    return bool(query("SELECT 1 FROM pg_collation WHERE collname = %s", [name]))
