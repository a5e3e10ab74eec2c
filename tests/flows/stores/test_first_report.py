"""An order that is paid when it is first reported has the rows and events of one that is reported open, then paid."""

from __future__ import annotations

from typing import Any

import pytest

from portal.db import query
from portal.db.checks import run_checks
from tests.flows.stores.conftest import Shop

# What two orders never share, and when rows were written or prices read.
_OWN = ["id", "order_reference", "order_id", "entity_id", "source_id", "customer_id", "external_id"]
_TIMES = ["at", "applied_at", "created_at", "updated_at", "sizing"]
_TABLES = (
    *("orders", "payment_transactions", "payment_refunds", "settlements", "erp_sales_assists"),
    *("referral_rewards", "journal_transfers", "event_log"),
)


def rows_of(shop: Shop, external_id: str) -> dict[str, list[Any]]:
    """Return the rows of an order in every ledger, in the sequence in which they were written."""
    order = shop.order(external_id)
    rows = {
        table: query(
            f"SELECT to_jsonb(t) - %s::text[] FROM {table} t WHERE order_reference = %s ORDER BY id",
            [_OWN + _TIMES, order.order_reference],
        )
        for table in _TABLES
    }
    lines = "SELECT to_jsonb(t) - %s::text[] FROM order_items t WHERE order_id = %s ORDER BY id"
    named = "SELECT count(*) FROM order_customers WHERE order_id = %s"
    return {**rows, "order_items": query(lines, [_OWN, order.id]), "customers": query(named, [order.id])}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"referralCode": None},
        {"referralCode": "unknown!"},
        {"linkLabel": "blog", "customer": {"email": "{id}@example.test", "externalId": "{id}"}},
        {"refunds": [{"id": "15", "amount": "100.00", "lines": [{"externalId": "7", "amount": "83.33"}]}]},
        {"status": "cancelled"},
        {"customer": {"email": "{id}@example.test", "earlierPaidOrders": 2}},
    ],
)
def test_order_paid_at_once_has_the_rows_of_one_paid_later(shop: Shop, changes: dict[str, Any]) -> None:
    def reported(external_id: str) -> dict[str, Any]:
        customer = changes.get("customer", {"email": "{id}@example.test"})
        named = {
            name: value.replace("{id}", external_id) if isinstance(value, str) else value
            for name, value in customer.items()
        }
        return {**changes, "externalId": external_id, "number": "", "customer": named}

    at_once = shop.report(**reported("a"))
    shop.report(shop.open(**{**reported("b"), "status": "open", "refunds": []}))
    later = shop.report(**reported("b"))
    assert (at_once.result, later.result, at_once.notes) == ("created", "updated", later.notes)
    expected = rows_of(shop, "b")
    assert rows_of(shop, "a") == expected
    assert len(expected["event_log"]) >= 5
    assert run_checks() == {}
