"""Simulate WayForPay in development: verify purchases and requests, and sign, as the provider does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portal.lib.errors import PortalError
from portal.lib.money import major_text
from portal.payments.providers.wayforpay.api import (
    is_authentic_request,
    is_complete_request,
    sign_refund_answer,
)
from portal.payments.providers.wayforpay.callbacks import sign_callback
from portal.payments.providers.wayforpay.purchase import verify_purchase
from portal.payments.providers.wayforpay.signature import (
    BAD_SIGNATURE,
    DUPLICATE_REFERENCE,
    FORMAT_ERROR,
    ORDER_NOT_FOUND,
    amount_minor,
    is_same_text,
)
from portal.payments.simulator import (
    Behaviour,
    Fields,
    FindPayment,
    PurchaseRefused,
    SimulatedCallback,
    SimulatedPurchase,
)

if TYPE_CHECKING:
    from models import PaymentTransaction

# Status, reason code, authorisation code and masked card of each outcome.
_OUTCOMES = {
    "pay": ("Approved", "1100", "541963", "41****8217"),
    "decline": ("Declined", "1101", "", ""),
    "pending": ("Pending", "1134", "", "41****8217"),
    "expire": ("Expired", "1124", "", ""),
    "refund": ("Refunded", "1100", "541963", "41****8217"),
}
_STATUSES = {"paid": "Approved", "refunded": "Refunded", "failed": "Declined", "cancelled": "Expired"}
_REFUND_LIMIT = "1128"
# The provider labels its JSON as a form.
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class WayForPaySimulator:
    """Stand in for the provider, which knows one merchant here."""

    merchant_account: str
    secret: str

    def read_purchase(self, fields: Fields) -> SimulatedPurchase:
        """Verify a purchase form as the provider does; raise PurchaseRefused."""
        verify_purchase(self.secret, fields)
        single = {name: values[0] for name, values in fields.items() if len(values) == 1}
        if not is_same_text(single["merchantAccount"], self.merchant_account):
            raise PurchaseRefused(field="merchantAccount", reason_code=BAD_SIGNATURE)
        names, counts, prices = (fields[f"product{name}[]"] for name in ("Name", "Count", "Price"))
        return SimulatedPurchase(
            single["merchantAccount"],
            single["orderReference"],
            single["amount"],
            single["currency"],
            list(zip(names, counts, prices, strict=True)),
            single.get("returnUrl", ""),
        )

    def refuse_used(self) -> PurchaseRefused:
        """Return the refusal of a reference the provider has answered about."""
        return PurchaseRefused(field="orderReference", reason_code=DUPLICATE_REFERENCE)

    def callbacks(
        self, outcome: str, purchase: SimulatedPurchase, behaviour: Behaviour
    ) -> list[SimulatedCallback]:
        """Return the callbacks to send: the bad ones first, the late one last."""
        genuine = self._callback(outcome, purchase, behaviour.refund_amount)
        sent = [
            _body(label, fields)
            for is_wanted, label, fields in self._bad_callbacks(outcome, purchase, behaviour, genuine)
            if is_wanted
        ]
        sent += [_body(str(genuine["transactionStatus"]), genuine)] * behaviour.copies
        if behaviour.reorder:
            late = "pay" if outcome == "refund" else "pending"
            sent.append(_body(_OUTCOMES[late][0], self._callback(late, purchase)))
        return sent

    def answer_api(self, body: Mapping[str, object], find_payment: FindPayment) -> Mapping[str, object]:
        """Answer REFUND and CHECK_STATUS, verified and signed as the provider does."""
        if not is_authentic_request(body, self.secret) or body["merchantAccount"] != self.merchant_account:
            return {"reasonCode": BAD_SIGNATURE, "reason": "Invalid signature"}
        if not is_complete_request(body):
            return {"reasonCode": FORMAT_ERROR, "reason": "Format error"}
        payment = find_payment(str(body.get("orderReference")))
        subject = {name: body.get(name) for name in ("merchantAccount", "orderReference")}
        if body["transactionType"] == "REFUND":
            status, code = _refund(body, payment)
            answer = {**subject, "transactionStatus": status, "reasonCode": code, "reason": status}
            return sign_refund_answer(self.secret, answer)
        return sign_callback(self.secret, {**subject, **_status(payment)})

    def _bad_callbacks(
        self,
        outcome: str,
        purchase: SimulatedPurchase,
        behaviour: Behaviour,
        genuine: Mapping[str, object],
    ) -> list[tuple[bool, str, Mapping[str, object]]]:
        part = behaviour.refund_amount
        # Larger than the payment: a smaller amount would be a good refund.
        wrong_amount = self._callback(outcome, replace(purchase, amount=f"9{purchase.amount}"))
        other_currency = "EUR" if purchase.currency == "USD" else "USD"
        wrong_currency = self._callback(outcome, replace(purchase, currency=other_currency), part)
        unknown = replace(purchase, order_reference=f"{purchase.order_reference}0")
        return [
            (behaviour.unknown_reference, "unknown reference", self._callback(outcome, unknown, part)),
            (behaviour.wrong_currency, "wrong currency", wrong_currency),
            (behaviour.wrong_amount, "wrong amount", wrong_amount),
            (behaviour.forge, "forged signature", {**genuine, "merchantSignature": "0" * 32}),
        ]

    def _callback(
        self, outcome: str, purchase: SimulatedPurchase, refund_amount: str = ""
    ) -> dict[str, object]:
        status, code, auth_code, card = _OUTCOMES[outcome]
        fields: dict[str, object] = {
            "merchantAccount": purchase.merchant,
            "orderReference": purchase.order_reference,
            "amount": (outcome == "refund" and refund_amount) or purchase.amount,
            "currency": purchase.currency,
            "authCode": auth_code,
            "cardPan": card,
            "transactionStatus": status,
            "reasonCode": code,
            "reason": "Ok" if code == "1100" else status,
        }
        return sign_callback(self.secret, fields)


def _body(label: str, fields: Mapping[str, object]) -> SimulatedCallback:
    return SimulatedCallback(label, json.dumps(fields).encode(), _HEADERS)


def _refund(body: Mapping[str, object], payment: PaymentTransaction | None) -> tuple[str, str]:
    if payment is None or payment.currency != body.get("currency"):
        return "Declined", ORDER_NOT_FOUND
    try:
        amount = amount_minor(str(body.get("amount")), payment.currency)
    except PortalError:
        return "Declined", _REFUND_LIMIT
    fits = payment.status == "paid" and 0 < amount <= payment.amount_minor - payment.refunded_minor
    return ("Refunded", "1100") if fits else ("Declined", _REFUND_LIMIT)


def _status(payment: PaymentTransaction | None) -> dict[str, object]:
    fields: dict[str, object] = {"amount": "", "currency": "", "authCode": "", "cardPan": ""}
    if payment is None:
        return {**fields, "transactionStatus": "Declined", "reasonCode": ORDER_NOT_FOUND}
    status = _STATUSES.get(payment.status, "InProcessing")
    return {
        **fields,
        "amount": major_text(payment.amount_minor, payment.currency),
        "currency": payment.currency,
        "transactionStatus": "Refunded" if payment.refunded_minor else status,
        "reasonCode": "1100",
        "refundAmount": major_text(payment.refunded_minor, payment.currency),
    }
