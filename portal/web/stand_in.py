"""A development stand-in for WayForPay's hosted page: it verifies and signs as the provider does.

Registered in development only, and only while no real hosted page is configured (SPEC section 6).
"""

from __future__ import annotations

import json
import logging
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from portal.flows.begin_payment import STAND_IN_PATH
from portal.lib.errors import PortalError
from portal.lib.money import major_text
from portal.payments import find_payment
from portal.payments.wayforpay import (
    BAD_SIGNATURE,
    PurchaseRefused,
    amount_minor,
    sign_callback,
    verify_purchase,
)
from portal.payments.wayforpay_api import ORDER_NOT_FOUND, is_authentic_request, sign_refund_answer
from portal.settings import STAND_IN_API_PATH
from portal.web.access import public
from portal.web.requests import json_body, portal

if TYPE_CHECKING:
    from models import PaymentTransaction

blueprint = Blueprint("stand_in", __name__)
log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 20
_MOST_COPIES = 5
_OUTCOMES = {
    "pay": ("Approved", "1100", "541963", "41****8217"),
    "decline": ("Declined", "1101", "", ""),
    "pending": ("Pending", "1134", "", "41****8217"),
    "expire": ("Expired", "1124", "", ""),
    "refund": ("Refunded", "1100", "541963", "41****8217"),
}


@dataclass(frozen=True)
class Delivery:
    """One callback as it was sent and what the portal answered."""

    label: str
    status: int
    answer: str


@blueprint.post(STAND_IN_PATH)
@public(csrf=False)
def hosted_page() -> ResponseReturnValue:
    """Show the payment page for a purchase form, or refuse the form as the provider would."""
    fields = _posted_fields()
    try:
        verify_purchase(_secret(), fields)
    except PurchaseRefused as error:
        return render_template(
            "stand_in/refused.html", field=error.field, code=error.params.get("reason_code")
        ), 400
    return render_template("stand_in/hosted.html", fields=fields, one=_one(fields), lines=_lines(fields))


@blueprint.post("/dev/wayforpay/act")
@public(csrf=False)
def act() -> ResponseReturnValue:
    """Send the chosen callbacks to the portal, then hand the browser back by POST."""
    fields = _posted_fields()
    try:
        verify_purchase(_secret(), fields)
    except PurchaseRefused as error:
        return render_template(
            "stand_in/refused.html", field=error.field, code=error.params.get("reason_code")
        ), 400
    wanted = request.form.get("standInAction", "pay")
    outcome = wanted if wanted in _OUTCOMES else "pay"
    deliveries = [_deliver(label, body) for label, body in _callbacks(outcome, _one(fields))]
    return render_template("stand_in/sent.html", one=_one(fields), deliveries=deliveries, outcome=outcome)


@blueprint.post(STAND_IN_API_PATH)
@public(csrf=False)
def json_api() -> ResponseReturnValue:
    """Answer REFUND and CHECK_STATUS, verified and signed as the provider does; the portal's rows are its books."""
    asked = json_body()
    if not is_authentic_request(asked, _secret()):
        return jsonify({"reasonCode": BAD_SIGNATURE, "reason": "Invalid signature"})
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
    fits = payment.status == "paid" and 0 < amount <= payment.amount_minor - payment.refunded_minor
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


def _callbacks(outcome: str, one: Mapping[str, str]) -> list[tuple[str, dict[str, object]]]:
    genuine = _callback(outcome, one)
    sent = [(str(genuine["transactionStatus"]), genuine)] * min(
        request.form.get("standInCopies", 1, type=int), _MOST_COPIES
    )
    if request.form.get("standInReorder"):
        sent = [*sent, ("Pending", _callback("pending", one))]
    if request.form.get("standInForge"):
        sent = [("forged", {**genuine, "merchantSignature": "0" * 32}), *sent]
    if request.form.get("standInWrongAmount"):
        sent = [("wrong amount", _callback(outcome, {**one, "amount": "1.00"})), *sent]
    return sent


def _callback(outcome: str, one: Mapping[str, str]) -> dict[str, object]:
    status, code, auth_code, card = _OUTCOMES[outcome]
    amount = (
        request.form.get("standInRefundAmount") or one["amount"] if outcome == "refund" else one["amount"]
    )
    fields: dict[str, object] = {
        "merchantAccount": one["merchantAccount"],
        "orderReference": one["orderReference"],
        "amount": amount,
        "currency": one["currency"],
        "authCode": auth_code,
        "cardPan": card,
        "transactionStatus": status,
        "reasonCode": code,
        "reason": "Ok" if code == "1100" else status,
    }
    return sign_callback(_secret(), fields)


def _deliver(label: str, body: dict[str, object]) -> Delivery:
    url = f"{portal().settings.app_url}/api/payments/wayforpay/webhook"
    # The provider labels its JSON as a form.
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    call = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - our own APP_URL
    try:
        with urllib.request.urlopen(call, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            return Delivery(label, answer.status, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Delivery(label, error.code, error.read().decode())
    except OSError as error:
        log.warning("the stand-in could not reach the portal: %s", error)
        return Delivery(label, 0, str(error))


def _secret() -> str:
    return portal().settings.wayforpay_secret_key.get_secret_value()
