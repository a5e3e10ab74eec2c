"""The return from the payment provider, and the page that follows a payment."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.orders import get_order_of_buyer
from portal.payments import PaymentUnknown, find_payment
from portal.web.checkout.blueprint import blueprint
from portal.web.core.access import public, signed_in
from portal.web.core.current_user import current_user
from portal.web.core.requests import is_htmx
from portal.web.text.orders import payment_view


@blueprint.route("/checkout/return/<order_reference>", methods=["GET", "POST"])
@public(csrf=False)
def come_back(order_reference: str) -> ResponseReturnValue:
    """Redirect the browser that comes back from the provider; this never marks anything as paid."""
    return redirect(url_for("checkout.processing", order_reference=order_reference), 303)


@blueprint.get("/checkout/processing/<order_reference>")
@signed_in()
def processing(order_reference: str) -> ResponseReturnValue:
    """Show the state of a payment; the page polls only while it can still change."""
    user_id = current_user().id
    payment = find_payment(order_reference)
    if payment is None or payment.user_id != user_id:
        raise PaymentUnknown
    # By id: after a declined attempt the order carries another reference.
    is_order = payment.purpose == "store_order"
    order = get_order_of_buyer(payment.entity_id, user_id) if is_order else None
    template = "checkout/_processing.html" if is_htmx() else "checkout/processing.html"
    return render_template(template, payment=payment_view(payment, order))
