"""Saleor: webhooks signed with its RSA key announce a change, and the order is read by GraphQL.

The signature is a JWS with a detached payload; the secret here is the public key set of the shop. Saleor takes what
is refunded off what is charged, so what was paid is the sum of both. See docs/stores/saleor.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from portal.stores.adapters.asking import ask_graphql, documented_answer
from portal.stores.adapters.exact_json import parse_exact_json
from portal.stores.adapters.forms import (
    CODE_KEYS,
    LABEL_KEYS,
    NAME_MAX,
    TEXT_MAX,
    amount_text,
    coupons,
    documented_form,
    first_text,
    fitting,
    latest,
    less,
    money,
    payment_state,
    pieces,
    refund,
    time_of,
    version_of,
)
from portal.stores.adapters.protocol import (
    ORDER_GONE,
    ORDER_UNREADABLE,
    Delivery,
    DeliveryRefused,
    DeliveryUnreadable,
    Fetch,
    Ignored,
    Reading,
    StoreApi,
    Verified,
)
from portal.stores.snapshots import OrderSnapshot, SnapshotCustomer, SnapshotLine

if TYPE_CHECKING:
    from Crypto.PublicKey.RSA import RsaKey

PAGE = 50
_KEY_BITS = 2048
_PATH = "graphql/"
_ORDER = """
  id number created updatedAt status voucherCode userEmail metadata { key value }
  user { id }
  total { currency gross { amount } } giftCards { id }
  totalCharged { amount } totalRefunded { amount } totalRefundPending { amount }
  shippingPrice { gross { amount } }
  lines { id productName productSku quantity totalPrice { net { amount } gross { amount } } }
