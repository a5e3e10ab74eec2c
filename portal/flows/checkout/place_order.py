"""Place an order in the built-in shop: price it, decide its attribution, store both in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from models import Order, User
from portal.accounts import lock_enabled_user
from portal.attribution import Decision
from portal.catalogue import CartLine, PricedLine, active_products_by_id, price_cart
from portal.codes import note_label
from portal.db import Actor, transaction
from portal.flows.checkout.decide_attribution import Attribution, preview_attribution, staged_trace
from portal.flows.checkout.review import Review, require_same, review_cart
from portal.lib.clock import epoch_milliseconds, utc_now
from portal.lib.ids import random_text
from portal.orders import (
    CheckoutKeyUsed,
    Delivery,
    NewOrder,
    OrderLine,
    attribute_order,
    check_delivery,
    create_order,
    drop_attribution,
    find_order_by_checkout_key,
    get_order,
    save_delivery,
)
from portal.payments import build_order_reference
from portal.settings import Settings
from portal.stores import BUILT_IN_STORE_ID, ensure_customer_of_user

ORDER_ID_LENGTH = 14
NO_DELIVERY = Delivery()


@dataclass(frozen=True)
class PlacedOrder:
    """An order and whether its referral applies; `decision` is None for a repeated form."""

    order: Order
    decision: Decision | None


def price_lines(lines: Sequence[CartLine]) -> list[PricedLine]:
    """Return cart lines priced from the catalogue; raise what `price_cart` raises."""
    return price_cart(lines, active_products_by_id([line.product_id for line in lines]))


@dataclass(frozen=True)
class PreparedOrder:
    """An order that can be placed: its priced lines, its attribution and what its buyer reviews."""

    lines: list[PricedLine]
    attribution: Attribution
    review: Review
    link_label: str | None = None
    delivery: Delivery | None = None

    @property
    def delivering_vendors(self) -> set[int]:
        """Return the vendors of the lines that need delivery."""
        return {line.vendor_id for line in self.lines if line.needs_delivery}

    def to_be_delivered(self, typed: Delivery) -> PreparedOrder:
        """Return the order with its checked delivery, without one where no line needs it; raise InputInvalid."""
        return replace(self, delivery=check_delivery(typed)) if self.delivering_vendors else self


def prepare_order(
    buyer: User,
    lines: Sequence[CartLine],
    cookie_code: str | None,
    settings: Settings,
    *,
    entered_code: str | None = None,
    link_label: str | None = None,
    reviewed: Review | None = None,
) -> PreparedOrder:
    """Return the order that a cart makes now; raise what `price_cart` raises.

    `link_label` is the label of the link that set the cookie.
    Raises ReviewChanged if the buyer has reviewed something else. See docs/rules/payments.md.
    """
    priced = price_lines(lines)
    attribution = preview_attribution(buyer, cookie_code, settings, entered_code=entered_code)
    review = review_cart(priced, attribution, settings)
    if reviewed is not None:
        require_same(reviewed, review)
    is_linked = attribution.code is not None and attribution.source == "cookie"
    return PreparedOrder(priced, attribution, review, link_label if is_linked else None)


def place_order(
    buyer: User,
    lines: Sequence[CartLine],
    cookie_code: str | None,
    settings: Settings,
    *,
    checkout_key: str | None = None,
    entered_code: str | None = None,
    link_label: str | None = None,
    reviewed: Review | None = None,
    delivery: Delivery = NO_DELIVERY,
) -> PlacedOrder:
    """Write an order with its attribution and decision trace. See docs/rules/attribution.md.

    `delivery` is what the buyer typed, stored only if a line needs it. A checkout key that was used before returns the
    order it created. Raises what `prepare_order` raises, and InputInvalid for missing or invalid delivery data.
    """
    if checkout_key and (existing := find_order_by_checkout_key(buyer.id, checkout_key)):
        return PlacedOrder(existing, None)
    prepared = prepare_order(
        buyer,
        lines,
        cookie_code,
        settings,
        entered_code=entered_code,
        link_label=link_label,
        reviewed=reviewed,
    )
    return write_order(buyer, prepared.to_be_delivered(delivery), checkout_key)


def write_order(buyer: User, prepared: PreparedOrder, checkout_key: str | None) -> PlacedOrder:
    """Write a prepared order, or return the one that this checkout key has created in the meantime."""
    try:
        return _write(buyer, prepared, checkout_key)
    except CheckoutKeyUsed:
        existing = find_order_by_checkout_key(buyer.id, checkout_key) if checkout_key else None
        if existing is None:
            raise
        return PlacedOrder(existing, None)


def _write(buyer: User, prepared: PreparedOrder, checkout_key: str | None) -> PlacedOrder:
    order_id, attribution = random_text(ORDER_ID_LENGTH), prepared.attribution
    trace = staged_trace(attribution.decision, "order")
    with transaction():
        lock_enabled_user(buyer.id)
        new_order = NewOrder(
            id=order_id,
            order_reference=build_order_reference(order_id, epoch_milliseconds(utc_now())),
            store_id=BUILT_IN_STORE_ID,
            customer_id=ensure_customer_of_user(buyer.id).id,
            buyer_user_id=buyer.id,
            currency=prepared.lines[0].currency,
            checkout_key=checkout_key,
            link_label=prepared.link_label,
        )
        create_order(new_order, [_order_line(line) for line in prepared.lines], Actor.user(buyer.id))
        if prepared.delivery:
            save_delivery(order_id, prepared.delivery, prepared.delivering_vendors)
        if attribution.code:
            code = attribution.code
            attribute_order(order_id, code.code, code.owner_user_id, code.wallet_address, trace)
            if prepared.link_label:
                note_label(code.code, prepared.link_label)
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
