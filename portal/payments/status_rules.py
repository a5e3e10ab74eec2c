"""The statuses of payments and refunds and the only changes between them. See docs/rules/payments.md."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from portal.lib.transitions import Transition


class PaymentStatus(StrEnum):
    """The statuses of a payment."""

    CREATED = "created"
    REDIRECTED = "redirected"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class RefundStatus(StrEnum):
    """The statuses of a refund; `waiting` is a refund reported before its payment."""

    REQUESTED = "requested"
    WAITING = "waiting"
    APPLIED = "applied"
    REFUSED = "refused"


# A payment may still become paid from each of these, even from a failure: a card can be tried again.
UNPAID = (
    PaymentStatus.CREATED,
    PaymentStatus.REDIRECTED,
    PaymentStatus.PENDING,
    PaymentStatus.FAILED,
    PaymentStatus.CANCELLED,
)

# By the status they lead to.
TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        **{
            status.value: Transition(f"payment_{status}", UNPAID, status)
            for status in (*UNPAID, PaymentStatus.PAID)
        },
        "refunded": Transition("payment_refunded", (PaymentStatus.PAID, *UNPAID), PaymentStatus.REFUNDED),
    }
)

# The buyer left an open attempt for another way of paying.
SUPERSEDE = Transition(
    "payment_superseded", (PaymentStatus.CREATED, PaymentStatus.REDIRECTED), PaymentStatus.CANCELLED
)

_UNDECIDED = (RefundStatus.REQUESTED, RefundStatus.WAITING, RefundStatus.REFUSED)

# By the status they lead to.
REFUND_TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        status.value: Transition(f"refund_{status}", _UNDECIDED, status)
        for status in (RefundStatus.APPLIED, RefundStatus.REFUSED)
    }
)
