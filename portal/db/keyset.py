"""Long selections read a page a query by their key: memory stays flat however many rows there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Generic, TypeVar

from peewee import Tuple

KEYSET_PAGE = 500

Row = TypeVar("Row")


class Keyset(Generic[Row]):
    """The rows of a Peewee selection in the order of a unique key, highest first unless told otherwise.

    Each page is a query of its own, so nothing is held between two pages while a slow reader takes its time.
    """

    def __init__(self, rows: Any, *key: Any, ascending: bool = False) -> None:
        self._rows = rows
        self._key = key
        self._ascending = ascending

    def __iter__(self) -> Iterator[Row]:
        passed: tuple[Any, ...] | None = None
        while found := self._page(passed):
            yield from found
            if len(found) < KEYSET_PAGE:
                return
            passed = tuple(getattr(found[-1], field.column_name) for field in self._key)

    def is_longer_than(self, rows: int) -> bool:
        """Tell whether there are more rows than this, counting no further."""
        counted = self._rows.limit(rows + 1).count(clear_limit=False)
        return bool(counted > rows)

    def _page(self, passed: tuple[Any, ...] | None) -> list[Row]:
        rows = self._rows
        if passed is not None:
            key = Tuple(*self._key)
            rows = rows.where(key > passed if self._ascending else key < passed)
        order = [field.asc() if self._ascending else field.desc() for field in self._key]
        return list(rows.order_by(*order).limit(KEYSET_PAGE))


def within(rows: Any, moment: Any, since: date | None, until: date | None) -> Any:
    """Narrow a selection to a column's values from `since` on and before `until`; None leaves a side open."""
    if since is not None:
        rows = rows.where(moment >= since)
    if until is not None:
        rows = rows.where(moment < until)
    return rows
