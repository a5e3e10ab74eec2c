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


# A cancelled order can still become paid: money that arrives after the cancellation stands.
UNPAID = (OrderStatus.CREATED, OrderStatus.CANCELLED)

TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "pay": Transition("order_paid", UNPAID, OrderStatus.PAID),
        "cancel": Transition("order_cancelled", (OrderStatus.CREATED,), OrderStatus.CANCELLED),
        "expire": Transition("order_expired", (OrderStatus.CREATED,), OrderStatus.CANCELLED),
        "refund": Transition("order_refunded", (OrderStatus.PAID,), OrderStatus.REFUNDED),
    }
)


class FulfilmentStatus(StrEnum):
    """What a vendor has done with their lines of an order. See docs/rules/orders.md."""

    OPEN = "open"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    CLOSED = "closed"


FULFILMENT_TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "deliver": Transition("order_delivered", (FulfilmentStatus.OPEN,), FulfilmentStatus.DELIVERED),
        "cancel": Transition("delivery_cancelled", (FulfilmentStatus.OPEN,), FulfilmentStatus.CANCELLED),
        "reopen": Transition(
            "delivery_reopened",
            (FulfilmentStatus.DELIVERED, FulfilmentStatus.CANCELLED),
            FulfilmentStatus.OPEN,
        ),
        "decline": Transition("cancellation_declined", (FulfilmentStatus.CANCELLED,), FulfilmentStatus.OPEN),
        "close": Transition("cancellation_closed", (FulfilmentStatus.CANCELLED,), FulfilmentStatus.CLOSED),
    }
)

# The statuses of the order in which each change is possible. Goods leave for a paid order only, and nothing can be
# cancelled once all of it was refunded.
FULFILMENT_NEEDS: Mapping[str, tuple[OrderStatus, ...]] = MappingProxyType(
    {
        "deliver": (OrderStatus.PAID,),
        "cancel": (OrderStatus.CREATED, OrderStatus.PAID),
        "reopen": (OrderStatus.CREATED, OrderStatus.PAID),
        "decline": (OrderStatus.PAID,),
        "close": tuple(OrderStatus),
    }
)
