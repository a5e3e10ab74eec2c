"""Names for what events mention by number: people, vendors, products, stores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
        for entity, number in _mentioned(event):
            if entity in _NAMED and number.isdecimal():
                ids_of[entity].add(int(number))
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


def _mentioned(event: EventLog) -> Iterator[tuple[str, str]]:
    """Yield what an event is about, a store or vendor that made it, and the vendor in its data."""
    yield event.entity, event.entity_id
    actor, _colon, number = event.actor.partition(":")
    yield actor, number
    yield "vendor", str(event.data.get("vendorId", ""))
