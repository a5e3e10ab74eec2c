"""The orders of a vendor: their own lines, and what they did with them. Of the buyer only where to deliver."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue import list_vendors_of_user
from portal.commissions import SettlementFilter, list_settlement_ledger
from portal.db import Actor
from portal.lib.errors import PortalError
from portal.orders import (
    NOTE_MAX,
    OrderUnknown,
    find_delivery_of_vendors,
    get_order_of_vendors,
    list_fulfilments,
    list_items_of_vendors,
    list_orders_of_vendors,
    move_fulfilment,
)
from portal.runtime import current_portal
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.locale import select_locale
from portal.web.core.urls import url_for
from portal.web.text.deliveries import delivery_view
from portal.web.text.format import When, when
from portal.web.text.messages import error_text
from portal.web.text.order_parts import PartView, order_parts, page_of_parts, shorten_parts
from portal.web.text.platforms import store_title
from portal.web.text.settlements import settlement_rows
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _
from portal.web.vendor.earnings import blueprint
from portal.web.vendor.filters import STATES, read_sales_view

if TYPE_CHECKING:
    from models import Order, OrderFulfilment, OrderItem, Vendor

SETTLEMENTS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class SaleView:
    """An order as one of its vendors sees it; `parts` are the vendor's own."""

    id: str
    reference: str
    number: str
    store: str
    placed: When
    status: str
    parts: tuple[PartView, ...]
    more_lines: int = 0


@blueprint.get("/orders")
@for_role("vendor")
def orders() -> ResponseReturnValue:
    """List the orders with own lines, newest first."""
    vendors = _own_vendors()
    chosen = read_sales_view(request.args, current_portal().settings).filter
    state, number = chosen.state, chosen.number
    page = list_orders_of_vendors(list(vendors), state, number, request.args.get("cursor"))
    ids = [order.id for order in page.rows]
    items, fulfilments = list_items_of_vendors(ids, list(vendors)), list_fulfilments(ids)
    query = {name: value for name, value in (("state", state), ("number", number)) if value}
    return render_template(
        "vendor/orders.html",
        rows=[
            _shortened(_sale(order, items[order.id], vendors, fulfilments.get(order.id, {})))
            for order in page.rows
        ],
        next_cursor=page.next_cursor,
        query=query,
        state=state,
        number=number,
        states=[("", _("Any")), *((name, status_words("delivery", name)) for name in STATES)],
    )


@blueprint.get("/orders/<order_id>")
@for_role("vendor")
def order(order_id: str) -> ResponseReturnValue:
    """Show the own lines of an order with their settlements; an order without own lines is not found."""
    return _order_page(order_id)


@blueprint.post("/orders/<order_id>/deliver", defaults={"change": "deliver"})
@blueprint.post("/orders/<order_id>/cancel", defaults={"change": "cancel"})
@blueprint.post("/orders/<order_id>/reopen", defaults={"change": "reopen"})
@for_role("vendor")
def move_order(order_id: str, change: str) -> ResponseReturnValue:
    """Mark the own lines as delivered or cancelled, or undo that; no money moves."""
    vendor_id = request.form.get("vendor", type=int)
    if vendor_id is None or vendor_id not in _own_vendors():
        raise OrderUnknown
    get_order_of_vendors(order_id, [vendor_id])
    try:
        move_fulfilment(
            order_id, vendor_id, change, request.form.get("note", ""), Actor.user(current_user().id)
        )
    except PortalError as error:
        return _order_page(order_id, error, vendor_id), status_of(error)
    flash(_done(change), "success")
    return redirect(url_for("vendor.order", order_id=order_id), 303)


def _done(change: str) -> str:
    return {
        "deliver": _("The lines are marked as delivered. The buyer sees it."),
        "cancel": _(
            "The lines are cancelled. If the order is paid, an admin will decide whether to refund them."
        ),
        "reopen": _("The lines are reopened."),
    }[change]


def _order_page(order_id: str, error: PortalError | None = None, wrong_vendor: int | None = None) -> str:
    """Return the page of an order; `error` belongs to the form of `wrong_vendor`."""
    vendors = _own_vendors()
    row = get_order_of_vendors(order_id, list(vendors))
    items = list_items_of_vendors([row.id], list(vendors))[row.id]
    settlements = list_settlement_ledger(SettlementFilter(reference=row.order_reference), list(vendors)).page(
        request.args.get("settlements"), SETTLEMENTS_SHOWN
    )
    sale = _sale(row, items, vendors, list_fulfilments([row.id]).get(row.id, {}))
    parts = page_of_parts(sale.parts, request.args.get("lines"))
    return render_template(
        "vendor/order.html",
        delivery=delivery_view(
            find_delivery_of_vendors(row.id, vendors), current_portal().settings.delivery_data_days
        ),
        sale=sale,
        parts=parts.rows,
        next_lines=parts.next_cursor,
        settlements=settlement_rows(settlements.rows),
        next_settlements=settlements.next_cursor,
        order_url=partial(url_for, "vendor.order", order_id=row.id),
        note_max=NOTE_MAX,
        wrong_vendor=wrong_vendor,
        typed=request.form.get("note", ""),
        note_error=error_text(error) if error and error.field == "note" else "",
        form_errors=[(f"note-{wrong_vendor}" if error.field else "", error_text(error))] if error else [],
    )


def _shortened(sale: SaleView) -> SaleView:
    parts, more = shorten_parts(sale.parts)
    return replace(sale, parts=parts, more_lines=more)


def _own_vendors() -> dict[int, Vendor]:
    return {vendor.id: vendor for vendor in list_vendors_of_user(current_user().id, select_locale())}


def _sale(
    order: Order, items: list[OrderItem], vendors: dict[int, Vendor], fulfilments: dict[int, OrderFulfilment]
) -> SaleView:
    return SaleView(
        order.id,
        order.order_reference,
        order.number,
        store_title(order.store_id, order.store.name),
        when(order.created_at),
        order.status,
        order_parts(order, items, vendors, fulfilments),
    )
