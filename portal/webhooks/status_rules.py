"""The statuses of a delivery and the only changes between them. See docs/stores/webhooks.md."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from portal.lib.transitions import Transition


class DeliveryStatus(StrEnum):
    """The statuses of a delivery."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


_PENDING = (DeliveryStatus.PENDING,)

TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "accept": Transition("webhook_delivered", _PENDING, DeliveryStatus.DELIVERED),
        "give_up": Transition("webhook_failed", _PENDING, DeliveryStatus.FAILED),
        "replay": Transition(
            "webhook_replayed",
            (DeliveryStatus.PENDING, DeliveryStatus.DELIVERED, DeliveryStatus.FAILED),
            DeliveryStatus.PENDING,
        ),
    }
)
