"""The return from the payment provider, and the page that follows a payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue

from portal.flows.checkout.check_order import require_payable
from portal.flows.checkout.close_order import cancel_order
from portal.flows.checkout.review import review_order, sign_review
from portal.lib.errors import PortalError
from portal.orders import (
    OrderStatus,
    OrderUnknown,
    get_order_by_reference,
    get_order_of_buyer,
    list_order_items,
)
from portal.payments import STATEMENT_PURPOSE, PaymentUnknown, credit_balance, find_payment, list_providers
from portal.runtime import current_portal
from portal.web.checkout.blueprint import blueprint
from portal.web.checkout.review import errors_of
from portal.web.core.access import public, signed_in
from portal.web.core.current_user import current_user
from portal.web.core.requests import is_htmx
from portal.web.core.urls import url_for
from portal.web.text.checkout import PayChoice, credit_view, provider_view
from portal.web.text.messages import error_text
from portal.web.text.orders import OrderItemView, payment_view
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Order, PaymentTransaction


@blueprint.route("/checkout/return/<order_reference>", methods=["GET", "POST"])
@public(csrf=False)
def come_back(order_reference: str) -> ResponseReturnValue:
    """Redirect the browser that comes back from the provider; this never marks anything as paid."""
    return redirect(url_for("checkout.processing", order_reference=order_reference), 303)


@blueprint.get("/checkout/processing/<order_reference>")
@signed_in()
def processing(order_reference: str) -> ResponseReturnValue:
    """Show the state of a payment; the page polls only while it can still change."""
    payment, order = _find(order_reference)
    if payment is not None and payment.purpose == STATEMENT_PURPOSE:
        return redirect(url_for("vendor.statement", statement_id=payment.entity_id), 303)
    if order is not None and payment is not None and _was_paid_otherwise(order, payment):
        return redirect(url_for("checkout.processing", order_reference=order.order_reference), 303)
    return _render(payment, order, None)


@blueprint.post("/orders/<order_id>/cancel")
@signed_in()
def cancel(order_id: str) -> ResponseReturnValue:
    """Cancel an unpaid order."""
    cancel_order(order_id, current_user().id)
    flash(_("The order is cancelled."), "success")
    return redirect(url_for("shop.orders"), 303)


def payment_page(order_reference: str, error: PortalError) -> str:
    """Return the page of an order whose payment was refused, with the error."""
    return _render(*_find(order_reference), error)


def _find(order_reference: str) -> tuple[PaymentTransaction | None, Order | None]:
    """Return an own payment with its order, or an own order whose payment has not begun.

    Raises PaymentUnknown.
    """
    user_id = current_user().id
    payment = find_payment(order_reference)
    if payment is None:
        try:
            return None, get_order_by_reference(order_reference, user_id)
        except OrderUnknown:
            raise PaymentUnknown from None
    if payment.user_id != user_id:
        raise PaymentUnknown
    # By id: after a declined attempt the order carries another reference.
    is_order = payment.purpose == "store_order"
    return payment, get_order_of_buyer(payment.entity_id, user_id) if is_order else None


def _was_paid_otherwise(order: Order, payment: PaymentTransaction) -> bool:
    is_other = order.order_reference != payment.order_reference
    return is_other and order.paid_at is not None and payment.paid_at is None


def _render(payment: PaymentTransaction | None, order: Order | None, error: PortalError | None) -> str:
    template = "checkout/_processing.html" if is_htmx() else "checkout/processing.html"
    return render_template(
        template,
        payment=payment_view(payment, order),
        choice=_choice(payment, order) if order else None,
        **errors_of(error, ""),
    )


def _choice(payment: PaymentTransaction | None, order: Order) -> PayChoice | None:
    """Return the ways to pay an order, None if it is paid or a bank is still checking its payment."""
    if order.status != OrderStatus.CREATED or (payment is not None and payment.status == "pending"):
        return None
    buyer, settings = current_user().row, current_portal().settings
    items = tuple(OrderItemView(item.name, item.quantity) for item in list_order_items(order.id))
    try:
        require_payable(order, settings)
    except PortalError as refusal:
        return PayChoice(order.id, items, error_text(refusal), "", (), None)
    balance = credit_balance(buyer.id, order.currency)
    return PayChoice(
        order.id,
        items,
        "",
        sign_review(review_order(order, settings), buyer, settings),
        tuple(provider_view(provider) for provider in list_providers(settings)),
        credit_view(balance, order.total_minor, order.currency),
    )
