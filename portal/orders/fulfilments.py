"""What vendors have done with their lines of orders. See docs/rules/orders.md."""

from __future__ import annotations

from collections.abc import Sequence

from models import Order, OrderFulfilment
from portal.db import Actor, move_status, transaction
from portal.lib.texts import clean_text
from portal.orders.rules import (
    FulfilmentNoteInvalid,
    FulfilmentOrderStatus,
    FulfilmentStatusConflict,
    OrderUnknown,
)
from portal.orders.status_rules import FULFILMENT_NEEDS, FULFILMENT_TRANSITIONS, FulfilmentStatus, OrderStatus

NOTE_MAX = 500
_NOTE_NEEDED = ("cancel", "decline")


def move_fulfilment(order_id: str, vendor_id: int, change: str, note: str, actor: Actor) -> None:
    """Apply a change of FULFILMENT_TRANSITIONS to a vendor's part of an order; no ledger changes.

    The caller has checked that the vendor has lines in the order. Raises OrderUnknown, FulfilmentNoteInvalid,
    CharacterRefused, FulfilmentOrderStatus or FulfilmentStatusConflict.
    """
    text = _clean_note(change, note)
    with transaction():
        order = Order.select().where(Order.id == order_id).for_update().first()
        if order is None:
            raise OrderUnknown
        if order.status not in FULFILMENT_NEEDS[change]:
            raise FulfilmentOrderStatus(order_status=order.status)
        OrderFulfilment.insert(order=order_id, vendor=vendor_id).on_conflict_ignore().execute()
        row = OrderFulfilment.get(order=order_id, vendor=vendor_id)
        is_moved = move_status(
            OrderFulfilment,
            row.id,
            FULFILMENT_TRANSITIONS[change],
            entity="order_fulfilment",
            actor=actor,
            reason=text or None,
            data={"vendorId": vendor_id},
            of_order=order.order_reference,
            # The vendor's reason stays visible when an admin closes the cancellation.
            note=row.note if change == "close" else text or None,
        )
        if not is_moved:
            raise FulfilmentStatusConflict(delivery_status=row.status)


def list_fulfilments(order_ids: Sequence[str]) -> dict[str, dict[int, OrderFulfilment]]:
    """Return what vendors have done with some orders, as {order id: {vendor id: row}}, in one statement."""
    found: dict[str, dict[int, OrderFulfilment]] = {}
    for row in OrderFulfilment.select().where(OrderFulfilment.order.in_(list(order_ids))):
        found.setdefault(row.order_id, {})[row.vendor_id] = row
    return found


def has_waiting_cancellation() -> bool:
    """Return whether a vendor has cancelled lines of an order that is paid, so that an admin has to decide."""
    rows = OrderFulfilment.select().join(Order)
    return rows.where(
        (OrderFulfilment.status == FulfilmentStatus.CANCELLED) & (Order.status == OrderStatus.PAID)
    ).exists()


def _clean_note(change: str, note: str) -> str:
    text = clean_text(note, "note")
    if len(text) > NOTE_MAX or (not text and change in _NOTE_NEEDED):
        raise FulfilmentNoteInvalid(field="note", at_most=NOTE_MAX)
    return text
