"""Place an order in the built-in shop: price it, decide its attribution, store both in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models import Order, User
from portal.attribution import Decision
from portal.catalogue import CartLine, PricedLine, active_products_by_id, price_cart
from portal.db import Actor, transaction
from portal.flows.checkout.decide_attribution import Attribution, preview_attribution, staged_trace
from portal.lib.clock import epoch_milliseconds, utc_now
from portal.lib.ids import random_text
from portal.orders import (
    CheckoutKeyUsed,
    NewOrder,
    OrderLine,
    attribute_order,
    create_order,
    drop_attribution,
    find_order_by_checkout_key,
    get_order,
)
from portal.payments import build_order_reference
from portal.settings import Settings
from portal.stores import BUILT_IN_STORE_ID, ensure_customer_of_user

ORDER_ID_LENGTH = 14


@dataclass(frozen=True)
class PlacedOrder:
    """An order and whether its referral applies; `decision` is None for a repeated form."""

    order: Order
    decision: Decision | None


def price_lines(lines: Sequence[CartLine]) -> list[PricedLine]:
    """Return cart lines priced from the catalogue; raise what `price_cart` raises."""
    return price_cart(lines, active_products_by_id([line.product_id for line in lines]))


def place_order(
    buyer: User,
    lines: Sequence[CartLine],
    cookie_code: str | None,
    settings: Settings,
    *,
    checkout_key: str | None = None,
    entered_code: str | None = None,
) -> PlacedOrder:
    """Write an order with its attribution and decision trace. See docs/rules/attribution.md.

    A checkout key that was used before returns the order it created. Raises what `price_cart` raises.
    """
    if checkout_key and (existing := find_order_by_checkout_key(buyer.id, checkout_key)):
        return PlacedOrder(existing, None)
    priced = price_lines(lines)
    attribution = preview_attribution(buyer, cookie_code, settings, entered_code=entered_code)
    try:
        return _write(buyer, priced, attribution, checkout_key)
    except CheckoutKeyUsed:
        existing = find_order_by_checkout_key(buyer.id, checkout_key) if checkout_key else None
        if existing is None:
            raise
        return PlacedOrder(existing, None)


def _write(
    buyer: User, priced: list[PricedLine], attribution: Attribution, checkout_key: str | None
) -> PlacedOrder:
    order_id = random_text(ORDER_ID_LENGTH)
    trace = staged_trace(attribution.decision, "order")
    with transaction():
        new_order = NewOrder(
            id=order_id,
            order_reference=build_order_reference(order_id, epoch_milliseconds(utc_now())),
            store_id=BUILT_IN_STORE_ID,
            customer_id=ensure_customer_of_user(buyer.id).id,
            buyer_user_id=buyer.id,
            currency=priced[0].currency,
            checkout_key=checkout_key,
        )
        create_order(new_order, [_order_line(line) for line in priced], Actor.user(buyer.id))
        if attribution.code:
            code = attribution.code
            attribute_order(order_id, code.code, code.owner_user_id, code.wallet_address, trace)
        else:
            drop_attribution(order_id, attribution.decision.reason or "no_code", trace)
    return PlacedOrder(get_order(order_id), attribution.decision)


def _order_line(line: PricedLine) -> OrderLine:
    return OrderLine(
        product_id=line.product_id,
        vendor_id=line.vendor_id,
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        unit_price_minor=line.unit_price_minor,
        subtotal_minor=line.subtotal_minor,
    )
