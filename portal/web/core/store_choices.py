"""One of the stores: a choice while a page can list them, else a field for its number."""

from __future__ import annotations

from portal.stores import BUILT_IN_STORE_ID, get_store, keyset_of_stores
from portal.web.text.platforms import store_title

# A page lists no more stores than this.
MOST = 50


def store_choices(*first: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the number and name of each store, the built-in one first; none where there are too many to list."""
    stores = keyset_of_stores().page(None, MOST)
    if stores.next_cursor:
        return []
    return [
        *first,
        *(
            (str(store.id), store_title(store.id, store.name))
            for store in (get_store(BUILT_IN_STORE_ID), *stores.rows)
        ),
    ]
