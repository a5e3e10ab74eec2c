"""WayForPay's JSON API: CHECK_STATUS and REFUND bodies and their answers; it sends nothing itself."""

from __future__ import annotations

from collections.abc import Mapping

from portal.lib.money import major_text
from portal.payments.wayforpay import API_VERSION, Callback, is_same_text, sign

_REQUEST_FIELDS = {
    "CHECK_STATUS": ("merchantAccount", "orderReference"),
    "REFUND": ("merchantAccount", "orderReference", "amount", "currency"),
}
_REFUND_ANSWER_FIELDS = ("merchantAccount", "orderReference", "transactionStatus", "reasonCode")


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
    """Tell whether a CHECK_STATUS or REFUND body was signed with the secret, as the provider checks it."""
    names = _REQUEST_FIELDS.get(str(fields.get("transactionType")), ())
    texts = [str(fields.get(name, "")) for name in names]
    signature = str(fields.get("merchantSignature", ""))
    return bool(names and secret) and is_same_text(signature, sign(secret, texts))


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
