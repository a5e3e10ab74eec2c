"""The store's pages: catalogue, product, cart, orders, membership."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts import is_lower, read_membership
from portal.catalogue import (
    active_products_by_id,
    find_product_by_slug,
    list_products,
    parse_cart,
)
from portal.lib.errors import PortalError
from portal.orders import list_order_items, list_orders_of_buyer
from portal.payments import MEMBERSHIP_CURRENCY, MEMBERSHIP_PRICES_MINOR, payments_by_reference
from portal.web.core.access import public, signed_in
from portal.web.core.cart import add_to_cart, cart_lines, set_quantity
from portal.web.text.messages import error_text, referral_reason

blueprint = Blueprint("shop", __name__)


@blueprint.get("/")
@public()
def catalogue() -> ResponseReturnValue:
    """Show what is for sale."""
    return render_template("shop/catalogue.html", products=list_products())


@blueprint.get("/products/<slug>")
@public()
def product(slug: str) -> ResponseReturnValue:
    """Show one product."""
    found = find_product_by_slug(slug) or abort(404)
    return render_template("shop/product.html", product=found)


@blueprint.get("/cart")
@public()
def cart() -> ResponseReturnValue:
    """Show the cart, priced from the catalogue."""
    return _cart_page()


@blueprint.post("/cart")
@public()
def change_cart() -> ResponseReturnValue:
    """Add a product, or set its quantity; zero takes it out."""
    try:
        _change_cart()
    except PortalError as error:
        return _refused_page(error_text(error)), 422
    return redirect(url_for("shop.cart"), 303)


@blueprint.get("/orders")
@signed_in()
def orders() -> ResponseReturnValue:
    """Show the buyer's orders with how their referral was decided."""
    rows = list_orders_of_buyer(current_user.id)
    payments = payments_by_reference([order.order_reference for order in rows])
    entries = [
        {
            "order": order,
            "items": list_order_items(order.id),
            "payment": payments.get(order.order_reference),
            "reason": referral_reason(order.referral_reason) if order.referral_reason else None,
        }
        for order in rows
    ]
    return render_template("shop/orders.html", entries=entries)


@blueprint.get("/membership")
@signed_in()
def membership() -> ResponseReturnValue:
    """Show the membership tiers and the present one."""
    return membership_page()


def membership_page(error: PortalError | None = None) -> str:
    """Return the page of the tiers, with what was wrong with a choice."""
    present = read_membership(current_user.id)
    ends = dict(present.then) | ({present.tier: present.until} if present.until else {})
    tiers = [
        {
            "name": tier,
            "price": price,
            "is_present": tier == present.tier,
            "until": ends.get(tier),
            "is_lower": is_lower(tier, present.tier),
        }
        for tier, price in MEMBERSHIP_PRICES_MINOR.items()
    ]
    return render_template(
        "shop/membership.html",
        tiers=tiers,
        present=present,
        currency=MEMBERSHIP_CURRENCY,
        form_errors=[("tiers", error_text(error))] if error else [],
    )


def _change_cart() -> None:
    form = request.form
    if form.get("quantity") == "0":
        set_quantity(form.get("productId", 0, type=int), 0)
        return
    (line,) = parse_cart([{"productId": form.get("productId"), "quantity": form.get("quantity", "1")}])
    if form.get("mode") == "set":
        set_quantity(line.product_id, line.quantity)
    else:
        add_to_cart(line.product_id, line.quantity)


def _refused_page(error: str) -> str:
    """Return the page whose form was refused: the cart's own, or that of the product that was to be added."""
    wanted = request.form.get("productId", 0, type=int)
    found = active_products_by_id([wanted]).get(wanted)
    if found is None or request.form.get("mode") == "set":
        return _cart_page(error)
    errors = [("quantity" if found.stock > 0 else "", error)]
    return render_template("shop/product.html", product=found, form_errors=errors)


def _cart_page(error: str | None = None) -> str:
    lines = cart_lines()
    products = active_products_by_id([line.product_id for line in lines])
    # What was taken off sale since would stand in the way of checkout unseen.
    for line in lines:
        if line.product_id not in products:
            set_quantity(line.product_id, 0)
    rows = [(products[line.product_id], line.quantity) for line in lines if line.product_id in products]
    totals: dict[str, int] = {}
    for row, quantity in rows:
        totals[row.currency] = totals.get(row.currency, 0) + row.price_minor * quantity
    at_fault = request.form.get("productId", 0, type=int)
    field = f"quantity-{at_fault}" if any(row.id == at_fault for row, _ in rows) else ""
    form_errors = [(field, error)] if error else []
    return render_template("shop/cart.html", rows=rows, totals=totals, form_errors=form_errors)
