"""The audit of a reference with more settlements than a page of the ledger."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.factories import make_order, make_payment, make_product, make_settlement, make_user, make_vendor
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def test_all_settlements_of_a_reference_are_compared(as_admin: Visitor) -> None:
    vendor = make_vendor()
    order = make_order(make_user(), [(make_product(vendor), 52)], paid=True, paid_at=datetime.now(UTC))
    make_payment(order, "paid")
    for _ in range(52):
        make_settlement(make_vendor(), 100_000, order_reference=order.order_reference, order_id=order.id)
    query = {"orderReference": order.order_reference}
    assert "do not add up" not in text_of(as_admin.get("/admin/audit", query_string=query))
    assert len(as_admin.get("/admin/audit/proof.json", query_string=query).get_json()["settlements"]) == 52
