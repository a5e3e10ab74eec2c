"""The cart: product ids and quantities in the signed session, priced at checkout."""

from __future__ import annotations

from flask import session

from portal.catalogue import CartLine, active_products_by_id, fit_cart, parse_cart
from portal.orders import list_order_items

_KEY = "cart"


def cart_lines() -> list[CartLine]:
    """Return the lines of the cart in the order they were added."""
    return [CartLine(int(product_id), quantity) for product_id, quantity in session.get(_KEY, {}).items()]


def cart_size() -> int:
    """Return the number of items in the cart."""
    return sum(session.get(_KEY, {}).values())


def set_quantity(product_id: int, quantity: int) -> None:
    """Set the quantity of a product; zero removes it."""
    cart = dict(session.get(_KEY, {}))
    cart.pop(str(product_id), None) if quantity == 0 else cart.update({str(product_id): quantity})
    session[_KEY] = cart


def add_to_cart(product_id: int, quantity: int) -> None:
    """Add items of a product; raise what `parse_cart` raises for a cart that is too large."""
    lines = [*cart_lines(), CartLine(product_id, quantity)]
    checked = parse_cart([{"productId": line.product_id, "quantity": line.quantity} for line in lines])
    session[_KEY] = {str(line.product_id): line.quantity for line in checked}


def fit_cart_to_stock() -> list[CartLine]:
    """Take out of the cart what cannot be bought now, and return its lines."""
    lines = cart_lines()
    fitting = fit_cart(lines, active_products_by_id([line.product_id for line in lines]))
    if fitting != lines:
        session[_KEY] = {str(line.product_id): line.quantity for line in fitting}
    return fitting


def empty_cart_of(order_id: str) -> None:
    """Empty the cart if it holds exactly the goods of an order; goods for another order stay."""
    lines = cart_lines()
    if lines and set(lines) == {
        CartLine(item.product_id, item.quantity) for item in list_order_items(order_id) if item.product_id
    }:
        session.pop(_KEY)
