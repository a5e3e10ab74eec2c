"""A development stand-in for WayForPay's hosted page: it verifies and signs as the provider does.

Registered in development only, and only while no real hosted page is configured (SPEC section 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from portal.lib.errors import PortalError
from portal.lib.money import major_text
from portal.payments import find_payment, is_paid_twice
from portal.payments.providers.wayforpay.api import (
    FORMAT_ERROR,
    ORDER_NOT_FOUND,
    is_authentic_request,
    is_complete_request,
    sign_refund_answer,
)
from portal.payments.providers.wayforpay.messages import (
    BAD_SIGNATURE,
    DUPLICATE_REFERENCE,
    PurchaseRefused,
    amount_minor,
    is_same_text,
    sign_callback,
    verify_purchase,
)
from portal.runtime import current_portal
from portal.settings import STAND_IN_API_PATH, STAND_IN_PAY_PATH
from portal.web.core.access import public
from portal.web.core.requests import json_body
from portal.web.dev.stand_in_callbacks import (
    MOST_COPIES,
    MOST_DELAY_SECONDS,
    OUTCOMES,
    make_callbacks,
    read_wishes,
    send_callbacks,
)

if TYPE_CHECKING:
    from models import PaymentTransaction

blueprint = Blueprint("dev_provider", __name__)
# A reference is the provider's once it has answered about it; one still at the page may be opened again.
_UNUSED = ("created", "redirected")


@blueprint.post(STAND_IN_PAY_PATH)
@public(csrf=False)
def hosted_page() -> ResponseReturnValue:
    """Show the payment page for a purchase form, or refuse the form as the provider would."""
    fields = _posted_fields()
    try:
        _verify(fields)
    except PurchaseRefused as error:
        return _refused_page(error)
    payment = find_payment(_one(fields)["orderReference"])
    if payment is not None and payment.status not in _UNUSED:
        used = PurchaseRefused(field="orderReference", reason_code=DUPLICATE_REFERENCE)
        return _refused_page(used, fields)
    return _page("dev/hosted.html", fields)


@blueprint.post("/dev/wayforpay/act")
@public(csrf=False)
def act() -> ResponseReturnValue:
    """Send the chosen callbacks to the portal, now or later, then hand the browser back by POST."""
    fields = _posted_fields()
    try:
        _verify(fields)
    except PurchaseRefused as error:
        return _refused_page(error)
    wanted, wishes = request.form.get("standInAction", "pay"), read_wishes(request.form)
    outcome = wanted if wanted in OUTCOMES else "pay"
    url = f"{current_portal().settings.app_url}/api/payments/wayforpay/webhook"
    callbacks = make_callbacks(_secret(), outcome, _one(fields), wishes)
    deliveries = send_callbacks(url, callbacks, wishes)
    return _page("dev/sent.html", fields, deliveries=deliveries, delay=wishes.delay_seconds)


@blueprint.post(STAND_IN_API_PATH)
@public(csrf=False)
def provider_api() -> ResponseReturnValue:
    """Answer REFUND and CHECK_STATUS, verified and signed as the provider does; the portal's rows are its books."""
    asked = json_body()
    account = current_portal().settings.wayforpay_merchant_account
    if not is_authentic_request(asked, _secret()) or asked["merchantAccount"] != account:
        return jsonify({"reasonCode": BAD_SIGNATURE, "reason": "Invalid signature"})
    if not is_complete_request(asked):
        return jsonify({"reasonCode": FORMAT_ERROR, "reason": "Format error"})
    payment = find_payment(str(asked.get("orderReference")))
    about = {name: asked.get(name) for name in ("merchantAccount", "orderReference")}
    if asked["transactionType"] == "REFUND":
        status, code = _refund(asked, payment)
        told = {**about, "transactionStatus": status, "reasonCode": code, "reason": status}
        return jsonify(sign_refund_answer(_secret(), told))
    return jsonify(sign_callback(_secret(), {**about, **_status(payment)}))


def _refund(asked: Mapping[str, object], payment: PaymentTransaction | None) -> tuple[str, str]:
    if payment is None or payment.currency != asked.get("currency"):
        return "Declined", ORDER_NOT_FOUND
    try:
        amount = amount_minor(str(asked.get("amount")), payment.currency)
    except PortalError:
        return "Declined", "1128"
    is_refundable = payment.status == "paid" or is_paid_twice(payment)
    fits = is_refundable and 0 < amount <= payment.amount_minor - payment.refunded_minor
    return ("Refunded", "1100") if fits else ("Declined", "1128")


def _status(payment: PaymentTransaction | None) -> dict[str, object]:
    fields: dict[str, object] = {"amount": "", "currency": "", "authCode": "", "cardPan": ""}
    if payment is None:
        return {**fields, "transactionStatus": "Declined", "reasonCode": ORDER_NOT_FOUND}
    known = {"paid": "Approved", "refunded": "Refunded", "failed": "Declined", "cancelled": "Expired"}
    status = known.get(payment.status, "InProcessing")
    return {
        **fields,
        "amount": major_text(payment.amount_minor, payment.currency),
        "currency": payment.currency,
        "transactionStatus": "Refunded" if payment.refunded_minor else status,
        "reasonCode": "1100",
        "refundAmount": major_text(payment.refunded_minor, payment.currency),
    }


def _posted_fields() -> dict[str, list[str]]:
    return {
        name: values
        for name, values in request.form.to_dict(flat=False).items()
        if not name.startswith("standIn")
    }


def _one(fields: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


def _lines(fields: Mapping[str, list[str]]) -> list[tuple[str, str, str]]:
    return list(zip(fields["productName[]"], fields["productCount[]"], fields["productPrice[]"], strict=True))


def _verify(fields: Mapping[str, list[str]]) -> None:
    """Verify a purchase as the provider does, which knows one merchant here; raise PurchaseRefused."""
    verify_purchase(_secret(), fields)
    if not is_same_text(
        _one(fields)["merchantAccount"], current_portal().settings.wayforpay_merchant_account
    ):
        raise PurchaseRefused(field="merchantAccount", reason_code=BAD_SIGNATURE)


def _refused_page(
    error: PurchaseRefused, fields: Mapping[str, list[str]] | None = None
) -> ResponseReturnValue:
    code = error.params.get("reason_code")
    return _page("dev/refused.html", fields, field=error.field, code=code), 400


def _page(template: str, fields: Mapping[str, list[str]] | None, **told: object) -> str:
    shown = {"fields": fields, "one": _one(fields), "lines": _lines(fields)} if fields else {}
    limits = {"most_copies": MOST_COPIES, "most_delay": MOST_DELAY_SECONDS}
    return render_template(template, **shown, **limits, **told)


def _secret() -> str:
    return current_portal().settings.wayforpay_secret_key.get_secret_value()
