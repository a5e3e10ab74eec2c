"""Products that need delivery: what checkout asks for, and who sees the answer. See docs/rules/orders.md."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from models import Order, OrderDelivery, Product, Settlement, User, Vendor
from portal.db import query
from portal.orders import erase_old_deliveries
from tests.factories import give_credit, make_product, make_user, make_vendor
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.production import PRODUCTION, browse
from tests.web.visitor import Visitor, error_of

DELIVERY = {"name": "Марта Лис", "phone": "+380 50 765 43 21", "address": "вул. Дальня 12, кв. 3\nКосів"}
FORM = {f"delivery.{name}": text for name, text in DELIVERY.items()}
PRIVATE = ("Марта Лис", "765 43 21", "вул. Дальня")


@pytest.fixture
def lamp(seller: User) -> Product:
    """Return a product of the seller that is delivered."""
    return make_product(Vendor.get(Vendor.user == seller.id), name="A lamp", needs_delivery=True, stock=5)


@pytest.fixture
def course(database: str) -> Product:
    """Return a product of another vendor that needs no delivery."""
    return make_product(make_vendor(make_user("Petro Course", role="vendor")), name="A course")


def confirm(buyer: Visitor, method: str, form: dict[str, str], prefix: str = "") -> Any:
    """Confirm the reviewed order with delivery data."""
    return buyer.submit(f"{prefix}/checkout", {**buyer.reviewed(prefix), "method": method, **form})


def test_only_orders_with_delivered_lines_ask_for_an_address(
    as_owner: Visitor, owner: User, lamp: Product, course: Product
) -> None:
    as_owner.fill_cart((course.id, 1))
    assert 'name="delivery.' not in as_owner.get("/checkout").text
    assert as_owner.check_out("wayforpay").status_code == 200
    assert not OrderDelivery.select().exists()
    as_owner.fill_cart((course.id, 1), (lamp.id, 1))
    page = as_owner.get("/checkout").text
    assert re.findall(r'name="(delivery\.\w+)"', page) == [
        "delivery.name",
        "delivery.phone",
        "delivery.address",
    ]
    assert f'value="{owner.name}"' in page


def test_data_that_no_line_needs_are_not_stored(as_owner: Visitor, course: Product) -> None:
    as_owner.fill_cart((course.id, 1))
    assert confirm(as_owner, "wayforpay", FORM).status_code == 200
    answer = as_owner.send(
        "/api/store/orders",
        {"items": [{"productId": course.id, "quantity": 1}], "delivery": DELIVERY},
    )
    assert answer.status_code == 201
    assert Order.select().count() == 2
    assert not OrderDelivery.select().exists()


@pytest.mark.parametrize("method", ["wayforpay", "credit"])
@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_wrong_fields_are_named_and_nothing_is_ordered(
    as_owner: Visitor, owner: User, lamp: Product, method: str, locale: str
) -> None:
    give_credit(owner, 500_000)
    as_owner.fill_cart((lamp.id, 1))
    page = confirm(as_owner, method, {**FORM, "delivery.phone": "call me", "delivery.name": ""}, f"/{locale}")
    assert page.status_code == 422
    assert re.findall(r'<li><a href="#(delivery\.\w+)">', page.text) == ["delivery.name", "delivery.phone"]
    assert 'id="delivery.phone-error"' in page.text
    assert 'id="delivery.address-error"' not in page.text
    assert 'value="call me"' in page.text
    assert DELIVERY["address"] in page.text
    assert not Order.select().exists()
    assert not query("SELECT 1 FROM credit_entries WHERE amount_minor < 0")
    assert as_owner.cart() == {str(lamp.id): 1}


@pytest.mark.parametrize("method", ["wayforpay", "credit"])
def test_delivery_is_seen_by_buyer_delivering_vendor_and_admin_only(
    app: Flask, as_owner: Visitor, as_other: Visitor, as_admin: Visitor, as_seller: Visitor, owner: User,
    lamp: Product, course: Product, method: str,
) -> None:  # fmt: skip
    give_credit(owner, 500_000)
    as_owner.fill_cart((lamp.id, 1), (course.id, 1))
    assert confirm(as_owner, method, FORM).status_code in (200, 303)
    order = Order.get()
    stranger = visitor(app, User.get(User.name == "Petro Course"))
    for reader, path, sees in (
        (as_owner, f"/orders/{order.id}", True),
        (as_seller, f"/vendor/orders/{order.id}", True),
        (as_admin, f"/admin/orders/{order.id}", True),
        (stranger, f"/vendor/orders/{order.id}", False),
        (as_other, f"/orders/{order.id}", False),
        (as_seller, "/vendor/orders", False),
        (as_admin, f"/admin/audit?orderReference={order.order_reference}", False),
    ):
        text = reader.get(path).text
        assert [part in text for part in PRIVATE] == [sees] * len(PRIVATE), path
    assert stranger.get(f"/vendor/orders/{order.id}").status_code == 200


def test_delivery_data_are_in_no_other_table_export_or_log(
    as_owner: Visitor, as_admin: Visitor, as_seller: Visitor, owner: User, lamp: Product,
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    give_credit(owner, 500_000)
    as_owner.fill_cart((lamp.id, 1))
    assert confirm(as_owner, "credit", FORM).status_code == 303
    reference = Order.get().order_reference
    tables = [name for (name,) in query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    for part in PRIVATE:
        found = [
            table
            for table in tables
            if query(f'SELECT 1 FROM "{table}" AS t WHERE strpos(t::text, %s) > 0 LIMIT 1', [part])
        ]
        assert found == ["order_deliveries"], part
    files = [
        *(
            as_admin.get(f"/admin/{name}.csv")
            for name in ("orders", "events", "store/commissions", "ledgers/payments")
        ),
        as_seller.get("/vendor/earnings.csv"),
        as_owner.get("/orders.csv"),
        as_admin.get(f"/admin/audit/proof.json?orderReference={reference}"),
    ]
    assert all(answer.status_code == 200 for answer in files), [answer.status_code for answer in files]
    written = "".join((*(answer.text for answer in files), *capfd.readouterr(), caplog.text))
    assert reference in written
    assert not [part for part in PRIVATE if part in written]


def test_erased_data_are_gone_from_every_page(
    as_owner: Visitor, as_admin: Visitor, as_seller: Visitor, owner: User, lamp: Product
) -> None:
    give_credit(owner, 500_000)
    as_owner.fill_cart((lamp.id, 1))
    assert confirm(as_owner, "credit", FORM).status_code == 303
    order = Order.get()
    OrderDelivery.update(created_at="2020-01-01").execute()
    assert erase_old_deliveries(90) == 1
    for reader, path in (
        (as_owner, f"/orders/{order.id}"),
        (as_seller, f"/vendor/orders/{order.id}"),
        (as_admin, f"/admin/orders/{order.id}"),
    ):
        page = reader.get(path)
        assert not [part for part in PRIVATE if part in page.text], path
        assert "were erased on" in text_of(page), path
    assert (Order.get().status, Settlement.select().count()) == ("paid", 1)


def test_api_requires_delivery_by_field_and_says_which_products_need_it(
    as_owner: Visitor, lamp: Product, course: Product
) -> None:
    needs = {row["name"]: row["needsDelivery"] for row in as_owner.get("/api/store/products").get_json()}
    assert needs == {"A lamp": True, "A course": False}
    body: dict[str, object] = {"items": [{"productId": lamp.id, "quantity": 1}]}
    assert as_owner.send("/api/store/review", body).get_json()["needsDelivery"] is True
    fields = ("delivery.name", "delivery.phone", "delivery.address")
    for delivery, status, wrong in (
        (None, 422, fields),
        ({}, 422, fields),
        ({**DELIVERY, "phone": "12"}, 422, fields[1:2]),
        ({**DELIVERY, "address": 5}, 400, fields[2:]),
        (["Марта Лис"], 400, ("delivery",)),
    ):
        answer = as_owner.send("/uk/api/store/orders", {**body, "delivery": delivery})
        assert (answer.status_code, tuple(error_of(answer)["fields"])) == (status, wrong), delivery
    assert not Order.select().exists()
    placed = as_owner.send("/api/store/orders", {**body, "delivery": DELIVERY, "checkoutKey": "k"}).get_json()
    again = as_owner.send("/api/store/orders", {**body, "checkoutKey": "k"})
    assert (again.status_code, again.get_json()["orderId"]) == (201, placed["orderId"])
    row = OrderDelivery.get()
    assert (row.order_id, row.name, row.phone) == (placed["orderId"], DELIVERY["name"], DELIVERY["phone"])
    assert row.vendor_ids == [lamp.vendor_id]


def test_production_asks_for_the_same_and_keeps_the_days_of_the_setting(
    make_app: MakeApp, owner: User, lamp: Product
) -> None:
    app = make_app(**PRODUCTION, delivery_data_days=30)
    buyer = browse(app, owner, cart={str(lamp.id): 1})
    assert "erased 30 days after" in text_of(buyer.get("/checkout"))
    assert confirm(buyer, "wayforpay", {}).status_code == 422
    assert confirm(buyer, "wayforpay", FORM).status_code == 200
    assert OrderDelivery.get().order_id == Order.get().id
