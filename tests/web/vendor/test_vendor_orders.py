"""`/vendor/orders`: own lines only, and what a vendor does with them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from models import Order, OrderFulfilment, OrderItem, User, Vendor
from portal.db import keyset
from portal.orders import move_fulfilment
from portal.web.text import order_parts
from tests.factories import (
    ACTOR,
    make_order,
    make_payment,
    make_product,
    make_settlement,
    make_user,
    make_vendor,
)
from tests.support.statements import count_statements
from tests.web.exports.ledger_files import export_rows
from tests.web.pages import form_fields, text_of
from tests.web.visitor import Visitor


@pytest.fixture
def own(seller: User) -> Vendor:
    return Vendor.get(Vendor.user == seller.id)


@pytest.fixture
def shared(own: Vendor, owner: User) -> Order:
    """Return a paid order with a line of the seller and one of another vendor."""
    foreign = make_vendor(name="Other vendor")
    order = make_order(
        owner,
        [
            (make_product(own, name="A lamp", price_minor=76_000), 2),
            (make_product(foreign, name="A vase", price_minor=33_300), 1),
        ],
        paid=True,
    )
    make_payment(order, "paid")
    for vendor, amount in ((own, 152_000), (foreign, 33_300)):
        make_settlement(vendor, amount, order_reference=order.order_reference, order_id=order.id)
    return order


def test_vendor_sees_only_own_lines_and_amounts(as_seller: Visitor, shared: Order, owner: User) -> None:
    make_order(owner, [(make_product(name="Foreign"), 1)], paid=True)
    for path in ("/vendor/orders", f"/vendor/orders/{shared.id}", "/vendor/orders?state=open"):
        text = text_of(as_seller.get(path))
        for expected in ("A lamp", "1,520.00", "Not delivered yet", "Built-in shop"):
            assert expected in text, (path, expected)
        for hidden in (
            "A vase",
            "333.00",
            "1,853.00",
            "Other vendor",
            "Foreign",
            owner.name,
            str(owner.email),
        ):
            assert hidden not in text, (path, hidden)
    assert "Platform commission" in text_of(as_seller.get(f"/vendor/orders/{shared.id}"))
    assert shared.id not in as_seller.get("/vendor/orders?state=delivered").text
    assert "No order matches" in text_of(as_seller.get("/vendor/orders?number=nothing"))


def test_files_have_the_own_lines_that_the_filters_of_the_page_show(
    as_seller: Visitor, shared: Order, own: Vendor, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpaid = make_order(owner, [(make_product(own, name="A rug", price_minor=5_000), 3)])
    rug, lamp = export_rows(as_seller, "my-sales")
    assert (rug["order_id"], rug["order_status"], rug["paid_at"]) == (unpaid.id, "created", "")
    shown = ("name", "quantity", "subtotal", "currency", "delivery", "vendor_id")
    assert [lamp[name] for name in shown] == ["A lamp", "2", "1520.00", "UAH", "open", str(own.id)]
    assert not [value for value in {**rug, **lamp}.values() if value in ("A vase", owner.name, owner.email)]
    assert [row["name"] for row in export_rows(as_seller, "my-sales", "?state=open")] == ["A lamp"]
    by_number = export_rows(as_seller, "my-sales", f"?number={unpaid.order_reference}")
    assert [row["name"] for row in by_number] == ["A rug"]
    assert as_seller.submit(f"/vendor/orders/{shared.id}/deliver", {"vendor": str(own.id)}).status_code == 303
    assert [row["name"] for row in export_rows(as_seller, "my-sales", "?state=delivered")] == ["A lamp"]
    assert "/vendor/orders.csv?state=open" in as_seller.get("/vendor/orders?state=open").text
    # A connected store reports an order after later ones.
    late = make_order(owner, [(make_product(own, name="A late lamp"), 1), (make_product(own, name="Oil"), 1)])
    Order.update(created_at=shared.created_at - timedelta(days=3)).where(Order.id == late.id).execute()
    monkeypatch.setattr(keyset, "KEYSET_PAGE", 3)
    names = [row["name"] for row in export_rows(as_seller, "my-sales")]
    assert names == ["A rug", "A lamp", "Oil", "A late lamp"]
    assert as_seller.get("/vendor/orders.csv?state=sold").status_code == 422
    assert as_seller.get("/vendor/orders.xlsx?until=2026-02-30").status_code == 422


def test_delivery_is_marked_seen_by_all_and_undone(
    as_seller: Visitor, as_owner: Visitor, as_admin: Visitor, shared: Order, own: Vendor
) -> None:
    path = f"/vendor/orders/{shared.id}"
    form = form_fields(as_seller.get(path), f"{path}/cancel")
    assert form["vendor"] == [str(own.id)]
    delivered = as_seller.submit(f"{path}/deliver", {"vendor": own.id, "note": "Parcel 17"})
    assert (delivered.status_code, delivered.location) == (303, path)
    for reader, page in (
        (as_seller, path), (as_owner, f"/orders/{shared.id}"), (as_admin, f"/admin/orders/{shared.id}"),
    ):  # fmt: skip
        text = text_of(reader.get(page))
        assert "Delivered" in text, page
        assert "Parcel 17" in text, page
    again = as_seller.submit(f"{path}/deliver", {"vendor": own.id})
    assert (again.status_code, "already marked as delivered" in text_of(again)) == (409, True)
    assert as_seller.submit(f"{path}/reopen", {"vendor": own.id}).status_code == 303
    assert OrderFulfilment.get().status == "open"


def test_cancelling_needs_a_note_and_leaves_the_money(as_seller: Visitor, shared: Order, own: Vendor) -> None:
    path = f"/vendor/orders/{shared.id}"
    missing = as_seller.submit(f"{path}/cancel", {"vendor": own.id, "note": " "})
    assert (missing.status_code, "Write a note" in text_of(missing)) == (422, True)
    long = as_seller.submit(f"{path}/cancel", {"vendor": own.id, "note": "x" * 501})
    assert (long.status_code, "x" * 501 in long.text) == (422, True)
    assert as_seller.submit(f"{path}/cancel", {"vendor": own.id, "note": "None left"}).status_code == 303
    assert "An admin will decide" in text_of(as_seller.get(path))
    assert Order.get_by_id(shared.id).status == "paid"
    unpaid = make_order(make_user(), [(make_product(own), 1)])
    assert as_seller.submit(f"/vendor/orders/{unpaid.id}/deliver", {"vendor": own.id}).status_code == 409
    done = as_seller.submit(f"/vendor/orders/{unpaid.id}/cancel", {"vendor": own.id, "note": "None left"})
    assert done.status_code == 303
    assert "An admin will decide" not in text_of(as_seller.get(f"/vendor/orders/{unpaid.id}"))


def test_orders_and_lines_of_other_vendors_are_not_found(
    as_seller: Visitor, client: Visitor, as_owner: Visitor, shared: Order, own: Vendor, owner: User
) -> None:
    foreign = OrderItem.get(OrderItem.name == "A vase").vendor_id
    other = make_order(owner, paid=True)
    assert as_seller.get(f"/vendor/orders/{other.id}").status_code == 404
    for order, vendor in (
        (other, own.id),
        (shared, foreign),
        (other, foreign),
        (shared, ""),
        (shared, "9" * 30),
    ):
        answer = as_seller.submit(f"/vendor/orders/{order.id}/deliver", {"vendor": vendor})
        assert answer.status_code == 404, (order.id, vendor)
    assert OrderFulfilment.select().count() == 0
    assert as_seller.submit(f"/vendor/orders/{shared.id}/close", {"vendor": own.id}).status_code == 404
    assert as_owner.get("/vendor/orders").status_code == 403
    assert client.get(f"/vendor/orders/{shared.id}").status_code == 303


def test_number_of_statements_does_not_depend_on_the_number_of_orders(
    as_seller: Visitor, shared: Order, own: Vendor, owner: User
) -> None:
    def statements() -> int:
        with count_statements() as sent:
            assert as_seller.get("/vendor/orders").status_code == 200
        return sent.count

    as_seller.get("/vendor/orders")
    before = statements()
    for _ in range(4):
        order = make_order(owner, [(make_product(own), 1)], paid=True)
        move_fulfilment(order.id, own.id, "deliver", "", ACTOR)
    assert statements() == before


def test_lines_of_a_long_order_come_in_pages(
    as_seller: Visitor,
    as_owner: Visitor,
    as_admin: Visitor,
    own: Vendor,
    owner: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(order_parts, "LINES_PAGE", 4)
    monkeypatch.setattr(order_parts, "PARTS_PAGE", 2)
    other = make_vendor(name="Other vendor")
    products = [make_product(own, name=f"Lamp {number}.") for number in range(6)]
    order = make_order(
        owner, [*((product, 1) for product in products), (make_product(other, name="Vase."), 1)]
    )
    for browser, url in ((as_seller, "/vendor/orders"), (as_owner, "/orders")):
        listed = text_of(browser.get(url))
        assert "and 2 more lines" in listed if browser is as_seller else "and 3 more lines" in listed
        assert "Lamp 3." in listed
        assert "Lamp 4." not in listed
    for browser, url in ((as_seller, "/vendor/orders"), (as_owner, "/orders"), (as_admin, "/admin/orders")):
        first = browser.get(f"{url}/{order.id}").text
        assert [number for number in range(6) if f"Lamp {number}." in first] == [0, 1, 2, 3]
        (following,) = re.findall(r'rel="next" href="([^"]*lines=[^"]+)"', first)
        rest = browser.get(following.replace("&amp;", "&")).text
        assert [number for number in range(6) if f"Lamp {number}." in rest] == [4, 5]
        assert ("Vase." in rest) == (browser is not as_seller)


def test_pages_of_parts_have_each_line_once() -> None:
    line = order_parts.LineView("Lamp", "", 1, "", "")
    part = order_parts.PartView(1, "Own", (), "", "", "", None, (), is_waiting=False)
    counts = (1, 120, 3, *[1] * 30)
    parts = [replace(part, vendor_id=number, lines=(line,) * count) for number, count in enumerate(counts)]
    seen: dict[int, int] = {}
    cursor = None
    while True:
        page = order_parts.page_of_parts(parts, cursor)
        assert sum(len(each.lines) for each in page.rows) <= order_parts.LINES_PAGE
        assert len(page.rows) <= order_parts.PARTS_PAGE
        for each in page.rows:
            seen[each.vendor_id] = seen.get(each.vendor_id, 0) + len(each.lines)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == {each.vendor_id: len(each.lines) for each in parts}
    short, more = order_parts.shorten_parts(parts)
    assert (sum(len(each.lines) for each in short), more) == (4, 150)
