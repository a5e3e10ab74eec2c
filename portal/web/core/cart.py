"""The visitor's cart: product ids and quantities in the signed session, priced only at checkout."""

from __future__ import annotations

from flask import session

from portal.catalogue import CartLine, parse_cart

_KEY = "cart"


def cart_lines() -> list[CartLine]:
    """Return the cart's lines in the order they were added."""
    return [CartLine(int(product_id), quantity) for product_id, quantity in session.get(_KEY, {}).items()]


def cart_size() -> int:
    """Return how many pieces the cart holds."""
    return sum(session.get(_KEY, {}).values())


def set_quantity(product_id: int, quantity: int) -> None:
    """Set a product's quantity; zero takes it out."""
    cart = dict(session.get(_KEY, {}))
    cart.pop(str(product_id), None) if quantity == 0 else cart.update({str(product_id): quantity})
    session[_KEY] = cart


def add_to_cart(product_id: int, quantity: int) -> None:
    """Add pieces of a product; raise what `parse_cart` raises when the cart would hold too much."""
    wanted = [*cart_lines(), CartLine(product_id, quantity)]
    checked = parse_cart([{"productId": line.product_id, "quantity": line.quantity} for line in wanted])
    session[_KEY] = {str(line.product_id): line.quantity for line in checked}


def empty_cart() -> None:
    """Take everything out."""
    session.pop(_KEY, None)
