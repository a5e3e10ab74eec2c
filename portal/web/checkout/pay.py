"""Place an order and pay it, by credit or at the payment provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.flows.accounts.note_sighting import note_buyer, note_referred
from portal.flows.checkout.begin_payment import begin_membership_payment, begin_order_payment
from portal.flows.checkout.place_order import place_order
from portal.flows.checkout.settle_payment import buy_with_credit
from portal.lib.errors import PortalError
from portal.orders import find_order_by_checkout_key, get_order_by_reference
from portal.payments import Form, Redirect
from portal.runtime import current_portal
from portal.web.checkout.blueprint import blueprint
from portal.web.checkout.review import review_page
from portal.web.core.access import signed_in
from portal.web.core.cart import cart_lines, empty_cart
from portal.web.core.current_user import current_user
from portal.web.core.locale import select_locale
from portal.web.core.referral_cookies import entered_code, raw_referral_cookie
from portal.web.core.sightings import sighting
from portal.web.shop.membership import membership_page
from portal.web.text.messages import status_of
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Order

CHECKOUT_KEY_MAX = 64


@blueprint.post("/checkout")
@signed_in()
def pay() -> ResponseReturnValue:
    """Place the order and pay it by the chosen method; a form sent twice places one order."""
    try:
        if request.form.get("method") == "credit":
            return _pay_with_credit()
        order = _place_from_cart()
    except PortalError as error:
        return review_page(error), status_of(error)
    note_buyer(order, sighting, current_portal().settings)
    return _leave_for_provider(order.id, request.form.get("method", ""))


@blueprint.post("/checkout/pay/<order_id>")
@signed_in()
def pay_order(order_id: str) -> ResponseReturnValue:
    """Go to a provider again for an order that is not paid yet."""
    return _leave_for_provider(order_id, request.form.get("method", ""))


@blueprint.post("/membership")
@signed_in()
def pay_membership() -> ResponseReturnValue:
    """Go to the provider to pay for a membership tier."""
    buyer, settings = current_user().row, current_portal().settings
    try:
        departure = begin_membership_payment(request.form.get("tier", ""), buyer, select_locale(), settings)
    except PortalError as error:
        return membership_page(error), status_of(error)
    note_referred(buyer, sighting, settings)
    return _depart(departure, None)


def _checkout_key() -> str | None:
    return request.form.get("checkoutKey", "")[:CHECKOUT_KEY_MAX] or None


def _place_from_cart() -> Order:
    buyer = current_user().row
    existing_order = find_order_by_checkout_key(buyer.id, _checkout_key() or "")
    if existing_order:
        return existing_order
    return place_order(
        buyer,
        cart_lines(),
        raw_referral_cookie(),
        current_portal().settings,
        checkout_key=_checkout_key(),
        entered_code=entered_code(),
    ).order


def _pay_with_credit() -> ResponseReturnValue:
    order = buy_with_credit(
        current_user().row,
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
    if order.referral_code:
        flash(
            _("Paid from your credit. Referral code %(code)s was credited.", code=order.referral_code),
            "success",
        )
    else:
        flash(_("Paid from your credit."), "success")
    return redirect(url_for("checkout.processing", order_reference=order.order_reference), 303)


def _leave_for_provider(order_id: str, provider: str) -> ResponseReturnValue:
    buyer = current_user().row
    departure = begin_order_payment(order_id, buyer, select_locale(), current_portal().settings, provider)
    order = get_order_by_reference(departure.order_reference, buyer.id)
    empty_cart()
    text = None
    if order.referral_code:
        text = _("Referral code %(code)s is credited for this purchase.", code=order.referral_code)
    return _depart(departure, text)


def _depart(departure: Form | Redirect, flash_text: str | None) -> ResponseReturnValue:
    """Send the browser to the provider; `flash_text` is shown when it comes back."""
    if isinstance(departure, Form):
        return render_template("checkout/leave.html", form=departure, flash_text=flash_text)
    if flash_text:
        flash(flash_text, "success")
    return redirect(departure.url, 303)
