"""Order names by the alphabet of the reader's language and find parts of them, whatever the collation of the database.

`alphabet_key` of `sql/functions` makes the keys. Indexes of them (`sql/086_flat_reads.sql`) let a page read only its
rows, and no upgrade of ICU changes their order.
"""

from __future__ import annotations

from typing import Any

from peewee import fn

from portal.lib.texts import plain_line

# In a database with LC_CTYPE C, lower() leaves them as they are.
_CAPITALS = "АБВГҐДЕЄЁЖЗИІЇЙКЛМНОПРСТУЎФХЦЧШЩЪЫЬЭЮЯ"


def alphabetical(column: Any, language: str) -> Any:
    """Return a Peewee expression that orders a text column by the alphabet of a language."""
    return fn.alphabet_key(column, language).collate('"C"')


def has_part(column: Any, part: str) -> Any:
    """Return a Peewee condition that a text has a part, in any letter case and composition of letters."""
    return fn.strpos(without_case(column), without_case(plain_line(part))) > 0


def without_case(text: Any) -> Any:
    """Return a Peewee expression of a text in small letters, those of Cyrillic in a database of any collation."""
    return fn.translate(fn.lower(text), _CAPITALS, _CAPITALS.lower())
