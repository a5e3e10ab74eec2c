"""Names, phone numbers and addresses of deliveries, as pages show and ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.orders import ADDRESS_MAX, NAME_MAX
from portal.web.text.format import When, when

if TYPE_CHECKING:
    from models import OrderDelivery
    from portal.catalogue import PricedLine
    from portal.orders import Delivery


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """Where an order goes to; the texts are empty once they are `erased`, which is due at `erased_from`."""

    name: str
    phone: str
    address: str
    erased: When | None
    erased_from: When


@dataclass(frozen=True, slots=True)
class DeliveryForm:
    """The fields of the checkout page; `products` are the lines that need them."""

    name: str
    phone: str
    address: str
    products: tuple[str, ...]
    days: int
    name_max: int = NAME_MAX
    address_max: int = ADDRESS_MAX


def delivery_view(delivery: OrderDelivery | None, days: int) -> DeliveryView | None:
    """Return a delivery that is erased after some days."""
    if delivery is None:
        return None
    return DeliveryView(
        delivery.name or "",
        delivery.phone or "",
        delivery.address or "",
        when(delivery.erased_at) if delivery.erased_at else None,
        when(delivery.created_at + timedelta(days=days)),
    )


def delivery_form(lines: Sequence[PricedLine], typed: Delivery, days: int) -> DeliveryForm | None:
    """Return the fields for an order, None where no line needs delivery."""
    products = tuple(line.name for line in lines if line.needs_delivery)
    return DeliveryForm(typed.name, typed.phone, typed.address, products, days) if products else None
