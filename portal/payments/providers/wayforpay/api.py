"""WayForPay's JSON API: CHECK_STATUS and REFUND bodies, their answers, and the one place that sends them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping

from portal.lib.errors import PortalError
from portal.lib.money import major_text
from portal.payments.providers.wayforpay.messages import (
    API_VERSION,
    Callback,
    CallbackMalformed,
    is_authentic,
    is_same_text,
    parse_callback,
    sign,
)
from portal.settings import Settings

ORDER_NOT_FOUND = "1127"
FORMAT_ERROR = 1109
_TIMEOUT_SECONDS = 10
_ANSWER_LIMIT = 256 * 1024

_REQUEST_FIELDS = {
    "CHECK_STATUS": ("merchantAccount", "orderReference"),
    "REFUND": ("merchantAccount", "orderReference", "amount", "currency"),
}
_REFUND_ANSWER_FIELDS = ("merchantAccount", "orderReference", "transactionStatus", "reasonCode")


class ProviderUnclear(PortalError):
    """The provider gave no answer that can be believed: nothing is decided by it."""

    code = "provider_unclear"


def ask_status(settings: Settings, order_reference: str) -> tuple[Callback, bytes]:
    """Ask for a payment's status; return the authentic answer and its raw text. Raise ProviderUnclear."""
    secret = settings.wayforpay_secret_key.get_secret_value()
    request = check_status_request(secret, settings.wayforpay_merchant_account, order_reference)
    raw = _post(settings.wayforpay_api, request)
    answer = _read(raw, settings, order_reference)
    if not is_authentic(answer, secret):
        raise ProviderUnclear("the signature is wrong")
    return answer, raw


def ask_refund(
    settings: Settings, order_reference: str, amount_minor: int, currency: str, comment: str
) -> Callback:
    """Ask for a refund in minor units and return the authentic answer; raise ProviderUnclear."""
    secret = settings.wayforpay_secret_key.get_secret_value()
    account = settings.wayforpay_merchant_account
    request = refund_request(secret, account, order_reference, amount_minor, currency, comment)
    answer = _read(_post(settings.wayforpay_api, request), settings, order_reference)
    if not is_authentic_refund_answer(answer, secret):
        raise ProviderUnclear("the signature is wrong")
    return answer


def _post(url: str, body: Mapping[str, str]) -> bytes:
    headers = {"Content-Type": "application/json"}
    call = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - an operator's setting
    try:
        with urllib.request.urlopen(call, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            raw: bytes = answer.read(_ANSWER_LIMIT)
    except (OSError, urllib.error.URLError) as error:
        raise ProviderUnclear(str(error)) from None
    return raw


def _read(raw: bytes, settings: Settings, order_reference: str) -> Callback:
    try:
        answer = parse_callback(raw)
    except CallbackMalformed as error:
        raise ProviderUnclear(str(error)) from None
    if (answer.merchant_account, answer.order_reference) != (
        settings.wayforpay_merchant_account,
        order_reference,
    ):
        raise ProviderUnclear("the answer is about something else")
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
    """Tell whether a CHECK_STATUS or REFUND body was signed with the secret, as the provider checks it.

    A signed field that is missing, empty or no text is as bad as a wrong signature.
    """
    names = _REQUEST_FIELDS.get(str(fields.get("transactionType")), ())
    texts = [text for name in names if isinstance(text := fields.get(name), str) and text]
    signature = str(fields.get("merchantSignature", ""))
    whole = bool(names and secret) and len(texts) == len(names)
    return whole and is_same_text(signature, sign(secret, texts))


def is_complete_request(fields: Mapping[str, object]) -> bool:
    """Tell whether a request has what is needed besides the signed fields: apiVersion, and a refund's comment."""
    comment = fields.get("comment")
    needs_comment = fields.get("transactionType") == "REFUND"
    return str(fields.get("apiVersion")) == API_VERSION and (
        not needs_comment or (isinstance(comment, str) and bool(comment.strip()))
    )


def is_authentic_refund_answer(answer: Callback, secret: str) -> bool:
    """Tell whether a REFUND answer, read with `parse_callback`, was signed with the secret."""
    fields = (answer.merchant_account, answer.order_reference, answer.transaction_status, answer.reason_code)
    return bool(secret) and is_same_text(answer.signature, sign(secret, fields))


def sign_refund_answer(secret: str, fields: Mapping[str, object]) -> dict[str, object]:
    """Return REFUND answer fields with their `merchantSignature`, as the provider sends them."""
    texts = [str(fields.get(name, "")) for name in _REFUND_ANSWER_FIELDS]
    return {**fields, "merchantSignature": sign(secret, texts)}


def _signed_request(kind: str, secret: str, fields: dict[str, str]) -> dict[str, str]:
    signature = sign(secret, (fields[name] for name in _REQUEST_FIELDS[kind]))
    return {"transactionType": kind, **fields, "apiVersion": API_VERSION, "merchantSignature": signature}
