"""The statuses of an order and the only changes between them. See docs/rules/payments.md."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from portal.lib.transitions import Transition


class OrderStatus(StrEnum):
    """The statuses of an order."""

    CREATED = "created"
    PAID = "paid"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


# A cancelled order can still be paid: its payment may succeed after the cancellation.
UNPAID = (OrderStatus.CREATED, OrderStatus.CANCELLED)

TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "pay": Transition("order_paid", UNPAID, OrderStatus.PAID),
        "refund": Transition("order_refunded", (OrderStatus.PAID,), OrderStatus.REFUNDED),
    }
)
