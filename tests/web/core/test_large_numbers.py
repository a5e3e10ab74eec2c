"""Numbers that people make large: sums are refused with the limit, ids beyond a column are not found."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.routing import Map

from models import CreditBalance, Order, Product, User
from portal.lib.money import MAX_TOTAL_MINOR
from portal.web.core.requests import IdConverter
from tests.factories import make_product, make_user
from tests.web.conftest import visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor, error_of

GREATEST_ID = 2**63 - 1
LIMIT = "10,000,000,000,000"
PRICES = [2**63 - 1, 2**62, MAX_TOTAL_MINOR + 1, MAX_TOTAL_MINOR // 3 + 1]


def dear(price_minor: int) -> Product:
    return make_product(price_minor=price_minor, stock=10)


@pytest.mark.parametrize("price", PRICES)
def test_an_order_beyond_the_limit_is_refused(as_owner: Visitor, price: int) -> None:
    product = dear(price)
    answer = as_owner.send("/api/store/orders", {"items": [{"productId": product.id, "quantity": 3}]})
    assert (answer.status_code, error_of(answer)["code"]) == (422, "total_too_large")
    as_owner.fill_cart((product.id, 3))
    assert as_owner.get("/cart").status_code == 200
    assert LIMIT in text_of(as_owner.get("/checkout"))
    for method in ("credit", "wayforpay"):
        page = as_owner.submit("/checkout", {"method": method})
        assert page.status_code == 422
        assert LIMIT in text_of(page)
    assert not Order.select().exists()


def test_an_order_at_the_limit_is_placed(as_owner: Visitor) -> None:
    body = {"items": [{"productId": dear(MAX_TOTAL_MINOR // 10).id, "quantity": 10}]}
    assert as_owner.send("/api/store/orders", body).status_code == 201


@pytest.mark.parametrize("balance", [2**63 - 1, MAX_TOTAL_MINOR, MAX_TOTAL_MINOR - 99])
def test_a_balance_beyond_the_limit_is_refused(as_admin: Visitor, balance: int) -> None:
    person = make_user()
    CreditBalance.insert(user_id=person.id, currency="UAH", balance_minor=balance).execute()
    form = {"account": person.email, "amount": "1.00", "currency": "UAH", "reason": "x", "creditKey": "k"}
    page = as_admin.submit("/admin/credit", form)
    assert page.status_code == 422
    assert LIMIT in text_of(page)
    assert CreditBalance.get(CreditBalance.user_id == person.id).balance_minor == balance


@pytest.mark.parametrize(
    ("text", "number"),
    [(str(2**63 - 1), GREATEST_ID), (str(2**63), GREATEST_ID), ("9" * 40, GREATEST_ID), ("9" * 5000, GREATEST_ID),
     ("0" * 60 + "7", 7), ("0", 0)],
)  # fmt: skip
def test_the_id_of_a_route_is_read_as_the_greatest_at_most(text: str, number: int) -> None:
    assert IdConverter(Map()).to_python(text) == number


def test_an_id_beyond_every_row_is_not_found(app: Flask, admin: User, seller: User) -> None:
    assert app.url_map.converters["int"] is IdConverter
    as_admin, as_seller, number = visitor(app, admin), visitor(app, seller), str(GREATEST_ID + 1)
    values = {"code": "x", "page": "x"}
    form = {"reason": "x", "name": "x", "on_sale": "1", "active": "1", "mode": "live"}
    for rule in app.url_map.iter_rules():
        ids = [
            name
            for name in rule.arguments
            if isinstance(rule._converters.get(name), app.url_map.converters["int"])
        ]
        if not ids or set(rule._converters) - set(ids) - set(values):
            continue
        path = rule.rule
        for name in ids:
            path = path.replace(f"<int:{name}>", number)
        if path.startswith("/api/v1/"):  # needs a key, and has tests of its own
            continue
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        signed_in = as_seller if path.startswith("/vendor/") else as_admin
        answer = signed_in.get(path) if method == "GET" else signed_in.submit(path, form)
        assert answer.status_code in (303, 404, 409, 422), (rule.rule, answer.status_code)


@pytest.mark.parametrize("amount", ["92233720368547758.08", "9" * 30])
@pytest.mark.parametrize(
    "path", ["/admin/refcodes?leastUsd=", "/admin/refcodes?cursor=", "/admin/store/commissions?vendor="]
)
def test_a_huge_number_in_a_filter_breaks_nothing(as_admin: Visitor, path: str, amount: str) -> None:
    page = as_admin.get(path + amount)
    assert page.status_code in (200, 400, 422)
