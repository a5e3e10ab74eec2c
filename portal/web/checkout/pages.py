"""Checkout: review with the referral badge, payment, and a processing page that tells only what is known."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.flows.accounts.note_sighting import note_buyer, note_referred
from portal.flows.checkout.begin_payment import begin_membership_payment, begin_order_payment
from portal.flows.checkout.decide_attribution import preview_attribution
from portal.flows.checkout.enter_code import FIELD as CODE_FIELD
from portal.flows.checkout.enter_code import check_entered_code
from portal.flows.checkout.place_order import place_order, price_lines
from portal.flows.checkout.settle_payment import buy_with_credit
from portal.lib.errors import PortalError
from portal.orders import find_order_by_checkout_key, get_order_by_reference, get_order_of_buyer
from portal.payments import (
    INTERNAL_CREDIT,
    CreditShort,
    Form,
    PaymentUnknown,
    Redirect,
    credit_balance,
    find_payment,
    list_providers,
)
from portal.runtime import current_portal
from portal.web.core.access import public, signed_in
from portal.web.core.cart import cart_lines, empty_cart
from portal.web.core.errors import status_of
from portal.web.core.locale import select_locale
from portal.web.core.referral_cookies import entered_code, keep_entered_code, raw_referral_cookie
from portal.web.core.requests import is_htmx
from portal.web.core.sightings import sighting
from portal.web.shop.pages import membership_page
from portal.web.text.messages import error_text, guard_text, referral_reason
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Order

blueprint = Blueprint("checkout", __name__)

KEY_MAX = 64
CODE_ID = "referral-code"


@blueprint.get("/checkout")
@signed_in()
def review() -> ResponseReturnValue:
    """Show what will be paid, who is credited, and the ways to pay."""
    return _review_page()


@blueprint.post("/checkout")
@signed_in()
def pay() -> ResponseReturnValue:
    """Place the order and pay it by the chosen method; the same form sent twice makes one order."""
    try:
        if request.form.get("method") == "credit":
            return _pay_with_credit()
        order = _place_from_cart()
    except PortalError as error:
        return _review_page(error), status_of(error)
    note_buyer(order, sighting, current_portal().settings)
    return _leave_for_provider(order.id, request.form.get("method", ""))


@blueprint.post("/checkout/code")
@signed_in()
def enter_code() -> ResponseReturnValue:
    """Take a referral code that the buyer was told; an empty one takes it back."""
    text = request.form.get(CODE_FIELD, "")[:KEY_MAX]
    keep_entered_code(None)
    if text.strip():
        try:
            keep_entered_code(
                check_entered_code(current_user, text, raw_referral_cookie(), current_portal().settings)
            )
        except PortalError as error:
            return _review_page(error, typed=text), status_of(error)
    return redirect(url_for("checkout.review", _anchor="referral"), 303)


@blueprint.post("/checkout/pay/<order_id>")
@signed_in()
def pay_order(order_id: str) -> ResponseReturnValue:
    """Go to a provider again for an order that is not paid yet."""
    return _leave_for_provider(order_id, request.form.get("method", ""))


@blueprint.post("/membership")
@signed_in()
def pay_membership() -> ResponseReturnValue:
    """Go to the provider to pay for a membership tier."""
    try:
        form = begin_membership_payment(
            request.form.get("tier", ""), current_user, select_locale(), current_portal().settings
        )
    except PortalError as error:
        return membership_page(error), status_of(error)
    note_referred(current_user, sighting, current_portal().settings)
    return _depart(form, None)


@blueprint.route("/checkout/return/<order_reference>", methods=["GET", "POST"])
@public(csrf=False)
def come_back(order_reference: str) -> ResponseReturnValue:
    """Take the browser back from the provider; nothing is ever marked paid here."""
    return redirect(url_for("checkout.processing", order_reference=order_reference), 303)


@blueprint.get("/checkout/processing/<order_reference>")
@signed_in()
def processing(order_reference: str) -> ResponseReturnValue:
    """Show what is known of a payment; the page asks again only while that may change."""
    payment = find_payment(order_reference)
    if payment is None or payment.user_id != current_user.id:
        raise PaymentUnknown
    # By the order itself: after a declined attempt it carries another reference.
    is_order = payment.purpose == "store_order"
    order = get_order_of_buyer(payment.entity_id, current_user.id) if is_order else None
    template = "checkout/_processing.html" if is_htmx() else "checkout/processing.html"
    return render_template(
        template,
        payment=payment,
        order=order,
        reason=_reason(order),
        is_waiting=payment.status in ("redirected", "pending"),
    )


def _checkout_key() -> str | None:
    return request.form.get("checkoutKey", "")[:KEY_MAX] or None


def _place_from_cart() -> Order:
    made = find_order_by_checkout_key(current_user.id, _checkout_key() or "")
    if made:
        return made
    return place_order(
        current_user,
        cart_lines(),
        raw_referral_cookie(),
        current_portal().settings,
        checkout_key=_checkout_key(),
        entered_code=entered_code(),
    ).order


def _pay_with_credit() -> ResponseReturnValue:
    order = buy_with_credit(
        current_user,
        cart_lines(),
        raw_referral_cookie(),
        current_portal().chain,
        current_portal().settings,
        checkout_key=_checkout_key(),
        entered_code=entered_code(),
    )
    current_portal().wake("mint_rewards")
    note_buyer(order, sighting, current_portal().settings)
    empty_cart()
    credited = _("Paid from your credit. Your referrer %(code)s is credited.", code=order.referral_code)
    flash(credited if order.referral_code else _("Paid from your credit."), "success")
    return redirect(url_for("checkout.processing", order_reference=order.order_reference), 303)


def _leave_for_provider(order_id: str, provider: str) -> ResponseReturnValue:
    form = begin_order_payment(order_id, current_user, select_locale(), current_portal().settings, provider)
    order = get_order_by_reference(form.order_reference, current_user.id)
    empty_cart()
    text = (
        _("Referral %(code)s is credited with this purchase.", code=order.referral_code)
        if order.referral_code
        else None
    )
    return _depart(form, text)


def _depart(departure: Form | Redirect, flash_text: str | None) -> ResponseReturnValue:
    """Send the browser to the provider; `flash_text` is shown when it comes back."""
    if isinstance(departure, Form):
        return render_template("checkout/leave.html", form=departure, flash_text=flash_text)
    if flash_text:
        flash(flash_text, "success")
    return redirect(departure.url, 303)


def _review_page(error: PortalError | None = None, typed: str = "") -> str:
    try:
        lines = price_lines(cart_lines())
    except PortalError as unpriced:
        told = error_text(error or unpriced)
        return render_template("checkout/review.html", lines=[], form_errors=[("", told)])
    settings = current_portal().settings
    attribution = preview_attribution(
        current_user, raw_referral_cookie(), settings, entered_code=entered_code()
    )
    at = CODE_ID if error and error.field == CODE_FIELD else "pay"
    total, currency = sum(line.subtotal_minor for line in lines), lines[0].currency
    balance = credit_balance(current_user.id, currency)
    return render_template(
        "checkout/review.html",
        lines=lines,
        total=total,
        currency=currency,
        attribution=attribution,
        reason=referral_reason(attribution.decision.reason) if attribution.decision.reason else None,
        trace=[
            {"result": "passed" if step.passed else "failed", "text": guard_text(vars(step))}
            for step in attribution.decision.trace
        ],
        balance=balance,
        covers=balance >= total,
        providers=list_providers(settings),
        credit=INTERNAL_CREDIT,
        checkout_key=secrets.token_urlsafe(24),
        form_errors=[(at, error_text(error))] if error else [],
        code_field=CODE_FIELD,
        code_error=error_text(error) if error and at == CODE_ID else None,
        typed_code=typed,
        is_short=isinstance(error, CreditShort),
    )


def _reason(order: Order | None) -> str | None:
    return referral_reason(order.referral_reason) if order and order.referral_reason else None
