"""Read the event log, newest first; every filter has an index (sql/057)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models import EventLog
from portal.db.keyset import Keyset, within


@dataclass(frozen=True)
class EventFilter:
    """What narrows the event log; "" or None leaves out a filter.

    `actor` is a label such as `user:5`, `job:mint` or `command:user`; `since` is inclusive, `until` exclusive.
    """

    actor: str = ""
    entity: str = ""
    entity_id: str = ""
    event: str = ""
    reference: str = ""
    since: datetime | None = None
    until: datetime | None = None


def list_event_ledger(filters: EventFilter) -> Keyset[EventLog]:
    """Return the events that a filter matches, newest first."""
    rows = within(EventLog.select(), EventLog.at, filters.since, filters.until)
    columns = {
        EventLog.actor: filters.actor,
        EventLog.entity: filters.entity,
        EventLog.entity_id: filters.entity_id,
        EventLog.event: filters.event,
        EventLog.order_reference: filters.reference,
    }
    for column, value in columns.items():
        if value:
            rows = rows.where(column == value)
    return Keyset(rows, EventLog.at, EventLog.id)


def find_entity_with_key(entity: str, event: str, key: str, actor_user_id: int | None) -> str | None:
    """Return the id of the entity for which a person's event was recorded with this key in its data."""
    row = EventLog.get_or_none(
        (EventLog.event == event)
        & (EventLog.entity == entity)
        & (EventLog.actor_user_id == actor_user_id)
        & EventLog.data.contains({"key": key})
    )
    return None if row is None else str(row.entity_id)


def has_event_with_key(entity: str, entity_id: object, event: str, key: str) -> bool:
    """Return whether an event of an entity was recorded with this key in its data."""
    rows = EventLog.select().where(
        (EventLog.entity == entity)
        & (EventLog.entity_id == str(entity_id))
        & (EventLog.event == event)
        & EventLog.data.contains({"key": key})
    )
    return bool(rows.exists())
