"""Names for what events mention by number: people, vendors, products, stores."""

from __future__ import annotations

from collections.abc import Iterable

from models import EventLog, Product, Store, User, Vendor
from portal.db import read_together

# Entity -> the table that has its names.
_NAMED: dict[str, type[User] | type[Vendor] | type[Product] | type[Store]] = {
    "user": User,
    "vendor": Vendor,
    "product": Product,
    "store": Store,
}

Names = dict[tuple[str, str], str]


def event_names(events: Iterable[EventLog]) -> Names:
    """Return {(entity, id): name} of the entities and the actors of events, where they have a name."""
    ids_of: dict[str, set[int]] = {entity: set() for entity in _NAMED}
    for event in events:
        if event.actor_user_id is not None:
            ids_of["user"].add(event.actor_user_id)
        if event.entity in _NAMED and event.entity_id.isdecimal():
            ids_of[event.entity].add(int(event.entity_id))
    named = {entity: _NAMED[entity] for entity, ids in ids_of.items() if ids}
    found = read_together(
        *(
            table.select(table.id, table.name).where(table.id.in_(list(ids_of[entity])))
            for entity, table in named.items()
        )
    )
    return {
        (entity, str(row.id)): row.name for entity, rows in zip(named, found, strict=True) for row in rows
    }