"""
_ONE = f"query Order($id: ID!) {{ order(id: $id) {{ {_ORDER} }} }}"
_CHANGED = f"""query Changed($since: DateTime!, $after: String) {{
  orders(first: {PAGE}, after: $after, filter: {{ updatedAt: {{ gte: $since }} }},
         sortBy: {{ field: LAST_MODIFIED_AT, direction: ASC }}) {{
    pageInfo {{ hasNextPage endCursor }} edges {{ node {{ {_ORDER} }} }}
  }}
}}"""
_ID = re.compile(r"[A-Za-z0-9+/_=-]{1,200}")
_NOT_PLACED = frozenset({"DRAFT", "UNCONFIRMED"})
_CANCELLED = frozenset({"CANCELED", "EXPIRED"})
Part = Mapping[str, Any]


class Saleor:
    """The platform: webhooks of orders, and the GraphQL API with a token of an app."""

    name = "saleor"
    label = "Saleor"
    credential_names = ("app_token",)

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> Verified | Ignored:
        """Return a delivery that a key of the shop's key set signed; raise DeliveryRefused or DeliveryUnreadable.

        Each secret is a key set (JWKS) as the shop publishes it.
        """
        signature = delivery.header("saleor-signature")
        if not signature:
            raise DeliveryRefused(reason="signature_missing")
        keys = [key for secret in secrets for key in _public_keys(secret)]
        if not keys:
            raise DeliveryRefused(reason="secret_missing")
        _check_signature(signature, delivery.body, keys)
        return Verified(delivery.header("saleor-event").lower(), parse_exact_json(delivery.body))

    def read(self, verified: Verified) -> Reading | Fetch | Ignored:
        """Return which order to ask for; raise DeliveryUnreadable."""
        if not verified.kind.startswith("order_"):
            return Ignored("other_topic")
        content = verified.content
        if isinstance(content, list) and content:  # the form without a subscription query
            content = content[0]
        order = content.get("order", content) if isinstance(content, dict) else None
        number = order.get("id") if isinstance(order, dict) else None
        if not isinstance(number, str) or not _ID.fullmatch(number):
            raise DeliveryUnreadable(detail="order.id: missing")
        return Fetch(external_id=number)

    def fetch(self, api: StoreApi, wanted: Fetch) -> Reading | Ignored:
        """Return the present state of an order; raise StoreUnreachable or StoreRefused."""
        if not _ID.fullmatch(wanted.external_id or ""):
            return Ignored(ORDER_GONE)
        order = _ask(api, _ONE, {"id": wanted.external_id}).get("order")
        return Ignored(ORDER_GONE) if order is None else _reading_or_why(order)

    def changed_since(self, api: StoreApi, since: datetime) -> Iterator[Reading | Ignored]:
        """Yield the orders changed since a time; raise StoreUnreachable or StoreRefused."""
        moment, more, after = since.astimezone(UTC).isoformat(), True, None
        while more:
            answer = _ask(api, _CHANGED, {"since": moment, "after": after})
            with documented_answer():
                page = answer["orders"]
                orders = [edge["node"] for edge in page["edges"]]
                more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
            yield from map(_reading_or_why, orders)


def _reading_or_why(order: Any) -> Reading | Ignored:
    try:
        with documented_form():
            return _reading(order)
    except DeliveryUnreadable as error:
        number = str(order.get("id")) if isinstance(order, dict) else None
        return Ignored(ORDER_UNREADABLE, number, str(error.params["detail"]))


def _reading(order: Part) -> Reading | Ignored:
    if order["status"] in _NOT_PLACED:
        return Ignored("draft")
    currency = order["total"]["currency"]
    refunded = money(order["totalRefunded"]["amount"])
    paid = money(order["totalCharged"]["amount"]) + refunded + money(order["totalRefundPending"]["amount"])
    shipping = money(order["shippingPrice"]["gross"]["amount"])
    total = money(order["total"]["gross"]["amount"])
    lines, cancelled = _lines(order, shipping, total, paid), order["status"] in _CANCELLED
    status, paid_text = payment_state(
        lines, shipping, paid, currency, cancelled=cancelled, is_complete=paid >= total
    )
    changed_at = latest([order["updatedAt"]])
    metadata = {entry["key"]: entry["value"] for entry in order.get("metadata") or []}
    code = first_text(metadata, CODE_KEYS)
    user = order.get("user") or {}
    snapshot = OrderSnapshot(
        external_id=order["id"],
        number=str(order.get("number") or "")[:TEXT_MAX],
        version=version_of(changed_at),
        created_at=time_of(order.get("created")),
        currency=currency,
        status=status,
        paid_amount=paid_text,
        referral_code=code,
        code_source="cookie" if code else None,
        coupon_codes=coupons([order.get("voucherCode")]),
        link_label=first_text(metadata, LABEL_KEYS, 32),
        customer=SnapshotCustomer(external_id=user.get("id"), email=order.get("userEmail") or None),
        lines=lines,
        shipping=amount_text(shipping),
        # One sum for all: Saleor reports nothing else for payments of its older kind.
        refunds=(refund("total", refunded),) if refunded else (),
    )
    return Reading(snapshot, changed_at=changed_at)


def _lines(order: Part, shipping: Decimal, total: Decimal, paid: Decimal) -> tuple[SnapshotLine, ...]:
    """Return the lines; what a gift card paid is taken off them, because Saleor takes it off the total."""
    currency = order["total"]["currency"]
    lines = tuple(_line(line) for line in order["lines"])
    if not order.get("giftCards"):
        return lines
    card = sum((Decimal(line.amount) + Decimal(line.tax) for line in lines), shipping) - total
    return fitting((lines, less(lines, card, currency)), shipping, paid, currency)


def _line(line: Part) -> SnapshotLine:
    net, gross = (money(line["totalPrice"][kind]["amount"]) for kind in ("net", "gross"))
    return SnapshotLine(
        external_id=str(line["id"]),
        sku=str(line.get("productSku") or "")[:TEXT_MAX],
        name=str(line.get("productName") or "")[:NAME_MAX],
        quantity=pieces(line["quantity"]),
        amount=amount_text(net),
        tax=amount_text(gross - net),
    )


def _check_signature(jws: str, body: bytes, keys: list[tuple[str, RsaKey]]) -> None:
    """Raise DeliveryRefused unless one of the keys signed the body: RS256, detached (RFC 7515, RFC 7797)."""
    protected, _, rest = jws.partition(".")
    payload, _, signature = rest.partition(".")
    try:
        header = json.loads(_decoded(protected))
        algorithm, number, encoded = header["alg"], header.get("kid"), header.get("b64", True)
        signed = (
            protected.encode() + b"." + (base64.urlsafe_b64encode(body).rstrip(b"=") if encoded else body)
        )
        given = _decoded(signature)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DeliveryRefused(reason="signature_wrong") from None
    fitting = [key for name, key in keys if number is None or name in ("", number)]
    if algorithm != "RS256" or payload or not any(_is_signed(key, signed, given) for key in fitting):
        raise DeliveryRefused(reason="signature_wrong")


def _is_signed(key: RsaKey, signed: bytes, signature: bytes) -> bool:
    from Crypto.Hash import SHA256  # noqa: PLC0415
    from Crypto.Signature import pkcs1_15  # noqa: PLC0415

    try:
        pkcs1_15.new(key).verify(SHA256.new(signed), signature)
    except (ValueError, TypeError):
        return False
    return True


def _public_keys(text: str) -> list[tuple[str, RsaKey]]:
    """Return the RSA keys of a key set with their names; keys below 2,048 bits and other kinds are left out."""
    from Crypto.PublicKey import RSA  # noqa: PLC0415

    try:
        entries = json.loads(text)["keys"]
        found = [
            (str(entry.get("kid", "")), RSA.construct((_number(entry["n"]), _number(entry["e"]))))
            for entry in entries
            if entry.get("kty") == "RSA"
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DeliveryRefused(reason="secret_missing") from None
    return [(name, key) for name, key in found if key.size_in_bits() >= _KEY_BITS]


def _number(text: str) -> int:
    return int.from_bytes(_decoded(text))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64url") from None


def _ask(api: StoreApi, query: str, variables: Mapping[str, object]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {api.credentials.get('app_token', '')}"}
    data: dict[str, Any] = ask_graphql(api, _PATH, query, variables, headers)
    return data
