"""The buyer's orders."""

from __future__ import annotations

from functools import partial

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.accounts import find_user
from portal.catalogue import pictures_by_product, vendors_by_id
from portal.db import page_of_list
from portal.orders import (
    find_delivery,
    get_order_of_buyer,
    list_fulfilments,
    list_items_of_orders,
    list_order_items,
    list_orders_of_buyer,
)
from portal.payments import find_payment, list_providers, list_refunds, payments_by_reference
from portal.runtime import current_portal
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.core.urls import url_for
from portal.web.shop.blueprint import blueprint
from portal.web.text.deliveries import delivery_view
from portal.web.text.methods import method_words
from portal.web.text.order_parts import order_parts, page_of_parts
from portal.web.text.orders import order_view
from portal.web.text.receipts import receipt_view

REFUNDS_PAGE = 20


@blueprint.get("/orders")
@signed_in()
def orders() -> ResponseReturnValue:
    """Show the buyer's orders, newest first, and how the referral of each was decided."""
    page = list_orders_of_buyer(current_user().id, request.args.get("cursor"))
    rows = page.rows
    items = list_items_of_orders([order.id for order in rows])
    payments = payments_by_reference([order.order_reference for order in rows])
    pictures = pictures_by_product(item.product_id for lines in items.values() for item in lines)
    return render_template(
        "shop/orders.html",
        orders=[
            order_view(order, items.get(order.id, []), payments.get(order.order_reference), pictures)
            for order in rows
        ],
        next_cursor=page.next_cursor,
        takes_cards=_takes_cards(),
    )


@blueprint.get("/orders/<order_id>")
@signed_in()
def order(order_id: str) -> ResponseReturnValue:
    """Show one order of the buyer as a receipt: lines, payment, refunds, delivery and who is credited."""
    buyer = current_user()
    row = get_order_of_buyer(order_id, buyer.id)
    items = list_order_items(row.id)
    payment = find_payment(row.order_reference)
    referrer = find_user(row.referrer_user_id) if row.referrer_user_id else None
    parts = order_parts(
        row,
        items,
        vendors_by_id(item.vendor_id for item in items),
        list_fulfilments([row.id]).get(row.id, {}),
        for_buyer=True,
    )
    shown = page_of_parts(parts, request.args.get("lines"))
    refunds = page_of_list(
        list_refunds(row.order_reference),
        request.args.get("refunds"),
        REFUNDS_PAGE,
        lambda refund: (refund.id,),
    )
    return render_template(
        "shop/order.html",
        delivery=delivery_view(find_delivery(row.id), current_portal().settings.delivery_data_days),
        next_lines=shown.next_cursor,
        next_refunds=refunds.next_cursor,
        order_url=partial(url_for, "shop.order", order_id=row.id),
        takes_cards=_takes_cards(),
        order=receipt_view(
            row,
            tuple(shown.rows),
            payment,
            refunds.rows,
            buyer=buyer.name,
            paid_by=method_words(payment.processor) if payment and row.paid_at else "",
            referrer=referrer.name if referrer else "",
        ),
    )


def _takes_cards() -> bool:
    return bool(list_providers(current_portal().settings))
