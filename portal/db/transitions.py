"""The one way a status changes: a guarded UPDATE and an event row in one transaction."""

from __future__ import annotations

from typing import Any

from peewee import fn

from models import StatusTable
from portal.db.connection import transaction
from portal.db.events import Actor, record_event
from portal.lib.transitions import Transition


def move_status(
    model: type[StatusTable],
    row_id: object,
    transition: Transition,
    *,
    entity: str,
    actor: Actor,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
    of_order: str | None = None,
    **values: object,
) -> bool:
    """Apply a transition to one row and return whether the row's status allowed it.

    `values` are further columns set by the same UPDATE. The event row keeps the previous status and the row's
    order reference, or `of_order` for a row without one.
    """
    with transaction():
        row = model.select().where(model.id == row_id).for_update().first()
        if row is None or row.status not in transition.from_statuses:
            return False
        changes: dict[str, object] = {"status": transition.to_status, **values}
        if "updated_at" in model._meta.fields:
            changes["updated_at"] = fn.now()
        moved = model.update(changes).where((model.id == row_id) & (model.status == row.status)).execute()
        if not moved:
            return False
        record_event(
            actor,
            entity,
            row_id,
            transition.event,
            from_status=row.status,
            to_status=transition.to_status,
            reason=reason,
            order_reference=of_order or getattr(row, "order_reference", None),
            data=data,
        )
    return True
