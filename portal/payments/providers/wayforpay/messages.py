"""WayForPay's protocol: forms, signatures and callbacks; it sends nothing itself.

Signatures are lower-case hex HMAC-MD5 over UTF-8 fields joined with `;`. The provider has no canonical
text for an amount, so amounts stay the text that was sent until they are compared as decimals.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import parse_qsl

from portal.lib.errors import PortalError
from portal.lib.money import InvalidAmount, major_text, parse_major

API_VERSION = "1"
ORDER_TIMEOUT_SECONDS = 86_400
DUPLICATE_REFERENCE = 1112
BAD_SIGNATURE = 1113

# RefundInProcessing is known and leaves the payment as it is.
PAYMENT_STATUSES: Mapping[str, str | None] = {
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

_LANGUAGES = {"en": "EN", "uk": "UA", "ru": "RU"}
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
_PURCHASE_FIELDS = (
    "merchantAccount",
    "merchantDomainName",
    "orderReference",
    "orderDate",
    "amount",
    "currency",
)
_AMOUNT = re.compile(r"[0-9]{1,17}(?:\.[0-9]{1,8})?")
# A callback is a few kilobytes and flat; a body of brackets alone can exhaust the parser's stack.
_MAX_BODY = 262_144
_MAX_BRACKETS = 900
# A JSON escape can spell these; neither UTF-8 nor a text column can hold them.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_NAME_BREAKS = re.compile(r"[;\x00-\x1f\x7f]")

Fields = Mapping[str, str | Sequence[str]]


class CallbackMalformed(PortalError):
    """The body is no JSON object, or a signed field is not text."""

    code = "callback_malformed"


class PurchaseRefused(PortalError):
    """The hosted page would not open: a field or the signature is missing or wrong (params reason_code)."""

    code = "purchase_refused"


@dataclass(frozen=True)
class PurchaseLine:
    """One product of a purchase: its name, unit price in minor units and count."""

    name: str
    unit_price_minor: int
    count: int


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


def sign(secret: str, fields: Iterable[str]) -> str:
    """Return the signature of the fields, given in the order of their message."""
    return hmac.new(secret.encode(), ";".join(fields).encode(), hashlib.md5).hexdigest()


def is_same_text(given: str, expected: str) -> bool:
    """Compare two signatures in constant time."""
    # As bytes: the standard comparison refuses text beyond ASCII, which an attacker may send.
    return hmac.compare_digest(given.encode(), expected.encode())


def purchase_form(
    *,
    secret: str,
    merchant_account: str,
    merchant_domain: str,
    order_reference: str,
    order_date: int,
    amount_minor: int,
    currency: str,
    lines: Sequence[PurchaseLine],
    locale: str,
    return_url: str,
    service_url: str,
    client_email: str,
) -> dict[str, str | list[str]]:
    """Return the fields of the purchase form, signature included; lists are arrays such as `productName[]`.

    Every amount is formatted once: the signed text is the posted text. `order_date` is unix seconds.
    """
    fields: dict[str, str | list[str]] = {
        "merchantAccount": merchant_account,
        "merchantAuthType": "SimpleSignature",
        "merchantDomainName": merchant_domain,
        "merchantTransactionSecureType": "AUTO",
        "orderReference": order_reference,
        "orderDate": str(order_date),
        "orderTimeout": str(ORDER_TIMEOUT_SECONDS),
        "amount": major_text(amount_minor, currency),
        "currency": currency,
        "productName[]": [clean_name(line.name) for line in lines],
        "productCount[]": [str(line.count) for line in lines],
        "productPrice[]": [major_text(line.unit_price_minor, currency) for line in lines],
        "clientEmail": client_email,
        "language": _LANGUAGES.get(locale, "AUTO"),
        "returnUrl": return_url,
        "serviceUrl": service_url,
        "apiVersion": API_VERSION,
    }
    return {**fields, "merchantSignature": sign(secret, _purchase_text(fields))}


def clean_name(name: str) -> str:
    """Return a product name on one line and without `;`, which the signed string cannot carry."""
    return " ".join(_NAME_BREAKS.sub(" ", name).split()) or "-"


def verify_purchase(secret: str, fields: Fields) -> None:
    """Check a posted purchase as the provider does; raise PurchaseRefused naming the field at fault.

    Single values and one-element lists are the same, so a form's multi-dict can be given as it is.
    """
    for name in (*_PURCHASE_FIELDS, "merchantSignature"):
        if not _single(fields, name):
            raise PurchaseRefused(field=name, reason_code=BAD_SIGNATURE)
    if _single(fields, "merchantTransactionSecureType") != "AUTO":
        raise PurchaseRefused(field="merchantTransactionSecureType")
    _check_products(fields)
    _check_numbers(fields)
    expected = sign(secret, _purchase_text(fields))
    if not is_same_text(_single(fields, "merchantSignature"), expected):
        raise PurchaseRefused(field="merchantSignature", reason_code=BAD_SIGNATURE)


def parse_callback(raw: bytes) -> Callback:
    """Return the callback in a raw body whatever its content type; raise CallbackMalformed.

    Numbers keep their literal text. A JSON text sent as the only key or the only value of a form body
    is accepted too. Nothing is trusted yet: ask `is_authentic`.
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
    """Tell whether the merchant's secret signed a callback or CHECK_STATUS answer, in constant time.

    The literal amount is tried first, then the minimal and the two-decimal text of the same number.
    Without a secret nothing is authentic.
    """
    if not secret:
        return False
    matches = [
        is_same_text(callback.signature, sign(secret, callback.signed_fields(amount)))
        for amount in _amount_texts(callback.amount)
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
    """Return a hash of the signed fields: equal fields are one event (SPEC section 5).

    Two texts of one amount, 490 and 490.00, are equal.
    """
    fields = callback.signed_fields(_minimal(callback.amount))
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def amount_minor(text: str, currency: str) -> int:
    """Return a provider's amount text in minor units, exactly; raise InvalidAmount."""
    if not _AMOUNT.fullmatch(text):
        raise InvalidAmount(field="amount")
    return parse_major(text, currency)


def is_same_amount(text: str, expected_minor: int, currency: str) -> bool:
    """Tell whether a provider's amount text is exactly the expected minor units: 100 is 100.00."""
    try:
        return amount_minor(text, currency) == expected_minor
    except InvalidAmount:
        return False


def _purchase_text(fields: Fields) -> Iterator[str]:
    yield from (_single(fields, name) for name in _PURCHASE_FIELDS)
    yield from fields["productName[]"]
    yield from fields["productCount[]"]
    yield from fields["productPrice[]"]


def _single(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    if isinstance(value, str):
        return value
    return value[0] if len(value) == 1 else ""


def _check_products(fields: Fields) -> None:
    names = fields.get("productName[]", ())
    for name in ("productName[]", "productCount[]", "productPrice[]"):
        values = fields.get(name, ())
        if isinstance(values, str) or not values or not all(values) or len(values) != len(names):
            raise PurchaseRefused(field=name, reason_code=BAD_SIGNATURE)


def _check_numbers(fields: Fields) -> None:
    amount = _single(fields, "amount")
    if not _AMOUNT.fullmatch(amount) or Decimal(amount) <= 0:
        raise PurchaseRefused(field="amount")
    if not re.fullmatch(r"[0-9]{9,11}", _single(fields, "orderDate")):
        raise PurchaseRefused(field="orderDate")
    if not re.fullmatch(r"[A-Z]{3}", _single(fields, "currency")):
        raise PurchaseRefused(field="currency")


def _amount_texts(amount: str) -> list[str]:
    texts = [amount]
    if _AMOUNT.fullmatch(amount):
        minimal = _minimal(amount)
        whole, _, decimals = minimal.partition(".")
        texts += [minimal, f"{whole}.{decimals:0<2}"]
    return list(dict.fromkeys(texts))


def _minimal(amount: str) -> str:
    if not _AMOUNT.fullmatch(amount):
        return amount
    whole, _, decimals = amount.partition(".")
    decimals = decimals.rstrip("0")
    return f"{int(whole)}.{decimals}" if decimals else str(int(whole))


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
