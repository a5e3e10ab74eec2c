"""Stripe Checkout: signed events, and the API for lines and refunds.

A session is the order, its payment intent the key of the payment: refunds name only that. Events repeat and come in any
order, so a refund's event is a reason to ask, not a figure. See docs/stores/stripe.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from portal.stores.adapters.asking import ask_api, documented_answer
from portal.stores.adapters.exact_json import parse_exact_json
from portal.stores.adapters.forms import (
    CODE_KEYS,
    LABEL_KEYS,
    NAME_MAX,
    TEXT_MAX,
    amount_text,
    documented_form,
    first_text,
    payment_state,
    pieces,
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
    check_delivery_time,
)
from portal.stores.snapshots import OrderSnapshot, SnapshotCustomer, SnapshotLine, SnapshotRefund

PAGE = 100
_VERSION = "2024-06-20"
_PAID = ("checkout.session.completed", "checkout.session.async_payment_succeeded")
_FAILED = "checkout.session.async_payment_failed"
_STATUSES = ("paid", "unpaid", "no_payment_required")
# The last one in older versions of Stripe's API.
_REFUNDS = ("refund.created", "refund.updated", "refund.failed", "charge.refunded", "charge.refund.updated")
# Stripe counts these without decimals, or with three, whatever ISO 4217 says.
_WHOLE = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
_THOUSANDTHS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
# A shop may use the reference for other things, such as an order number with a dash.
_CODE = re.compile(r"[0-9A-Za-z]{6,32}")
_ID = re.compile(r"[A-Za-z0-9_]+")
Part = Mapping[str, Any]


class Stripe:
    """The platform: payments by Checkout and payment links. Its API has one address for everybody."""

    name = "stripe"
    label = "Stripe Checkout"
    credential_names = ("restricted_key",)

    def __init__(self, api_url: str = "https://api.stripe.com") -> None:
        self._api_url = api_url

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> Verified | Ignored:
        """Return an event signed with one of the secrets in the last five minutes; raise DeliveryRefused."""
        _check_signature(delivery, secrets, now)
        content = parse_exact_json(delivery.body)
        if not isinstance(content, dict):
            raise DeliveryUnreadable(detail="not an object")
        return Verified(str(content.get("type", "")), content)

    def read(self, verified: Verified) -> Reading | Fetch | Ignored:
        """Return the order of a session's event, or what to ask for after a refund; raise DeliveryUnreadable."""
        with documented_form():
            if verified.kind in _REFUNDS:
                payment = verified.content["data"]["object"].get("payment_intent")
                return Fetch(payment_key=payment) if payment else Ignored("other_payment")
            if verified.kind not in (*_PAID, _FAILED):
                return Ignored("other_topic")
            session = verified.content["data"]["object"]
            reading = _reading(session, None, (), int(verified.content["created"]) * 1000)
            if isinstance(reading, Ignored):
                return reading
            if verified.kind == _FAILED:
                failed = reading.snapshot.model_copy(update={"status": "cancelled"})
                reading = replace(reading, snapshot=failed)
            is_test = reading.is_test or verified.content.get("livemode") is False
            return replace(reading, is_test=is_test)

    def fetch(self, api: StoreApi, wanted: Fetch) -> Reading | Ignored:
        """Return a session with its lines and refunds; raise StoreUnreachable or StoreRefused."""
        key = wanted.payment_key or wanted.external_id or ""
        if not _ID.fullmatch(key):
            return Ignored(ORDER_GONE)
        if wanted.payment_key:
            found = self._pages(api, "checkout/sessions", {"payment_intent": key})
            with documented_answer():
                session = next(found, None)
        else:
            session = self._ask(api, f"checkout/sessions/{key}", {})
        return Ignored(ORDER_GONE) if session is None else self._complete(api, session)

    def changed_since(self, api: StoreApi, since: datetime) -> Iterator[Reading | Ignored]:
        """Yield the orders with an event since a time; raise StoreUnreachable or StoreRefused.

        Stripe lists the events of the last 30 days.
        """
        arguments = {"created[gte]": str(int(since.timestamp()))}
        arguments |= {f"types[{index}]": kind for index, kind in enumerate((*_PAID, _FAILED, *_REFUNDS))}
        with documented_answer():
            events = [_named(event) for event in self._pages(api, "events", arguments)]
        # The newest come first; the time of an order is that of its oldest event, so that no later one is skipped.
        wanted: dict[Fetch, datetime | None] = {}
        for event in reversed(events):
            if event is not None:
                wanted.setdefault(*event)
        seen = set()
        for one, moment in wanted.items():
            reading = self.fetch(api, one)
            if isinstance(reading, Reading) and reading.snapshot.external_id not in seen:
                seen.add(reading.snapshot.external_id)
                yield replace(reading, changed_at=moment)

    def _complete(self, api: StoreApi, session: Any) -> Reading | Ignored:
        # Stripe states no time of a change: what was read later is newer.
        version = time.time_ns() // 1_000_000
        try:
            with documented_form():
                lines = list(self._pages(api, f"checkout/sessions/{session['id']}/line_items", {}))
                payment = session.get("payment_intent")
                refunds = list(self._pages(api, "refunds", {"payment_intent": payment})) if payment else []
                return _reading(session, lines, refunds, version)
        except DeliveryUnreadable as error:
            number = str(session.get("id")) if isinstance(session, dict) else None
            return Ignored(ORDER_UNREADABLE, number, str(error.params["detail"]))

    def _pages(self, api: StoreApi, path: str, arguments: dict[str, str]) -> Iterator[Any]:
        last: dict[str, str] = {}
        while True:
            answer = self._ask(api, path, {**arguments, "limit": str(PAGE), **last}) or {}
            found = answer.get("data") or []
            yield from found
            if not answer.get("has_more") or not found:
                return
            last = {"starting_after": found[-1]["id"]}

    def _ask(self, api: StoreApi, path: str, arguments: dict[str, str]) -> Any:
        key = api.credentials.get("restricted_key", "")
        headers = {"Authorization": f"Bearer {key}", "Stripe-Version": _VERSION}
        return ask_api(StoreApi(self._api_url, {}), f"v1/{path}", arguments, headers)


