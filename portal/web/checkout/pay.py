"""Place an order and pay it, by credit or at the payment provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue

from portal.flows.accounts.note_sighting import note_buyer, note_referred
from portal.flows.checkout.begin_payment import begin_membership_payment, begin_order_payment
from portal.flows.checkout.place_order import place_order, price_lines
from portal.flows.checkout.review import (
    Review,
    ReviewChanged,
    ReviewInvalid,
    empty_review,
    read_review,
    require_same,
)
from portal.flows.checkout.settle_payment import buy_with_credit, pay_with_credit
from portal.lib.errors import PortalError
from portal.orders import find_order_by_checkout_key, get_order_by_reference, get_order_of_buyer
from portal.payments import ProviderUnknown
from portal.runtime import current_portal
from portal.web.checkout.blueprint import blueprint
from portal.web.checkout.processing import payment_page
from portal.web.checkout.review import review_page, typed_delivery
from portal.web.core.access import signed_in
from portal.web.core.cart import cart_lines, empty_cart_of, fit_cart_to_stock
from portal.web.core.current_user import current_user
from portal.web.core.departure import depart
from portal.web.core.locale import select_locale
from portal.web.core.referral_cookies import entered_code, raw_referral_cookie, referral_label
from portal.web.core.security import limit_account
from portal.web.core.sightings import sighting
from portal.web.core.urls import url_for
from portal.web.shop.membership import membership_page
from portal.web.text.messages import status_of
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Order

CHECKOUT_KEY_MAX = 64


@blueprint.post("/checkout")
@signed_in()
@limit_account("orders")
def pay() -> ResponseReturnValue:
    """Place the order that was reviewed and pay it by the chosen method; a form sent twice places one order."""
    try:
        reviewed = _reviewed()
        if request.form.get("method") == "credit":
            return _pay_with_credit(reviewed)
        order = _place_from_cart(reviewed)
    except PortalError as error:
        return review_page(error), status_of(error)
    note_buyer(order, sighting, current_portal().settings)
    return _leave_for_provider(order.id, request.form.get("method", ""), reviewed)


@blueprint.post("/checkout/pay/<order_id>")
@signed_in()
@limit_account("payments")
def pay_order(order_id: str) -> ResponseReturnValue:
    """Pay an order that is not paid yet, at a provider or from credit."""
    buyer, settings = current_user().row, current_portal().settings
    order = get_order_of_buyer(order_id, buyer.id)
    method, token = request.form.get("method", ""), request.form.get("review", "")
    try:
        reviewed = read_review(token, buyer, settings) if token else None
        if method != "credit":
            return _leave_for_provider(order_id, method, reviewed)
        order = pay_with_credit(order_id, buyer, current_portal().chain, settings, reviewed=reviewed)
    except ProviderUnknown:
        raise
    except PortalError as error:
        return payment_page(order.order_reference, error), status_of(error)
    return _finish(order)


@blueprint.post("/membership")
@signed_in()
@limit_account("payments")
def pay_membership() -> ResponseReturnValue:
    """Go to the provider to pay for a membership tier."""
    buyer, settings = current_user().row, current_portal().settings
    try:
        departure = begin_membership_payment(request.form.get("tier", ""), buyer, select_locale(), settings)
    except PortalError as error:
        return membership_page(error), status_of(error)
    note_referred(buyer, sighting, settings)
    return depart(departure)


def _checkout_key() -> str | None:
    return request.form.get("checkoutKey", "")[:CHECKOUT_KEY_MAX] or None


def _reviewed() -> Review:
    """Return what the buyer has reviewed on the page, after the cart was fitted to what can be bought now.

    Raises ReviewChanged when the form carries no review of this buyer: it was not confirmed.
    """
    buyer, settings = current_user().row, current_portal().settings
    lines = fit_cart_to_stock()
    try:
        reviewed = read_review(request.form.get("review", ""), buyer, settings)
    except ReviewInvalid:
        price_lines(lines)
        raise ReviewChanged({}) from None
    if not lines and not find_order_by_checkout_key(buyer.id, _checkout_key() or ""):
        require_same(reviewed, empty_review())
    return reviewed


def _place_from_cart(reviewed: Review) -> Order:
    return place_order(
        current_user().row,
        cart_lines(),
        raw_referral_cookie(),
        current_portal().settings,
        checkout_key=_checkout_key(),
        entered_code=entered_code(),
        link_label=referral_label(),
        reviewed=reviewed,
        delivery=typed_delivery(),
    ).order


def _pay_with_credit(reviewed: Review) -> ResponseReturnValue:
    order = buy_with_credit(
        current_user().row,
        cart_lines(),
        raw_referral_cookie(),
        current_portal().chain,
        current_portal().settings,
        checkout_key=_checkout_key(),
        entered_code=entered_code(),
        link_label=referral_label(),
        reviewed=reviewed,
        delivery=typed_delivery(),
    )
    note_buyer(order, sighting, current_portal().settings)
    return _finish(order)


def _finish(order: Order) -> ResponseReturnValue:
    """Go to the page of an order that was paid from credit, or that was free."""
    empty_cart_of(order.id)
    current_portal().wake("mint_rewards")
    if not order.total_minor:
        flash(_("Your order is complete."), "success")
    elif order.referral_code:
        flash(
            _("Paid from your credit. Referral code %(code)s was credited.", code=order.referral_code),
            "success",
        )
    else:
        flash(_("Paid from your credit."), "success")
    return redirect(url_for("checkout.processing", order_reference=order.order_reference), 303)


def _leave_for_provider(order_id: str, provider: str, reviewed: Review | None) -> ResponseReturnValue:
    """Send the browser to a provider; an order that cannot be paid now shows why on its page."""
    buyer, settings = current_user().row, current_portal().settings
    try:
        departure = begin_order_payment(
            order_id, buyer, select_locale(), settings, provider, reviewed=reviewed
        )
    except ProviderUnknown:
        raise
    except PortalError as error:
        reference = get_order_of_buyer(order_id, buyer.id).order_reference
        return payment_page(reference, error), status_of(error)
    order = get_order_by_reference(departure.order_reference, buyer.id)
    empty_cart_of(order_id)
    text = None
    if order.referral_code and order.total_minor:
        text = _("Referral code %(code)s is credited for this purchase.", code=order.referral_code)
    return depart(departure, text)
