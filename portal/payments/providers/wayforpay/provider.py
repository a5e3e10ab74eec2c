"""WayForPay as a payment provider: the signed form, the callbacks, and the JSON API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from portal.lib.clock import utc_now
from portal.lib.errors import PortalError
from portal.lib.marks import N_
from portal.lib.money import InvalidAmount, major_text
from portal.payments.provider import (
    MERCHANT_REDIRECT,
    Callback,
    CallbackSchemas,
    CallbackStatus,
    CallbackText,
    Form,
    Payment,
    Purchase,
    RawCallback,
    Redirect,
    RefundAnswer,
    Refusal,
    StatusReport,
    Unclear,
    storable_text,
)
from portal.payments.providers.wayforpay import callbacks
from portal.payments.providers.wayforpay.api import ProviderUnclear, fetch_status, send_refund
from portal.payments.providers.wayforpay.purchase import purchase_form
from portal.payments.providers.wayforpay.schemas import SCHEMAS
from portal.payments.providers.wayforpay.signature import ORDER_NOT_FOUND, amount_minor
from portal.payments.providers.wayforpay.simulator import WayForPaySimulator
from portal.payments.simulator import Simulator
from portal.settings import TEST_MERCHANT_ACCOUNT, TEST_MERCHANT_SECRET, Settings

# What signs, or charges a card again: no page shows it.
_SECRET_FIELDS = frozenset({"merchantSignature", "recToken", "authTicket", "d3Md", "d3Pareq", "cardCvv"})
_REFUND_STATUSES: Mapping[str, RefundAnswer] = {
    "Refunded": RefundAnswer("refunded"),
    "Voided": RefundAnswer("refunded"),
}
_SAMPLE_STATUSES: Mapping[CallbackStatus, str] = {
    "pending": "Pending",
    "paid": "Approved",
    "failed": "Declined",
    "cancelled": "Expired",
    "refunded": "Refunded",
}


@dataclass(frozen=True)
class WayForPay:
    """Take card payments through WayForPay's hosted page."""

    settings: Settings
    name = "wayforpay"
    label = N_("Card (WayForPay)")
    rail = MERCHANT_REDIRECT
    setting_names = ("WAYFORPAY_MERCHANT_ACCOUNT", "WAYFORPAY_SECRET_KEY", "WAYFORPAY_DOMAIN")

    @property
    def is_configured(self) -> bool:
        """Return whether account and secret are a merchant's own."""
        is_own_account = self._account != TEST_MERCHANT_ACCOUNT
        return is_own_account and self._secret not in ("", TEST_MERCHANT_SECRET)

    @property
    def simulator(self) -> Simulator | None:
        """Return the simulator in development, unless a real page is configured."""
        if not self.settings.wayforpay_is_simulated:
            return None
        return WayForPaySimulator(self._account, self._secret)

    def form_origins(self) -> tuple[str, ...]:
        """Return the origin of the hosted page."""
        parts = urlsplit(self.settings.wayforpay_form_url)
        return (f"{parts.scheme}://{parts.netloc}",)

    def begin(self, payment: Payment, purchase: Purchase) -> Redirect | Form:
        """Return the signed purchase form."""
        fields = purchase_form(
            secret=self._secret,
            merchant_account=self._account,
            merchant_domain=self.settings.wayforpay_merchant_domain,
            order_reference=payment.order_reference,
            order_date=int(utc_now().timestamp()),
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            lines=purchase.lines,
            locale=purchase.locale,
            return_url=purchase.return_url,
            service_url=purchase.callback_url,
            client_email=purchase.buyer_email,
        )
        return Form(payment.order_reference, self.settings.wayforpay_form_url, fields)

    def read_callback(self, raw: RawCallback) -> Callback | Refusal:
        """Return an authentic callback for this merchant, or why it is refused."""
        try:
            message = callbacks.parse_callback(raw.body)
        except callbacks.CallbackMalformed:
            return Refusal("malformed")
        if not callbacks.is_authentic(message, self._secret):
            return Refusal("bad_signature", message.order_reference)
        if message.merchant_account != self._account:
            return Refusal("wrong_merchant", message.order_reference, is_authentic=True)
        return _normalised(message, storable_text(raw.body))

    def read_stored(self, payload: str) -> Callback:
        """Return a callback from its stored body; raise CallbackMalformed."""
        return _normalised(callbacks.parse_callback(payload.encode()), payload)

    def describe_callback(self, payload: str) -> CallbackText | None:
        """Return a stored body for reading, without signatures and card tokens."""
        try:
            message = callbacks.parse_callback(payload.encode())
        except callbacks.CallbackMalformed:
            return None
        shown = {name: "•••" if name in _SECRET_FIELDS else value for name, value in message.payload.items()}
        return CallbackText(
            message.transaction_status,
            message.amount,
            message.currency,
            message.reason_code,
            json.dumps(shown, ensure_ascii=False, indent=2),
        )

    def acknowledge(self, callback: Callback) -> Mapping[str, str | int]:
        """Return the signed accept; without it the provider repeats the callback for days."""
        return callbacks.signed_accept(self._secret, callback.order_reference, int(utc_now().timestamp()))

    def check_status(self, payment: Payment) -> StatusReport | Unclear:
        """Return the authentic answer to CHECK_STATUS."""
        try:
            answer, text = fetch_status(self.settings, payment.order_reference)
        except ProviderUnclear as error:
            return Unclear(error.reason, str(error))
        if answer.reason_code == ORDER_NOT_FOUND:
            return Unclear("unknown_payment")
        return StatusReport(_normalised(answer, text), _refunded_sum(answer, payment.currency))

    def refund(self, payment: Payment, amount_minor: int, comment: str) -> RefundAnswer | Unclear:
        """Return the authentic answer to REFUND."""
        try:
            answer = send_refund(
                self.settings, payment.order_reference, amount_minor, payment.currency, comment
            )
        except ProviderUnclear as error:
            return Unclear(error.reason, str(error))
        if answer.transaction_status == "Declined":
            return RefundAnswer("refused", callbacks.callback_reason(answer))
        return _REFUND_STATUSES.get(answer.transaction_status, RefundAnswer("pending"))

    def sample_callback(self, payment: Payment, status: CallbackStatus, comment: str) -> RawCallback:
        """Return a signed callback without a card."""
        fields: dict[str, object] = {
            "merchantAccount": self._account,
            "orderReference": payment.order_reference,
            "amount": major_text(payment.amount_minor, payment.currency),
            "currency": payment.currency,
            "authCode": "",
            "cardPan": "",
            "transactionStatus": _SAMPLE_STATUSES[status],
            "reasonCode": "1100",
            "reason": comment,
        }
        return RawCallback(self.name, json.dumps(callbacks.sign_callback(self._secret, fields)).encode())

    def callback_schemas(self) -> CallbackSchemas:
        """Return the schemas of a callback and of the signed accept."""
        return SCHEMAS

    def dev_description(self) -> Mapping[str, str]:
        """Return the merchant that signs."""
        return {"merchantAccount": self._account, "secretKey": self._secret}

    @property
    def _account(self) -> str:
        return self.settings.wayforpay_merchant_account

    @property
    def _secret(self) -> str:
        return self.settings.wayforpay_secret_key.get_secret_value()


def _normalised(message: callbacks.Callback, payload: str) -> Callback:
    return Callback(
        order_reference=message.order_reference,
        status=callbacks.callback_status(message),
        amount_minor=_amount_minor(message),
        currency=message.currency,
        fingerprint=callbacks.callback_fingerprint(message),
        reason=callbacks.callback_reason(message),
        payload=payload,
    )


def _amount_minor(message: callbacks.Callback) -> int | None:
    try:
        return amount_minor(message.amount, message.currency)
    except PortalError:
        return None


def _refunded_sum(answer: callbacks.Callback, currency: str) -> int | None:
    text = answer.payload.get("refundAmount")
    try:
        return amount_minor(text, currency) if isinstance(text, str) else None
    except InvalidAmount:
        return None
