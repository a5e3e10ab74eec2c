"""Place an order: price it from the catalogue, decide its attribution, write both at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from peewee import IntegrityError

from models import Order, User
from portal.attribution import Decision
from portal.db import Actor, transaction
from portal.flows.checkout.decide_attribution import Attribution, preview_attribution, staged_trace
from portal.lib.clock import epoch_milliseconds, utc_now
from portal.lib.ids import random_text
from portal.orders import (
    CartLine,
    OrderLine,
    attribute_order,
    create_order,
    drop_attribution,
    find_order_by_checkout_key,
    get_order,
    price_cart,
    products_by_id,
)
from portal.payments import build_order_reference
from portal.settings import Settings

ORDER_ID_LENGTH = 14


@dataclass(frozen=True)
class PlacedOrder:
    """An order and whether its referral applies; `decision` is None when the form was sent before."""

    order: Order
    decision: Decision | None


def price_lines(lines: Sequence[CartLine]) -> list[OrderLine]:
    """Price cart lines from the catalogue; raise what `price_cart` raises."""
    return price_cart(lines, products_by_id([line.product_id for line in lines]))


def place_order(
    buyer: User,
    lines: Sequence[CartLine],
    cookie_code: str | None,
    settings: Settings,
    *,
    checkout_key: str | None = None,
    entered_code: str | None = None,
) -> PlacedOrder:
    """Write an order with its attribution and decision trace (SPEC section 2.4).

    The same checkout key again returns the order it made. Raises what `price_cart` raises.
    """
    if checkout_key and (made := find_order_by_checkout_key(buyer.id, checkout_key)):
        return PlacedOrder(made, None)
    priced = price_lines(lines)
    attribution = preview_attribution(buyer, cookie_code, settings, entered_code=entered_code)
    try:
        return _write(buyer, priced, attribution, checkout_key)
    except IntegrityError:
        made = find_order_by_checkout_key(buyer.id, checkout_key) if checkout_key else None
        if made is None:
            raise
        return PlacedOrder(made, None)


def _write(
    buyer: User, priced: list[OrderLine], attribution: Attribution, checkout_key: str | None
) -> PlacedOrder:
    order_id = random_text(ORDER_ID_LENGTH)
    reference = build_order_reference(order_id, epoch_milliseconds(utc_now()))
    trace = staged_trace(attribution.decision, "order")
    with transaction():
        create_order(
            order_id, reference, buyer.id, priced, checkout_key=checkout_key, actor=Actor.user(buyer.id)
        )
        if attribution.code:
            code = attribution.code
            attribute_order(order_id, code.code, code.owner_user_id, code.wallet_address, trace)
        else:
            drop_attribution(order_id, attribution.decision.reason or "no_code", trace)
    return PlacedOrder(get_order(order_id), attribution.decision)
