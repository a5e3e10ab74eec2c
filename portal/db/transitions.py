"""The one way a status changes: a guarded UPDATE and an event row in one transaction."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from peewee import fn

from models import StatusTable
from portal.db.connection import transaction
from portal.db.events import Actor, record_event


def move_status(
    model: type[StatusTable],
    row_id: object,
    *,
    entity: str,
    event: str,
    from_statuses: Collection[str],
    to_status: str,
    actor: Actor,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
    **values: object,
) -> bool:
    """Move one row to `to_status` if it stands in `from_statuses`; return whether it moved.

    `values` are further columns set by the same UPDATE. The row's previous status and its
    order reference go into the event (DESIGN habit 1).
    """
    with transaction():
        row = model.select().where(model.id == row_id).for_update().first()
        if row is None or row.status not in from_statuses:
            return False
        changes: dict[str, object] = {"status": to_status, **values}
        if "updated_at" in model._meta.fields:
            changes["updated_at"] = fn.now()
        moved = model.update(changes).where((model.id == row_id) & (model.status == row.status)).execute()
        if not moved:
            return False
        record_event(
            actor,
            entity,
            row_id,
            event,
            from_status=row.status,
            to_status=to_status,
            reason=reason,
            order_reference=getattr(row, "order_reference", None),
            data=data,
        )
    return True