def _named(event: Part) -> tuple[Fetch, datetime | None] | None:
    """Return what to ask for after an event and when that was, None if it is about no payment of an order."""
    about, moment = event["data"]["object"], _time(event.get("created"))
    if str(event["type"]).startswith("checkout."):
        return Fetch(external_id=str(about["id"])), moment
    payment = about.get("payment_intent")
    return (Fetch(payment_key=str(payment)), moment) if payment else None


def _check_signature(delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:
    header = delivery.header("stripe-signature")
    parts = [part.partition("=") for part in header.split(",")]
    moment = next((value for name, _, value in parts if name.strip() == "t"), "")
    given = [value.strip().encode() for name, _, value in parts if name.strip() == "v1"]
    if not (given and moment.isascii() and moment.isdecimal() and len(moment) <= 12):
        raise DeliveryRefused(reason="signature_missing")
    if not secrets:
        raise DeliveryRefused(reason="secret_missing")
    signed = moment.encode() + b"." + delivery.body
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode() for secret in secrets]
    if not any(hmac.compare_digest(one, other) for one in expected for other in given):
        raise DeliveryRefused(reason="signature_wrong")
    check_delivery_time(int(moment), now)


def _reading(session: Part, lines: list[Part] | None, refunds: Any, version: int) -> Reading | Ignored:
    if session.get("mode", "payment") != "payment":
        return Ignored("subscription")
    currency = session["currency"].upper()
    shipping = _money(_shipping(session)[0], currency)
    read = (
        (_whole_order(session, currency),)
        if lines is None
        else tuple(_line(line, currency) for line in lines)
    )
    if session["payment_status"] not in _STATUSES:
        raise DeliveryUnreadable(detail=f"payment_status: {str(session['payment_status'])[:40]}")
    paid = _money(session["amount_total"], currency) if session["payment_status"] == "paid" else Decimal(0)
    status, paid_text = payment_state(read, shipping, paid, currency, cancelled=False)
    code = _code(session)
    snapshot = OrderSnapshot(
        external_id=str(session["id"]),
        number=str(session["id"])[-12:],
        version=version,
        created_at=_time(session.get("created")),
        currency=currency,
        status=status,
        paid_amount=paid_text,
        referral_code=code,
        code_source="cookie" if code else None,
        link_label=first_text(session.get("metadata"), LABEL_KEYS, 32),
        customer=SnapshotCustomer(
            external_id=session.get("customer") or None,
            email=(session.get("customer_details") or {}).get("email")
            or session.get("customer_email")
            or None,
        ),
        lines=read,
        shipping=amount_text(shipping),
        refunds=tuple(_refund(entry, currency) for entry in refunds if entry["status"] == "succeeded"),
        payment_key=session.get("payment_intent") or None,
    )
    return Reading(snapshot, is_test=session.get("livemode") is False, is_partial=lines is None)


def _whole_order(session: Part, currency: str) -> SnapshotLine:
    """Return an order as one line: an event has totals only."""
    shipping, of_tax = _shipping(session)
    tax = ((session.get("total_details") or {}).get("amount_tax") or 0) - of_tax
    net = session["amount_total"] - shipping - tax
    return SnapshotLine(
        external_id=str(session["id"]),
        quantity=1,
        amount=amount_text(_money(net, currency)),
        tax=amount_text(_money(tax, currency)),
    )


def _shipping(session: Part) -> tuple[int, int]:
    """Return what shipping costs with tax, and its tax; versions of Stripe's API before August 2022 state no tax."""
    cost = session.get("shipping_cost")
    if cost:
        return cost.get("amount_total") or 0, cost.get("amount_tax") or 0
    return (session.get("total_details") or {}).get("amount_shipping") or 0, 0


def _line(line: Part, currency: str) -> SnapshotLine:
    product = (line.get("price") or {}).get("product")
    tax = line.get("amount_tax") or 0
    return SnapshotLine(
        external_id=str(line["id"]),
        sku=product[:TEXT_MAX] if isinstance(product, str) else "",
        name=str(line.get("description") or "")[:NAME_MAX],
        quantity=pieces(line.get("quantity") or 1),
        amount=amount_text(_money(line["amount_total"] - tax, currency)),
        tax=amount_text(_money(tax, currency)),
    )


def _refund(entry: Part, currency: str) -> SnapshotRefund:
    given = str(entry.get("currency") or currency).upper()
    if given != currency:
        raise DeliveryUnreadable(detail=f"a refund in {given[:10]}, not {currency}")
    return SnapshotRefund(
        id=str(entry["id"]),
        amount=amount_text(_money(entry["amount"], currency)),
        at=_time(entry.get("created")),
        reason=entry.get("reason") or None,
    )


def _code(session: Part) -> str | None:
    stored = first_text(session.get("metadata"), CODE_KEYS)
    reference = session.get("client_reference_id") or ""
    return stored or (reference if _CODE.fullmatch(reference) else None)


def _money(value: object, currency: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int):
        raise DeliveryUnreadable(detail="an amount is no integer")
    digits = 0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else 2
    return Decimal(value).scaleb(-digits)


def _time(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(int(str(seconds)), UTC) if seconds else None
