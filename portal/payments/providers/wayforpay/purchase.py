"""WayForPay's purchase form, as it is made and as the hosted page verifies it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from portal.lib.money import major_text
from portal.payments.provider import PurchaseLine
from portal.payments.providers.wayforpay.signature import (
    AMOUNT,
    API_VERSION,
    BAD_SIGNATURE,
    is_same_text,
    sign,
)
from portal.payments.simulator import PurchaseRefused

ORDER_TIMEOUT_SECONDS = 86_400

_LANGUAGES = {"en": "EN", "uk": "UA", "ru": "RU"}
_PURCHASE_FIELDS = (
    "merchantAccount",
    "merchantDomainName",
    "orderReference",
    "orderDate",
    "amount",
    "currency",
)
_NAME_BREAKS = re.compile(r"[;\x00-\x1f\x7f]")

Fields = Mapping[str, str | Sequence[str]]


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
    """Check a posted purchase as the provider does; raise PurchaseRefused naming the invalid field.

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
    if not AMOUNT.fullmatch(amount) or Decimal(amount) <= 0:
        raise PurchaseRefused(field="amount")
    if not re.fullmatch(r"[0-9]{9,11}", _single(fields, "orderDate")):
        raise PurchaseRefused(field="orderDate")
    if not re.fullmatch(r"[A-Z]{3}", _single(fields, "currency")):
        raise PurchaseRefused(field="currency")
