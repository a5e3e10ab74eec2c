"""Order names by the alphabet of the reader's language, whatever the collation of the database.

`alphabet_key` of `sql/functions` makes the keys. Indexes of them (`sql/086_flat_reads.sql`) let a page read only its
rows, and no upgrade of ICU changes their order.
"""

from __future__ import annotations

from typing import Any

from peewee import fn


def alphabetical(column: Any, language: str) -> Any:
    """Return a Peewee expression that orders a text column by the alphabet of a language."""
    return fn.alphabet_key(column, language).collate('"C"')
