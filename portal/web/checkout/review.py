"""The review of an order: what it costs, who is credited, and the ways to pay."""

from __future__ import annotations

import secrets

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.catalogue import CartEmpty
from portal.flows.checkout.decide_attribution import preview_attribution
from portal.flows.checkout.enter_code import FIELD as CODE_FIELD
from portal.flows.checkout.enter_code import check_entered_code
from portal.flows.checkout.place_order import price_lines
from portal.lib.errors import PortalError
from portal.payments import credit_balance, list_providers
from portal.runtime import current_portal
from portal.web.checkout.blueprint import blueprint
from portal.web.core.access import signed_in
from portal.web.core.cart import cart_lines
from portal.web.core.current_user import current_user
from portal.web.core.referral_cookies import entered_code, keep_entered_code, raw_referral_cookie
from portal.web.text.checkout import credit_view, provider_view, referral_view, review_lines
from portal.web.text.format import money
from portal.web.text.messages import error_text, status_of

CODE_ID = "referral-code"
CODE_TEXT_MAX = 64


@blueprint.get("/checkout")
@signed_in()
def review() -> ResponseReturnValue:
    """Show the order, the referral and the ways to pay."""
    return review_page()


@blueprint.post("/checkout/code")
@signed_in()
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


def review_page(error: PortalError | None = None, typed: str = "") -> str:
    """Return the review of the cart, with the error of a refused payment or code."""
    try:
        lines = price_lines(cart_lines())
    except PortalError as unpriced:
        return render_template(
            "checkout/review.html",
            lines=[],
            is_empty=isinstance(unpriced, CartEmpty),
            form_errors=[("", error_text(error or unpriced))],
        )
    buyer = current_user().row
    settings = current_portal().settings
    attribution = preview_attribution(buyer, raw_referral_cookie(), settings, entered_code=entered_code())
    field = CODE_ID if error and error.field == CODE_FIELD else "pay"
    total, currency = sum(line.subtotal_minor for line in lines), lines[0].currency
    return render_template(
        "checkout/review.html",
        lines=review_lines(lines),
        total=money(total, currency),
        referral=referral_view(attribution),
        providers=[provider_view(provider) for provider in list_providers(settings)],
        credit=credit_view(credit_balance(buyer.id, currency), total, currency),
        checkout_key=secrets.token_urlsafe(24),
        form_errors=[(field, error_text(error))] if error else [],
        code_field=CODE_FIELD,
        code_error=error_text(error) if error and field == CODE_ID else None,
        typed_code=typed,
    )
