"""Read long selections page by page by a unique key, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Generic, TypeVar

from peewee import Tuple

KEYSET_PAGE = 500

Row = TypeVar("Row")


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
        while page := self._page(last_key):
            yield from page
            if len(page) < KEYSET_PAGE:
                return
            last_key = tuple(getattr(page[-1], field.column_name) for field in self._key)

    def is_longer_than(self, rows: int) -> bool:
        """Return whether there are more rows than this, without counting all."""
        counted = self._rows.limit(rows + 1).count(clear_limit=False)
        return bool(counted > rows)

    def _page(self, last_key: tuple[Any, ...] | None) -> list[Row]:
        rows = self._rows
        if last_key is not None:
            key = Tuple(*self._key)
            rows = rows.where(key > last_key if self._ascending else key < last_key)
        order = [field.asc() if self._ascending else field.desc() for field in self._key]
        return list(rows.order_by(*order).limit(KEYSET_PAGE))


def within(rows: Any, moment: Any, since: date | None, until: date | None) -> Any:
    """Filter a selection by a column from `since` (inclusive) to `until` (exclusive); None means no bound."""
    if since is not None:
        rows = rows.where(moment >= since)
    if until is not None:
        rows = rows.where(moment < until)
    return rows
