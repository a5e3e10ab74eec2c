"""The cart, priced from the catalogue."""

from __future__ import annotations

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue import active_products_by_id, parse_cart, pictures_by_product
from portal.lib.errors import PortalError
from portal.web.core.access import public
from portal.web.core.cart import add_to_cart, cart_lines, set_quantity
from portal.web.core.urls import url_for
from portal.web.shop.blueprint import blueprint
from portal.web.shop.catalogue import product_page
from portal.web.text.format import money
from portal.web.text.messages import error_text
from portal.web.text.products import cart_line_view, product_view


@blueprint.get("/cart")
@public()
def cart() -> ResponseReturnValue:
    """Show the cart."""
    return _cart_page()


@blueprint.post("/cart")
@public()
def change_cart() -> ResponseReturnValue:
    """Add a product or set its quantity; zero removes it."""
    try:
        _change_cart()
    except PortalError as error:
        return _refused_page(error_text(error)), 422
    return redirect(url_for("shop.cart"), 303)


def _change_cart() -> None:
    form = request.form
    if "remove" in form or form.get("quantity") == "0":
        set_quantity(form.get("productId", 0, type=int), 0)
        return
    (line,) = parse_cart([{"productId": form.get("productId"), "quantity": form.get("quantity", "1")}])
    if form.get("mode") == "set":
        set_quantity(line.product_id, line.quantity)
    else:
        add_to_cart(line.product_id, line.quantity)


def _refused_page(error: str) -> str:
    """Return the page whose form was refused: the cart or the product that was to be added."""
    product_id = request.form.get("productId", 0, type=int)
    row = active_products_by_id([product_id]).get(product_id)
    if row is None or request.form.get("mode") == "set":
        return _cart_page(error)
    return product_page(
        product_view(row, pictures_by_product([row.id]).get(row.id)), request.form.get("quantity", "1"), error
    )


def _cart_page(error: str | None = None) -> str:
    lines = cart_lines()
    products = active_products_by_id([line.product_id for line in lines])
    # A product that is no longer for sale would block checkout without being visible here.
    for line in lines:
        if line.product_id not in products:
            set_quantity(line.product_id, 0)
    pictures = pictures_by_product(products)
    totals: dict[str, int] = {}
    views = []
    for line in lines:
        if (product := products.get(line.product_id)) is None:
            continue
        views.append(cart_line_view(product, line.quantity, pictures.get(product.id)))
        totals[product.currency] = totals.get(product.currency, 0) + product.price_minor * line.quantity
    refused_id = request.form.get("productId", 0, type=int)
    field = f"quantity-{refused_id}" if refused_id in products else ""
    return render_template(
        "shop/cart.html",
        lines=views,
        totals=[money(total, currency) for currency, total in totals.items()],
        form_errors=[(field, error)] if error else [],
    )
