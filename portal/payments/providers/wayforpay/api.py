"""WayForPay's JSON API: signed CHECK_STATUS and REFUND requests, and their verified answers.

See docs/rules/refunds.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from portal.lib import http
from portal.lib.errors import PortalError
from portal.lib.money import major_text
from portal.payments.provider import UnclearReason, storable_text
from portal.payments.providers.wayforpay.callbacks import (
    Callback,
    CallbackMalformed,
    is_authentic,
    parse_callback,
)
from portal.payments.providers.wayforpay.signature import API_VERSION, is_same_text, sign
from portal.settings import Settings

_REQUEST_FIELDS = {
    "CHECK_STATUS": ("merchantAccount", "orderReference"),
    "REFUND": ("merchantAccount", "orderReference", "amount", "currency"),
}
_REFUND_ANSWER_FIELDS = ("merchantAccount", "orderReference", "transactionStatus", "reasonCode")


class ProviderUnclear(PortalError):
    """The provider gave no answer that can be relied on: nothing is decided by it."""

    code = "provider_unclear"

    def __init__(self, reason: UnclearReason, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason: UnclearReason = reason


def fetch_status(settings: Settings, order_reference: str) -> tuple[Callback, str]:
    """Return the authentic CHECK_STATUS answer about a reference and its text; raise ProviderUnclear."""
    secret = settings.wayforpay_secret_key.get_secret_value()
    request = check_status_request(secret, settings.wayforpay_merchant_account, order_reference)
    answer, text = _call(settings, request)
    if not is_authentic(answer, secret):
        raise ProviderUnclear("bad_signature")
    return answer, text


def send_refund(
    settings: Settings, order_reference: str, amount_minor: int, currency: str, comment: str
) -> Callback:
    """Return the authentic answer to a refund of an amount in minor units; raise ProviderUnclear."""
    secret = settings.wayforpay_secret_key.get_secret_value()
    account = settings.wayforpay_merchant_account
    answer, _ = _call(
        settings, refund_request(secret, account, order_reference, amount_minor, currency, comment)
    )
    if not is_authentic_refund_answer(answer, secret):
        raise ProviderUnclear("bad_signature")
    return answer


def check_status_request(secret: str, merchant_account: str, order_reference: str) -> dict[str, str]:
    """Return the signed CHECK_STATUS body; read its answer with `parse_callback` and `is_authentic`."""
    fields = {"merchantAccount": merchant_account, "orderReference": order_reference}
    return _signed_request("CHECK_STATUS", secret, fields)


def refund_request(
    secret: str, merchant_account: str, order_reference: str, amount_minor: int, currency: str, comment: str
) -> dict[str, str]:
    """Return the signed REFUND body; on an authorised, unsettled payment it acts as the void."""
    fields = {
        "merchantAccount": merchant_account,
        "orderReference": order_reference,
        "amount": major_text(amount_minor, currency),
        "currency": currency,
        "comment": comment,
    }
    return _signed_request("REFUND", secret, fields)


def is_authentic_request(fields: Mapping[str, object], secret: str) -> bool:
    """Return whether a CHECK_STATUS or REFUND body was signed with the secret, as the provider verifies it.

    A signed field that is missing, empty or not text counts as a wrong signature.
    """
    names = _REQUEST_FIELDS.get(str(fields.get("transactionType")), ())
    texts = [text for name in names if isinstance(text := fields.get(name), str) and text]
    signature = str(fields.get("merchantSignature", ""))
    is_whole = bool(names and secret) and len(texts) == len(names)
    return is_whole and is_same_text(signature, sign(secret, texts))


def is_complete_request(fields: Mapping[str, object]) -> bool:
    """Return whether a request has what the provider requires unsigned: apiVersion, and a refund's comment."""
    comment = fields.get("comment")
    needs_comment = fields.get("transactionType") == "REFUND"
    return str(fields.get("apiVersion")) == API_VERSION and (
        not needs_comment or (isinstance(comment, str) and bool(comment.strip()))
    )


def is_authentic_refund_answer(answer: Callback, secret: str) -> bool:
    """Return whether a REFUND answer, read with `parse_callback`, was signed with the secret."""
    fields = (answer.merchant_account, answer.order_reference, answer.transaction_status, answer.reason_code)
    return bool(secret) and is_same_text(answer.signature, sign(secret, fields))


def sign_refund_answer(secret: str, fields: Mapping[str, object]) -> dict[str, object]:
    """Return REFUND answer fields with their `merchantSignature`, as the provider sends them."""
    texts = [str(fields.get(name, "")) for name in _REFUND_ANSWER_FIELDS]
    return {**fields, "merchantSignature": sign(secret, texts)}


def _signed_request(kind: str, secret: str, fields: dict[str, str]) -> dict[str, str]:
    signature = sign(secret, (fields[name] for name in _REQUEST_FIELDS[kind]))
    return {"transactionType": kind, **fields, "apiVersion": API_VERSION, "merchantSignature": signature}


def _call(settings: Settings, request: Mapping[str, str]) -> tuple[Callback, str]:
    """Send a request and return its answer, which names the same merchant and reference."""
    body = _post(settings.wayforpay_api, request)
    try:
        answer = parse_callback(body)
    except CallbackMalformed as error:
        raise ProviderUnclear("unreadable", str(error)) from None
    subject = (answer.merchant_account, answer.order_reference)
    if subject != (request["merchantAccount"], request["orderReference"]):
        raise ProviderUnclear("wrong_payment")
    return answer, storable_text(body)


def _post(url: str, request: Mapping[str, str]) -> bytes:
    try:
        answer = http.post(url, json.dumps(request).encode(), {"Content-Type": "application/json"})
    except http.HttpFailed as error:
        raise ProviderUnclear("unreachable", str(error)) from None
    if answer.status >= 300:
        raise ProviderUnclear("unreachable", f"status {answer.status}")
    return answer.body
