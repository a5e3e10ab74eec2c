"""The buyer's orders."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from portal.orders import list_items_of_orders, list_orders_of_buyer
from portal.payments import payments_by_reference
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.shop.blueprint import blueprint
from portal.web.text.orders import order_view


@blueprint.get("/orders")
@signed_in()
def orders() -> ResponseReturnValue:
    """Show the buyer's orders and how the referral of each was decided."""
    rows = list_orders_of_buyer(current_user().id)
    items = list_items_of_orders([order.id for order in rows])
    payments = payments_by_reference([order.order_reference for order in rows])
    return render_template(
        "shop/orders.html",
        orders=[
            order_view(order, items.get(order.id, []), payments.get(order.order_reference)) for order in rows
        ],
    )
