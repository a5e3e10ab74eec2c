"""The review of an order: what it costs, who is credited, and the ways to pay."""

from __future__ import annotations

import secrets

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue import CartEmpty
from portal.flows.checkout.check_order import list_open_orders
from portal.flows.checkout.enter_code import FIELD as CODE_FIELD
from portal.flows.checkout.enter_code import check_entered_code
from portal.flows.checkout.place_order import prepare_order
from portal.flows.checkout.review import ReviewChanged, sign_review
from portal.lib.errors import InputInvalid, PortalError
from portal.orders import Delivery
from portal.payments import credit_balance, list_providers
from portal.runtime import current_portal
from portal.web.checkout.blueprint import blueprint
from portal.web.core.access import signed_in
from portal.web.core.cart import cart_lines
from portal.web.core.current_user import current_user
from portal.web.core.referral_cookies import entered_code, keep_entered_code, raw_referral_cookie
from portal.web.core.security import limit_account
from portal.web.core.urls import url_for
from portal.web.text.checkout import credit_view, provider_view, referral_view, review_lines
from portal.web.text.deliveries import delivery_form
from portal.web.text.format import money
from portal.web.text.messages import error_text, error_texts, status_of
from portal.web.text.orders import unpaid_view

CODE_ID = "referral-code"
CODE_TEXT_MAX = 64
DELIVERY = "delivery"


@blueprint.get("/checkout")
@signed_in()
def review() -> ResponseReturnValue:
    """Show the order, the referral and the ways to pay."""
    return review_page()


@blueprint.post("/checkout/code")
@signed_in()
@limit_account("account")
def enter_code() -> ResponseReturnValue:
    """Take a referral code typed by the buyer; an empty one removes it."""
    text = request.form.get(CODE_FIELD, "")[:CODE_TEXT_MAX]
    keep_entered_code(None)
    if text.strip():
        buyer = current_user().row
        try:
            keep_entered_code(
                check_entered_code(buyer, text, raw_referral_cookie(), current_portal().settings)
            )
        except PortalError as error:
            return review_page(error, typed=text), status_of(error)
    return redirect(url_for("checkout.review", _anchor="referral"), 303)


def typed_delivery() -> Delivery:
    """Return the delivery data of the form as they were typed."""
    return Delivery(*(request.form.get(f"{DELIVERY}.{name}", "") for name in ("name", "phone", "address")))


def review_page(error: PortalError | None = None, typed: str = "") -> str:
    """Return the review of the cart, with the error of a refused payment, delivery or code."""
    buyer, settings = current_user().row, current_portal().settings
    try:
        prepared = prepare_order(
            buyer, cart_lines(), raw_referral_cookie(), settings, entered_code=entered_code()
        )
    except PortalError as unpriced:
        return _page_without_review(error, unpriced)
    field = CODE_ID if error and error.field == CODE_FIELD else "order"
    review = prepared.review
    total = money(review.total_minor, review.currency)
    balance = credit_balance(buyer.id, review.currency)
    return render_template(
        "checkout/review.html",
        lines=review_lines(prepared.lines),
        total=total,
        is_free=not review.total_minor,
        referral=referral_view(prepared.attribution, earns_reward=review.earns_reward),
        providers=[provider_view(provider) for provider in list_providers(settings)],
        credit=credit_view(balance, review.total_minor, review.currency),
        checkout_key=secrets.token_urlsafe(24),
        review_token=sign_review(review, buyer, settings),
        delivery=delivery_form(
            prepared.lines,
            typed_delivery() if f"{DELIVERY}.name" in request.form else Delivery(name=buyer.name),
            settings.delivery_data_days,
        ),
        delivery_errors=error_texts(error) if isinstance(error, InputInvalid) else {},
        **errors_of(error, field),
        code_field=CODE_FIELD,
        code_error=error_text(error) if error and field == CODE_ID else None,
        typed_code=typed,
    )


def _page_without_review(error: PortalError | None, unpriced: PortalError) -> str:
    is_empty = isinstance(unpriced, CartEmpty)
    unpaid = list_open_orders(current_user().id, current_portal().settings) if is_empty else []
    # The orders that wait for payment are what a buyer who comes back is looking for, not an empty cart.
    shown = error or (None if unpaid else unpriced)
    return render_template(
        "checkout/review.html",
        lines=[],
        is_empty=is_empty,
        unpaid=[unpaid_view(order) for order in unpaid],
        **errors_of(shown, ""),
    )


def errors_of(error: PortalError | None, field: str) -> dict[str, object]:
    """Return the error for the summary of a page: every difference of a changed review, every wrong field, or
    one sentence.
    """
    if isinstance(error, ReviewChanged) and error.fields:
        texts = error_texts(error).values()
        return {"error_title": error_text(error), "form_errors": [(field, text) for text in texts]}
    if isinstance(error, InputInvalid) and error.fields:
        return {"error_title": None, "form_errors": list(error_texts(error).items())}
    return {"error_title": None, "form_errors": [(field, error_text(error))] if error else []}
