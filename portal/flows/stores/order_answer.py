"""What a store sees of one of its orders: the decision, both ledgers and the refunds."""

from __future__ import annotations

from dataclasses import dataclass

from models import Order, PaymentRefund, ReferralReward, Settlement
from portal.commissions import list_settlements_for_store
from portal.orders import OrderUnknown, find_store_order, get_order
from portal.payments import list_refunds
from portal.rewards import find_reward_by_reference


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """An order of a store with the rows of both ledgers, settlements in the order in which they were written."""

    order: Order
    settlements: list[Settlement]
    reward: ReferralReward | None

    def refunds(self) -> list[PaymentRefund]:
        """Return the refunds of the order."""
        return list_refunds(self.order.order_reference)


def read_answer(order: Order) -> OrderAnswer:
    """Return what the store of an order sees of it."""
    reference = order.order_reference
    return OrderAnswer(order, list_settlements_for_store(reference), find_reward_by_reference(reference))


def read_order(store_id: int, order_id: str) -> OrderAnswer:
    """Return what a store sees of its order; raise OrderUnknown for an order of another store."""
    order = get_order(order_id)
    if order.store_id != store_id:
        raise OrderUnknown
    return read_answer(order)


def read_order_by_external_id(store_id: int, external_id: str) -> OrderAnswer:
    """Return what a store sees of the order that it calls so; raise OrderUnknown."""
    known = find_store_order(store_id, external_id)
    if known is None:
        raise OrderUnknown
    return read_order(store_id, known.order_id)
