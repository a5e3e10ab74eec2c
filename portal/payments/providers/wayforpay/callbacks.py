"""WayForPay's callbacks: read, verified, fingerprinted and acknowledged."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from portal.lib.errors import PortalError
from portal.lib.texts import storable
from portal.payments.provider import CallbackStatus
from portal.payments.providers.wayforpay.signature import amount_texts, is_same_text, minimal_amount, sign

# RefundInProcessing is known and leaves the payment as it is.
PAYMENT_STATUSES: Mapping[str, CallbackStatus | None] = {
    "Created": "pending",
    "InProcessing": "pending",
    "WaitingAuthComplete": "pending",
    "Pending": "pending",
    "Approved": "paid",
    "Declined": "failed",
    "Expired": "cancelled",
    "Refunded": "refunded",
    "Voided": "refunded",
    "RefundInProcessing": None,
}

_CALLBACK_FIELDS = (
    "merchantAccount",
    "orderReference",
    "amount",
    "currency",
    "authCode",
    "cardPan",
    "transactionStatus",
    "reasonCode",
)
# A callback is a few kilobytes and flat; a body of brackets alone can exhaust the parser's stack.
_MAX_BODY = 262_144
_MAX_BRACKETS = 900
# A JSON escape can spell these; neither UTF-8 nor a text column can hold them.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class CallbackMalformed(PortalError):
    """The body is no JSON object, or a signed field is not text."""

    code = "callback_malformed"


@dataclass(frozen=True)
class Callback:
    """The signed fields of a callback or CHECK_STATUS answer as literal text; "" where absent or null."""

    merchant_account: str
    order_reference: str
    amount: str
    currency: str
    auth_code: str
    card_pan: str
    transaction_status: str
    reason_code: str
    signature: str
    payload: Mapping[str, object]

    def signed_fields(self, amount: str | None = None) -> tuple[str, ...]:
        """Return the fields in the signed order, the amount replaced by another text of it if given."""
        return (
            self.merchant_account,
            self.order_reference,
            self.amount if amount is None else amount,
            self.currency,
            self.auth_code,
            self.card_pan,
            self.transaction_status,
            self.reason_code,
        )


def parse_callback(raw: bytes) -> Callback:
    """Return the callback in a raw body whatever its content type; raise CallbackMalformed.

    Numbers keep their literal text. A JSON text sent as the only key or the only value of a form body
    is accepted too. Nothing is trusted yet: call `is_authentic`.
    """
    payload = _decode_object(raw)
    return Callback(
        merchant_account=_signed_text(payload, "merchantAccount"),
        order_reference=_signed_text(payload, "orderReference"),
        amount=_signed_text(payload, "amount"),
        currency=_signed_text(payload, "currency"),
        auth_code=_signed_text(payload, "authCode"),
        card_pan=_signed_text(payload, "cardPan"),
        transaction_status=_signed_text(payload, "transactionStatus"),
        reason_code=_signed_text(payload, "reasonCode"),
        signature=_signed_text(payload, "merchantSignature"),
        payload=payload,
    )


def is_authentic(callback: Callback, secret: str) -> bool:
    """Return whether the merchant's secret signed a callback or CHECK_STATUS answer, in constant time.

    The literal amount is tried first, then the minimal and the two-decimal text of the same number.
    Without a secret nothing is authentic.
    """
    if not secret:
        return False
    matches = [
        is_same_text(callback.signature, sign(secret, callback.signed_fields(amount)))
        for amount in amount_texts(callback.amount)
    ]
    return any(matches)


def sign_callback(secret: str, fields: Mapping[str, object]) -> dict[str, object]:
    """Return callback fields with their `merchantSignature`, as the provider sends them; None signs as ""."""
    texts = ["" if fields.get(name) is None else str(fields[name]) for name in _CALLBACK_FIELDS]
    return {**fields, "merchantSignature": sign(secret, texts)}


def signed_accept(secret: str, order_reference: str, time: int) -> dict[str, str | int]:
    """Return our answer to an authentic, durably stored callback; `time` is unix seconds."""
    signature = sign(secret, (order_reference, "accept", str(time)))
    return {"orderReference": order_reference, "status": "accept", "time": time, "signature": signature}


def callback_fingerprint(callback: Callback) -> str:
    """Return a hash of the signed fields: equal fields are one event. See docs/rules/refunds.md.

    Two texts of one amount, 490 and 490.00, are equal.
    """
    fields = callback.signed_fields(minimal_amount(callback.amount))
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def callback_status(callback: Callback) -> CallbackStatus:
    """Return the portal's status of a callback."""
    if callback.transaction_status == "RefundInProcessing":
        return "refunding"
    return PAYMENT_STATUSES.get(callback.transaction_status) or "unknown"


def callback_reason(callback: Callback) -> str | None:
    """Return the provider's code and sentence for what happened, None if it gave neither."""
    reason = callback.payload.get("reason")
    text = f"{callback.reason_code} {reason if isinstance(reason, str) else ''}".strip()
    return storable(text[:200]) or None


def _decode_object(raw: bytes) -> dict[str, object]:
    if len(raw) > _MAX_BODY:
        raise CallbackMalformed("the body is too large")
    try:
        text = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise CallbackMalformed("the body is not UTF-8") from None
    for candidate in _json_candidates(text):
        payload = _load_json(candidate)
        if isinstance(payload, dict):
            return payload
    raise CallbackMalformed("the body is no JSON object")


def _json_candidates(text: str) -> Iterator[str]:
    yield text
    yield text.rstrip("=")
    pairs = parse_qsl(text, keep_blank_values=True)
    if len(pairs) == 1:
        yield from pairs[0]


def _load_json(text: str) -> object:
    if text.count("[") + text.count("{") > _MAX_BRACKETS:
        return None
    try:
        return json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None


def _signed_text(payload: Mapping[str, object], name: str) -> str:
    value = payload.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or _UNSTORABLE.search(value):
        raise CallbackMalformed(field=name)
    return value
