"""Read long selections by a unique key: all rows in constant memory, or one page and the cursor of the next."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from peewee import DateTimeField, IntegerField, TextField, Tuple

from portal.lib.errors import PortalError

KEYSET_PAGE = 500
_BIGINT_END = 2**63

Row = TypeVar("Row")


class CursorInvalid(PortalError):
    """The cursor is not one that a page of this list returned."""

    code = "cursor_invalid"


@dataclass(frozen=True)
class Page(Generic[Row]):
    """A page of rows and the cursor of the next page, None at the end."""

    rows: list[Row]
    next_cursor: str | None


class Keyset(Generic[Row]):
    """The rows of a Peewee selection in the order of a unique key, highest first by default.

    Each page is a query of its own, so a slow reader occupies no connection between two pages.
    """

    def __init__(self, rows: Any, *key: Any, ascending: bool = False) -> None:
        self._rows = rows
        self._key = key
        self._ascending = ascending

    def __iter__(self) -> Iterator[Row]:
        last_key: tuple[Any, ...] | None = None
        while rows := self._read(last_key, KEYSET_PAGE):
            yield from rows
            if len(rows) < KEYSET_PAGE:
                return
            last_key = self._key_of(rows[-1])

    def page(self, cursor: str | None, size: int) -> Page[Row]:
        """Return the page of a cursor, the first one without; raise CursorInvalid."""
        last_key = parse_cursor(cursor, *self._key) if cursor else None
        return cut_page(self._read(last_key, size + 1), size, self._key_of)

    def first(self, size: int | None) -> Any:
        """Return the selection of the first rows, of all for None, for `read_together`."""
        return self._select(None, size)

    def count(self) -> int:
        """Return the number of rows; it reads them all."""
        return int(self._rows.count())

    def is_longer_than(self, rows: int) -> bool:
        """Return whether there are more rows than this, without counting all."""
        counted = self._rows.limit(rows + 1).count(clear_limit=False)
        return bool(counted > rows)

    def _key_of(self, row: Row) -> tuple[Any, ...]:
        return tuple(getattr(row, field.column_name) for field in self._key)

    def _read(self, last_key: tuple[Any, ...] | None, limit: int) -> list[Row]:
        return list(self._select(last_key, limit))

    def _select(self, last_key: tuple[Any, ...] | None, limit: int | None) -> Any:
        rows = self._rows
        if last_key is not None:
            key = Tuple(*self._key)
            rows = rows.where(key > last_key if self._ascending else key < last_key)
            if len({field.model for field in self._key}) > 1:
                # No index has all of the key, so that of the first column needs a condition of its own.
                first, last = self._key[0], last_key[0]
                rows = rows.where(first >= last if self._ascending else first <= last)
        order = [field.asc() if self._ascending else field.desc() for field in self._key]
        return rows.order_by(*order).limit(limit)


def cut_page(rows: list[Row], size: int, key_of: Callable[[Row], tuple[Any, ...]]) -> Page[Row]:
    """Return a page of rows that were read with one more than its size."""
    shown = rows[:size]
    return Page(shown, make_cursor(*key_of(shown[-1])) if len(rows) > size else None)


def page_of_list(
    rows: Sequence[Row], cursor: str | None, size: int, key_of: Callable[[Row], tuple[Any, ...]]
) -> Page[Row]:
    """Return a page of rows in memory in the order of a unique key of numbers and texts; raise CursorInvalid.

    For what is computed as a whole, such as a plan.
    """
    ordered = sorted(rows, key=key_of)
    if cursor and ordered:
        fields = (IntegerField() if isinstance(value, int) else TextField() for value in key_of(ordered[0]))
        last_key = parse_cursor(cursor, *fields)
        ordered = [row for row in ordered if key_of(row) > last_key]
    return cut_page(ordered[: size + 1], size, key_of)


def make_cursor(*key: Any) -> str:
    """Return the cursor of the page that follows a row with this key."""
    texts = (value.isoformat() if isinstance(value, datetime) else str(value) for value in key)
    return base64.urlsafe_b64encode("|".join(texts).encode()).decode()


def parse_cursor(cursor: str, *fields: Any) -> tuple[Any, ...]:
    """Return the key in a cursor, one value per field; raise CursorInvalid."""
    try:
        # Only the last value may be a text, which may contain the separator.
        texts = base64.urlsafe_b64decode(cursor.encode()).decode().split("|", len(fields) - 1)
        return tuple(_parse_value(field, text) for field, text in zip(fields, texts, strict=True))
    except (ValueError, binascii.Error):
        raise CursorInvalid(field="cursor") from None


def _parse_value(field: Any, text: str) -> Any:
    if isinstance(field, IntegerField):
        number = int(text)
        if not -_BIGINT_END <= number < _BIGINT_END:
            raise ValueError
        return number
    if isinstance(field, DateTimeField):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return moment
    if "\x00" in text:
        raise ValueError
    return text


def within(rows: Any, moment: Any, since: date | None, until: date | None) -> Any:
    """Filter a selection by a column from `since` (inclusive) to `until` (exclusive); None means no bound."""
    if since is not None:
        rows = rows.where(moment >= since)
    if until is not None:
        rows = rows.where(moment < until)
    return rows
