"""The list of orders, one order, and an admin's decision about lines that a vendor cancelled."""

from __future__ import annotations

import secrets
from functools import partial

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.db import Actor
from portal.flows.audit.audit_reference import audit_reference
from portal.flows.overviews.order_overview import order_overview
from portal.lib.clock import utc_now
from portal.lib.errors import PortalError
from portal.orders import (
    NOTE_MAX,
    FulfilmentStatusConflict,
    has_waiting_cancellation,
    list_all_orders,
    list_fulfilments,
    list_items_of_orders,
    list_order_currencies,
    list_order_items,
    move_fulfilment,
)
from portal.runtime import current_portal
from portal.web.admin.audit.presenters import reference_view
from portal.web.admin.orders.blueprint import blueprint
from portal.web.admin.orders.filters import STATUSES, read_orders_view
from portal.web.admin.orders.presenters import order_detail, order_row, referral_choices
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.store_choices import store_choices
from portal.web.core.urls import url_for
from portal.web.text.deliveries import delivery_view
from portal.web.text.messages import error_text
from portal.web.text.order_parts import order_parts, page_of_parts
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _


@blueprint.get("/orders", endpoint="list")
@for_role("admin")
def list_orders() -> ResponseReturnValue:
    """List every order of every store, newest first."""
    view = read_orders_view(request.args, current_portal().settings)
    page = list_all_orders(view.filter, request.args.get("cursor"))
    ids = [order.id for order in page.rows]
    items, fulfilments = list_items_of_orders(ids), list_fulfilments(ids)
    return render_template(
        "admin/orders/list.html",
        view=view,
        rows=[
            order_row(order, items.get(order.id, []), fulfilments.get(order.id, {})) for order in page.rows
        ],
        next_cursor=page.next_cursor,
        stores=store_choices(_any()),
        statuses=[_any(), *((status.value, status_words("order", status)) for status in STATUSES)],
        currencies=[_any(), *((currency, currency) for currency in list_order_currencies())],
        referrals=referral_choices(),
        has_waiting=has_waiting_cancellation(),
        form_errors=[
            ("filter-status" if name == "status" else name, text) for name, text in view.errors.items()
        ],
    )


@blueprint.get("/orders/<order_id>")
@for_role("admin")
def show(order_id: str) -> ResponseReturnValue:
    """Show one order with the audit of its reference."""
    return _order_page(order_id)


@blueprint.post("/orders/<order_id>/cancellation/close", defaults={"decision": "close"})
@blueprint.post("/orders/<order_id>/cancellation/decline", defaults={"decision": "decline"})
@for_role("admin")
def decide_cancellation(order_id: str, decision: str) -> ResponseReturnValue:
    """Accept lines that a vendor cancelled, or give them back to the vendor; no money moves."""
    vendor_id = request.form.get("vendor", type=int) or 0
    try:
        if vendor_id not in {item.vendor_id for item in list_order_items(order_id)}:
            raise FulfilmentStatusConflict(delivery_status="open")
        move_fulfilment(
            order_id, vendor_id, decision, request.form.get("note", ""), Actor.user(current_user().id)
        )
    except PortalError as error:
        return _order_page(order_id, error, vendor_id), status_of(error)
    is_closed = decision == "close"
    flash(
        _("The cancellation is closed.") if is_closed else _("The lines are reopened. The vendor sees why."),
        "success",
    )
    return redirect(url_for("admin.orders.show", order_id=order_id), 303)


def _order_page(order_id: str, error: PortalError | None = None, wrong_vendor: int | None = None) -> str:
    """Return the page of an order; `error` belongs to the form of `wrong_vendor`."""
    overview = order_overview(order_id)
    row = overview.order
    audit = audit_reference(row.order_reference, current_portal().chain, current_portal().settings)
    parts = page_of_parts(
        order_parts(row, overview.items, overview.vendors, overview.fulfilments), request.args.get("lines")
    )
    return render_template(
        "admin/orders/show.html",
        now=utc_now(),
        delivery=delivery_view(overview.delivery, current_portal().settings.delivery_data_days),
        order=order_detail(
            row,
            tuple(parts.rows),
            overview.buyer,
            overview.payments,
            overview.stock,
            overview.state,
            overview.events,
        ),
        audit=reference_view(audit, request.args.get("refunds")),
        next_lines=parts.next_cursor,
        order_url=partial(url_for, "admin.orders.show", order_id=order_id),
        refund_key=secrets.token_urlsafe(24),
        refund_values={},
        refund_errors={},
        note_max=NOTE_MAX,
        wrong_vendor=wrong_vendor,
        typed=request.form.get("note", ""),
        note_error=error_text(error) if error and error.field == "note" else "",
        form_errors=[(f"note-{wrong_vendor}" if error.field else "", error_text(error))] if error else [],
    )


def _any() -> tuple[str, str]:
    return "", _("Any")
