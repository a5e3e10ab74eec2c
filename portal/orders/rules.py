"""What an order consists of, whichever store it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from portal.lib.errors import PortalError


class OrderUnknown(PortalError):
    code = "order_unknown"


class OrderExpired(PortalError):
    """The order was not paid in time."""

    code = "order_expired"


class OrderCancelled(PortalError):
    """The order was cancelled before it was paid."""

    code = "order_cancelled"


class FulfilmentStatusConflict(PortalError):
    """The delivery has another status now, param `delivery_status`."""

    code = "fulfilment_status_conflict"


class FulfilmentOrderStatus(PortalError):
    """The order's own status does not allow the change, param `order_status`."""

    code = "fulfilment_order_status"


class FulfilmentNoteInvalid(PortalError):
    """The note is missing where one is required, or longer than `at_most` characters."""

    code = "fulfilment_note_invalid"


@dataclass(frozen=True)
class OrderLine:
    """A line of an order, amounts in minor units.

    `product_id` is None where the store's product is not one of the catalogue, `unit_price_minor` where the store
    reports the amount of the line only. `subtotal_minor` is the commissionable amount, `net_minor` what a store
    reported before tax, `external_id` the store's id of the line.
    """

    product_id: int | None
    vendor_id: int
    sku: str
    name: str
    quantity: int
    unit_price_minor: int | None
    subtotal_minor: int
    external_id: str | None = None
    net_minor: int | None = None
