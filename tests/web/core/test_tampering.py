"""Fields, methods and parameters that a form does not have change nothing."""

from __future__ import annotations

import pytest
from flask import Flask

from models import Order, Refcode, ReferralReward, User, UserSession
from tests.factories import make_product, make_reward, make_user
from tests.web.conftest import visitor
from tests.web.visitor import Visitor

OVERRIDES = [
    {"X-HTTP-Method-Override": "POST"},
    {"X-HTTP-Method": "POST"},
    {"X-Method-Override": "POST"},
]


@pytest.mark.parametrize("headers", OVERRIDES)
def test_method_cannot_be_overridden(as_admin: Visitor, headers: dict[str, str]) -> None:
    reward = make_reward(make_user(), "pending_approval")
    url = f"/admin/refcodes/{reward.id}/approve"
    for method in ("GET", "HEAD"):
        answer = as_admin.open(f"{url}?_method=POST", method=method, headers=headers)
        assert answer.status_code == 405
    assert ReferralReward.get_by_id(reward.id).status == "pending_approval"


def test_registration_takes_no_other_columns(app: Flask, code: Refcode) -> None:
    extra = {"role": "admin", "id": "7", "is_admin": "1", "email_confirmed_at": "2026-01-01", "referred_by": code.code,
             "referred_by_code": code.code, "user[role]": "admin", "name.role": "admin"}  # fmt: skip
    form = {"name": "Nina New", "email": "nina@example.com", "password": "a long password of hers"}
    assert visitor(app).submit("/register?role=admin", {**extra, **form}).status_code == 303
    user = User.get(User.email == "nina@example.com")
    assert (user.role, user.email_confirmed_at, user.referred_by_code) == (make_user().role, None, None)


def test_order_takes_prices_from_the_catalogue(as_owner: Visitor, owner: User, other: User) -> None:
    product = make_product(price_minor=49_900)
    item = {"productId": product.id, "quantity": 1, "price": "0.01", "currency": "USD", "discount": "100"}
    body = {"items": [item], "total": "0.01", "status": "paid", "customerId": other.id, "userId": other.id}
    assert as_owner.send("/api/store/orders", body).status_code == 201
    order = Order.get()
    assert (order.total_minor, order.currency, order.status) == (49_900, "UAH", "created")
    assert order.customer.user_id == owner.id


def test_form_is_read_from_the_body_only(as_owner: Visitor, owner: User) -> None:
    url = "/account/security?present=x&password=a+password+of+the+query"
    before = User.get_by_id(owner.id).password_hash
    assert as_owner.submit(url, {}).status_code in (400, 422)
    assert User.get_by_id(owner.id).password_hash == before


def test_repeated_fields_count_once(app: Flask) -> None:
    form = {
        "name": "Nina New",
        "email": ["nina@example.com", "second@example.com"],
        "password": "a long password",
    }
    assert visitor(app).submit("/register", form).status_code == 303
    assert [user.email for user in User.select()] == ["nina@example.com"]


def test_json_types_are_not_converted(as_owner: Visitor, as_admin: Visitor) -> None:
    product = make_product()
    for quantity in (True, 1.5, [1], {"$gt": 0}, None):
        items = [{"productId": product.id, "quantity": quantity}]
        assert 400 <= as_owner.send("/api/store/orders", {"items": items}).status_code < 500, quantity
    for limit in ("1", True, 1.5, [1]):
        assert as_admin.send("/api/refcodes/mint", {"limit": limit}).status_code == 400, limit
    assert not Order.select().exists()


def test_sessions_of_others_cannot_be_ended(as_owner: Visitor, as_other: Visitor, other: User) -> None:
    session = UserSession.get(UserSession.user_id == other.id)
    as_owner.submit(f"/account/security/sessions/{session.id}/end", {"user_id": str(other.id)})
    assert as_other.get("/orders").status_code == 200


@pytest.mark.parametrize(
    "referrer",
    ["http://[", "http://[::1", "http://localhost:99999999/uk/", "http://]/", "//", "null", "\xff\xfe"],
)
def test_malformed_referrer_is_none(as_owner: Visitor, referrer: str) -> None:
    headers = {"Referer": referrer}
    statuses = [
        as_owner.get("/uk/", headers=headers).status_code,
        as_owner.get("/uk/nowhere", headers=headers).status_code,
        as_owner.submit("/uk/cart", {}, headers=headers).status_code,
        as_owner.get("/api/store/products", headers=headers).status_code,
        as_owner.post("/api/payments/wayforpay/webhook", json={}, headers=headers).status_code,
    ]
    assert statuses[:-1] == [200, 404, 422, 200]
    assert statuses[-1] < 500
