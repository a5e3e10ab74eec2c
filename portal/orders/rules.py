"""What an order consists of, whichever store it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from portal.lib.errors import PortalError


class OrderUnknown(PortalError):
    code = "order_unknown"


@dataclass(frozen=True)
class OrderLine:
    """A line of an order, amounts in minor units.

    `product_id` is None where the store's product is not one of the catalogue, `unit_price_minor` where the store
    reports the amount of the line only. `subtotal_minor` is the commissionable amount of the line.
    """

    product_id: int | None
    vendor_id: int
    sku: str
    name: str
    quantity: int
    unit_price_minor: int | None
    subtotal_minor: int
