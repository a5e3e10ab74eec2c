"""Change rows of several tables and record their events by one statement.

Each package describes its own changes as rows, and a flow sends them together: a transaction then costs one round trip
instead of one for each table, for one paid event as for many.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from psycopg2.extras import Json

from portal.db.connection import query
from portal.db.events import Actor
from portal.db.prepared import Prepared


@dataclass(frozen=True)
class RowEvent:
    """An event of a changed row, which `key` names; it is not recorded if the row did not change."""

    key: str
    event: str
    from_status: str | None = None
    to_status: str | None = None
    reason: str | None = None
    order_reference: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """A query that changes rows of one table, as a part of a statement.

    `sql` reads its rows as `<name>_rows`, with the `columns` given and `place`, their order; it may read the changes
    before it by their names. Where `entity` is set, it returns the columns `key` and `id` of each changed row.
    `lock` is a statement that is sent before all of them; it has the rows as the parameter `<name>`.
    Changes of one name have the same query.
    """

    name: str
    sql: str
    columns: str = ""
    rows: Sequence[Mapping[str, object]] = ()
    entity: str | None = None
    events: Sequence[RowEvent] = ()
    lock: str = ""


_EVENTS = """
INSERT INTO event_log
    (actor, actor_user_id, entity, entity_id, event, from_status, to_status, reason, order_reference, data)
SELECT %(event_actor)s, %(event_user)s, c.entity, c.id, e.event, e.from_status, e.to_status, e.reason,
    e.order_reference, e.data
FROM ROWS FROM (jsonb_to_recordset(%(event_rows)s) AS (
    entity text, key text, event text, from_status text, to_status text, reason text, order_reference text, data jsonb
)) WITH ORDINALITY AS e (entity, key, event, from_status, to_status, reason, order_reference, data, place)
JOIN changed c ON c.entity = e.entity AND c.key = e.key
ORDER BY e.place
"""


def change_together(changes: Sequence[Change], actor: Actor) -> dict[tuple[str, str], str]:
    """Make the changes in one statement and return the id of each changed row by its entity and key.

    All of them read the rows as they were before the statement. The caller checks that what had to change did.
    """
    merged = _merged(changes)
    if not merged:
        return {}
    events = [{"entity": each.entity, **vars(event)} for each in merged for event in each.events]
    values: dict[str, object] = {
        "event_actor": actor.label,
        "event_user": actor.user_id,
        "event_rows": _as_json(events),
    }
    values |= {each.name: _as_json(each.rows) for each in merged}
    values |= {f"{each.name}_count": len(each.rows) for each in merged}
    parts = [part for each in merged for part in _parts(each)]
    # A row with events before and after those of another row is named by two changes.
    changed = " UNION ".join(
        f"SELECT '{each.entity}' AS entity, key, id FROM {each.name}"  # noqa: S608 - constants
        for each in merged
        if each.entity
    )
    parts += [f"changed AS ({changed})", f"recorded AS ({_EVENTS})"]
    locks = "".join(f"{each.lock};\n" for each in merged if each.lock)
    statement = f"{locks}WITH {', '.join(parts)} SELECT entity, key, id FROM changed"  # noqa: S608 - constants
    return {(entity, key): row_id for entity, key, row_id in query(Prepared(statement), values)}


def _merged(changes: Iterable[Change]) -> list[Change]:
    """Return one change of each name with the rows of all of them."""
    merged: dict[str, Change] = {}
    for each in changes:
        known = merged.get(each.name)
        merged[each.name] = (
            each
            if known is None
            else replace(known, rows=[*known.rows, *each.rows], events=[*known.events, *each.events])
        )
    return list(merged.values())


def _parts(change: Change) -> list[str]:
    part = f"{change.name} AS ({change.sql})"
    if not change.columns:
        return [part]
    # The planner assumes a tenth of 100 rows for any limit and looks them up by indexes; without one it reads whole
    # tables. Any number of rows has one text, and so one plan.
    rows = f"""{change.name}_rows AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(%({change.name})s) AS r ({change.columns}, place integer)
        LIMIT %({change.name}_count)s
    )"""  # noqa: S608 - constants
    return [rows, part]


def _as_json(rows: Sequence[Mapping[str, object]]) -> Any:
    placed = [{**row, "place": place} for place, row in enumerate(rows)]
    return Json(placed, dumps=partial(json.dumps, default=str))
