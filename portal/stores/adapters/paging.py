"""Read a store's list of changed orders page after page while they go on changing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from portal.stores.adapters.forms import documented_form
from portal.stores.adapters.protocol import DeliveryUnreadable, StoreUnreachable

# Returns a page: what changed since a time, oldest change first, without so many from its beginning.
Ask = Callable[[datetime, int], list[Any]]
ChangedAt = Callable[[Any], datetime | None]


def read_changed(ask: Ask, since: datetime, size: int, changed_at: ChangedAt) -> Iterator[Any]:
    """Yield what changed since a time, in pages of a size; raise StoreUnreachable for pages that repeat.

    Each page asks for what changed after the last of the page before: counted from the beginning, one would be skipped
    for each that changes meanwhile and so moves to the end.
    """
    seen: set[tuple[str, datetime | None]] = set()
    skip = 0
    while True:
        found = ask(since, skip)
        fresh = {(_id(each), _moment(each, changed_at)): each for each in found}
        fresh = {key: each for key, each in fresh.items() if key not in seen}
        seen.update(fresh)
        yield from fresh.values()
        if len(found) < size:
            return
        if skip and not fresh:
            raise StoreUnreachable(detail="its pages repeat", retry_after=None)
        newest = _moment(found[-1], changed_at) or since
        skip = skip + len(found) if newest <= since else 0
        since = max(since, newest)


def _id(each: Any) -> str:
    return str(each.get("id") if isinstance(each, dict) else each)


def _moment(each: Any, changed_at: ChangedAt) -> datetime | None:
    """Return when an entry changed, None where it does not say so."""
    try:
        with documented_form():
            return changed_at(each)
    except DeliveryUnreadable:
        return None
