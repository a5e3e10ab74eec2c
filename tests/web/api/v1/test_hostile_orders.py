"""Orders at the edges of what can be stored: the documented answer, never a failure, and books that agree."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest

from models import Order, StoreEvent
from portal.db import query
from portal.db.checks import run_checks
from tests.web.api.v1.conftest import Call
from tests.web.api.v1.test_reported_orders import snapshot
from tests.web.visitor import error_of

LINE = {"externalId": "7", "quantity": 1, "amount": "10.00"}


def one(amount: Any = "10.00", **changes: Any) -> dict[str, Any]:
    """Return an order of one line that was paid."""
    lines = [{**LINE, "amount": amount}]
    return snapshot(**{"lines": lines, "paidAmount": amount, "shipping": "0", "customer": {}, **changes})


def test_times_that_cannot_be_stored_are_refused(call: Call) -> None:
    for time in (
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+02:00",
        "1989-12-31T23:59:59Z",
        "9999-12-31T23:59:59-05:00",
        "1795876799",
        1795876799,
        True,
        "2026-11-28",
        "2026-11-28T14:39:44",
        "2026-02-30T00:00:00Z",
    ):
        for field in ("paidAt", "createdAt"):
            refused = call("/orders", one(**{field: time}))
            assert (refused.status_code, list(error_of(refused)["fields"])) == (422, [field]), time
    refused = call("/orders", one(paidAt="0001-01-01T00:00:00Z"))
    assert error_of(refused)["fields"] == {
        "paidAt": "Send a time of the years 1990 to 9998, or leave it out."
    }
    assert not StoreEvent.select().exists()


def test_times_are_stored_in_utc_and_never_in_the_future(call: Call) -> None:
    call("/orders", one(paidAt="2026-11-01T14:39:44+23:59"))
    assert call("/orders?externalId=14").get_json()["paidAt"] == "2026-10-31T14:40:44+00:00"
    call("/orders", one(externalId="15", createdAt="2999-01-01T00:00:00Z", paidAt="2999-01-01T00:00:00Z"))
    order = Order.get(Order.external_id == "15")
    assert abs((order.paid_at - order.created_at).total_seconds()) < 600


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("5", "UAH", 500),
        ("5.0", "UAH", 500),
        ("+5", "UAH", None),
        (" 5.00 ", "UAH", None),
        ("5.000", "UAH", None),
        ("10.0", "JPY", None),
        ("10", "jpy", 10),
        ("1.234", "KWD", 1234),
        ("1e2", "UAH", None),
        ("٥", "UAH", None),
        ("5.001", "UAH", None),
        ("10.5", "JPY", None),
        ("1.2345", "KWD", None),
        ("9" * 40, "UAH", None),
        ("-5", "UAH", None),
        ("", "UAH", None),
        (True, "UAH", None),
    ],
)
def test_amounts_are_exact_or_refused(call: Call, amount: Any, currency: str, minor: int | None) -> None:
    answered = call("/orders", one(amount, currency=currency))
    assert answered.status_code == (422 if minor is None else 201)
    assert [(order.total_minor, order.paid_minor) for order in Order.select()] == (
        [] if minor is None else [(minor, minor)]
    )


def test_whole_numbers_are_whole_and_fit(call: Call) -> None:
    for version in (-1, 2**63, 10**30, True, 1.0, None):
        refused = call("/orders", one(version=version))
        assert (refused.status_code, list(error_of(refused)["fields"])) == (422, ["version"]), version
    for quantity in (0, -1, True, 1.0, "1"):
        refused = call("/orders", one(lines=[{**LINE, "quantity": quantity}]))
        assert list(error_of(refused)["fields"]) == ["lines[0].quantity"], quantity
    assert call("/orders", one(version=2**63 - 1)).status_code == 201
    assert call("/orders", one(version=2**63 - 1)).get_json()["result"] == "unchanged"
    assert call("/orders", one(version=2**63 - 2)).get_json()["result"] == "stale"


def test_order_is_found_by_any_id_of_a_store(call: Call) -> None:
    for external_id in ("gid://shopify/Order/9007199254740993", "#1001", "замовлення №1 🎁", "x" * 200, " "):
        order_id = call("/orders", one(externalId=external_id)).get_json()["orderId"]
        assert call(f"/orders?externalId={quote(external_id)}").get_json()["orderId"] == order_id
    for external_id in ("", "x" * 201, 14, None, "\x00"):
        assert call("/orders", one(externalId=external_id)).status_code in (400, 422), external_id


def test_order_without_goods_is_paid_and_earns_nothing(call: Call) -> None:
    opened = call("/orders", one(version=1, status="open", paidAmount="0"))
    assert opened.status_code == 201
    # The last line was taken out of the cart.
    assert call("/orders", one(version=2, status="open", lines=[], paidAmount="0")).status_code == 200
    paid = call("/orders", one(version=3, lines=[], paidAmount="60", shipping="60")).get_json()
    assert (paid["result"], paid["commissionable"]["amount"], paid["reward"]) == ("updated", "0.00", None)
    back = {"refunds": [{"id": "1", "amount": "60"}]}
    call("/orders", one(version=4, lines=[], paidAmount="60", shipping="60", **back))
    assert call("/orders?externalId=14").get_json()["status"] == "refunded"
    assert run_checks() == {}


def test_what_was_paid_and_refunded_does_not_go_back(call: Call) -> None:
    refund = {"id": "1", "amount": "5.00"}
    steps: list[tuple[dict[str, Any], str, str]] = [
        ({"status": "open", "paidAmount": "0", "refunds": [refund]}, "created", "0.00"),
        ({"status": "cancelled", "paidAmount": "0"}, "cancelled", "0.00"),
        ({}, "paid", "0.00"),
        ({"status": "open", "paidAmount": "0"}, "paid", "0.00"),
        ({"refunds": [{**refund, "amount": "0"}]}, "paid", "0.00"),
        ({"refunds": [refund]}, "paid", "5.00"),
        ({"paidAmount": "1"}, "paid", "5.00"),
        ({"refunds": [{**refund, "amount": "11.00"}]}, "refunded", "10.00"),
        ({"status": "cancelled"}, "refunded", "10.00"),
    ]
    for version, (changes, status, refunded) in enumerate(steps):
        assert call("/orders", one(version=version, **changes)).status_code in (200, 201)
        order = call("/orders?externalId=14").get_json()
        assert (order["status"], order["commissionable"]["refunded"]) == (status, refunded), changes
        assert run_checks() == {}, changes


def test_buyers_are_in_no_table_and_no_log(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a store sends of its buyers, in the right member, a wrong one, or one that refuses the order."""
    person = {
        "name": "Olena Secret",
        "phone": "+380440000000",
        "ip": "203.0.113.77",
        "address": "Khreshchatyk 1",
    }
    customer = {"email": "olena@example.test", "externalId": "+380440000000", **person}
    reason = {"reason": "for olena@example.test, +380 44 000 00 00"}
    bodies: list[dict[str, Any]] = [
        one(customer=customer, billing=person, lines=[{**LINE, "note": "Olena Secret"}]),
        one(version=1795876799001, customer=customer, refunds=[{"id": "1", "amount": "1.00", **reason}]),
        one(externalId="15", customer={**customer, "earlierPaidOrders": "olena@example.test"}),
        one(externalId="17", customer={**customer, "walletAddress": "olena@example.test"}),
        one("olena@example.test", externalId="18", customer=customer),
        one(externalId="19", customer=customer, lines=[LINE, LINE], paidAmount="20.00"),
        one(externalId="20", customer=customer, paidAmount="99.00"),
    ]
    statuses = [call("/orders", body).status_code for body in bodies]
    assert statuses == [201, 200, 422, 422, 422, 422, 422]
    call("/refunds", {"externalId": "14", "id": "2", "amount": "1.00", **reason})
    call("/attribution", {"referralCode": "Zz9Zz9Zz", "customer": customer})
    call("/customers", {"customers": [{"externalId": "+380440000000"}, {"externalId": "olena@example.test"}]})
    tables = query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    stored = str([query(f'SELECT t::text FROM "{table}" t') for (table,) in tables])
    assert "for …, …" in stored
    for trace in ("olena", "Secret", "380440000000", "380 44", "203.0.113.77", "Khreshchatyk", "127.0.0.1"):
        assert trace not in stored, trace
        assert trace not in caplog.text, trace


def test_bodies_at_the_limits(call: Call) -> None:
    lines = [{**LINE, "externalId": str(number), "amount": "1"} for number in range(500)]
    assert call("/orders", one(externalId="l", lines=lines, paidAmount="500")).status_code == 201
    raw = json.dumps(one()).encode()
    assert call("/orders", raw=raw + b" " * (262_144 - len(raw))).status_code == 201
    assert call("/orders", raw=raw + b" " * (262_145 - len(raw))).status_code == 413
    assert call("/orders", raw=raw, Content_Type="application/x-www-form-urlencoded").status_code == 200
    assert call("/orders", raw=gzip.compress(raw), Content_Encoding="gzip").status_code == 400
