"""`GET /api/store/products` and `POST /api/store/orders`."""

from __future__ import annotations

import json

import pytest

from models import Order, OrderItem, Product, Refcode, User
from portal.catalogue import save_picture
from portal.lib.pictures import read_picture
from portal.web.api import routes
from tests.factories import ACTOR, make_code, make_order, make_product, make_user, make_vendor, make_wallet
from tests.support.pictures import picture_file
from tests.web.visitor import Visitor, error_of

ORDERS = "/api/store/orders"


def order_body(product: Product, quantity: object = 1) -> dict[str, object]:
    return {"items": [{"productId": product.id, "quantity": quantity}]}


def test_products_are_listed_with_documented_fields(client: Visitor) -> None:
    vendor = make_vendor()
    sold = make_product(vendor, name="Teapot", price_minor=98_050, stock=3)
    make_product(vendor, name="Hidden product", active=False)
    response = client.get("/api/store/products")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.get_json() == [
        {
            "productId": sold.id,
            "slug": sold.slug,
            "name": "Teapot",
            "price": "980.50",
            "currency": "UAH",
            "stock": 3,
            "vendorId": vendor.id,
            "needsDelivery": False,
            "imageUrl": None,
        }
    ]


def test_products_come_in_pages(client: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "PRODUCTS_PAGE", 2)
    for name in ("C", "A", "B"):
        make_product(name=name)
    first = client.get("/api/store/products")
    assert [product["name"] for product in first.get_json()] == ["A", "B"]
    url, _semicolon, rel = first.headers["Link"].partition(">; ")
    assert rel == 'rel="next"'
    rest = client.get(url.removeprefix("<"))
    assert [product["name"] for product in rest.get_json()] == ["C"]
    assert "Link" not in rest.headers
    assert client.get("/api/store/products?cursor=x").status_code == 400


def test_picture_of_a_product_is_served_at_its_full_address(client: Visitor) -> None:
    sold = make_product()
    save_picture(sold.id, read_picture(picture_file()), {}, ACTOR, vendor_ids=None)
    (listed,) = client.get("/api/store/products").get_json()
    assert listed["imageUrl"].startswith("http://localhost/pictures/")
    picture = client.get(listed["imageUrl"])
    assert (picture.status_code, picture.mimetype) == (200, "image/webp")


def test_order_total_ignores_prices_in_the_request(as_owner: Visitor, owner: User) -> None:
    product = make_product(price_minor=12_345)
    body = {"items": [{"productId": product.id, "quantity": 2, "price": "0.01"}], "total": "0.01"}
    response = as_owner.send(ORDERS, body)
    assert response.status_code == 201
    result = response.get_json()
    assert set(result) == {
        "orderId", "orderReference", "total", "currency", "referralApplied", "referralReason", "referralReasonText",
    }  # fmt: skip
    assert result["total"] == "246.90"
    assert result["currency"] == "UAH"
    assert result["referralApplied"] is False
    assert result["referralReason"] == "no_code"
    order = Order.get_by_id(result["orderId"])
    assert (order.order_reference, order.buyer_user_id, order.status) == (
        result["orderReference"],
        owner.id,
        "created",
    )
    assert result["orderReference"].startswith(f"store_{order.id}_")


def test_order_with_referral_cookie_is_attributed(as_owner: Visitor, code: Refcode) -> None:
    as_owner.set_cookie("ring_ref", code.code)
    result = as_owner.send(ORDERS, order_body(make_product())).get_json()
    assert set(result) == {
        "orderId",
        "orderReference",
        "total",
        "currency",
        "referralApplied",
        "referralCode",
    }
    assert (result["referralApplied"], result["referralCode"]) == (True, code.code)
    order = Order.get_by_id(result["orderId"])
    assert (order.referral_code, order.referrer_user_id, order.referrer_wallet) == (
        code.code,
        code.owner_user_id,
        code.wallet_address,
    )


@pytest.mark.parametrize("cookie", ["abc", "zzzzzzzz", "../../etc", "\x00abc", "x" * 500, "код"])
def test_invalid_code_in_cookie_does_not_block_the_order(as_owner: Visitor, cookie: str) -> None:
    as_owner.set_cookie("ring_ref", cookie)
    response = as_owner.send(ORDERS, order_body(make_product()))
    assert response.status_code == 201
    assert response.get_json()["referralReason"] == "unknown_code"


def test_refused_referral_names_its_reason(as_owner: Visitor, owner: User, other: User) -> None:
    product = make_product()
    own = make_code(owner)
    shared = make_code(other, wallet=own.wallet_address)
    inactive = make_code(other, active=False)
    for code, reason in ((own, "self_referral"), (shared, "wallet_overlap"), (inactive, "unknown_code")):
        as_owner.set_cookie("ring_ref", code.code)
        result = as_owner.send(ORDERS, order_body(product)).get_json()
        assert (result["referralApplied"], result["referralReason"]) == (False, reason)
        assert "referralCode" not in result
    make_order(owner, paid=True)
    as_owner.set_cookie("ring_ref", make_code(make_user()).code)
    assert as_owner.send(ORDERS, order_body(product)).get_json()["referralReason"] == "not_first_purchase"


def test_first_touch_of_account_applies_without_cookie(app, code: Refcode) -> None:
    buyer = make_user(
        referred_by_code=code.code,
        referred_by_user_id=code.owner_user_id,
        referred_by_wallet=code.wallet_address,
    )
    browser = app.test_client().sign_in_as(buyer)
    assert browser.send(ORDERS, order_body(make_product())).get_json()["referralCode"] == code.code


def test_referral_reason_is_translated(as_owner: Visitor) -> None:
    texts = {
        as_owner.send(f"{prefix}{ORDERS}", order_body(make_product())).get_json()["referralReasonText"]
        for prefix in ("/en", "/uk", "/ru")
    }
    assert len(texts) == 3


def test_repeated_checkout_key_creates_one_order(as_owner: Visitor) -> None:
    body = {**order_body(make_product()), "checkoutKey": "k" * 40}
    first, repeated = as_owner.send(ORDERS, body).get_json(), as_owner.send(ORDERS, body).get_json()
    assert first["orderId"] == repeated["orderId"]
    assert Order.select().count() == 1


def test_checkout_key_is_scoped_to_the_buyer(as_owner: Visitor, as_other: Visitor) -> None:
    body = {**order_body(make_product()), "checkoutKey": "shared"}
    assert (
        as_owner.send(ORDERS, body).get_json()["orderId"] != as_other.send(ORDERS, body).get_json()["orderId"]
    )


def test_repeated_lines_of_a_product_are_summed(as_owner: Visitor) -> None:
    product = make_product(price_minor=100)
    line = {"productId": product.id, "quantity": 2}
    assert as_owner.send(ORDERS, {"items": [line, line]}).get_json()["total"] == "4.00"
    assert OrderItem.get().quantity == 4


INVALID_ITEMS = [
    (None, "items_malformed", "items"),
    ({}, "items_malformed", "items"),
    ("1", "items_malformed", "items"),
    ([], "cart_empty", "items"),
    ([1], "items_malformed", "items.0"),
    ([None], "items_malformed", "items.0"),
    ([{}], "items_malformed", "items.0.productId"),
    ([{"productId": None, "quantity": 1}], "items_malformed", "items.0.productId"),
    ([{"productId": True, "quantity": 1}], "product_unknown", "items.0.productId"),
    ([{"productId": 1.5, "quantity": 1}], "product_unknown", "items.0.productId"),
    ([{"productId": -1, "quantity": 1}], "product_unknown", "items.0.productId"),
    ([{"productId": 2**63, "quantity": 1}], "product_unknown", "items.0.productId"),
    ([{"productId": 2**63 - 1, "quantity": 1}], "product_unknown", "items.0.productId"),
    ([{"productId": "\ud800", "quantity": 1}], "product_unknown", "items.0.productId"),
    ([{"productId": "\x00", "quantity": 1}], "product_unknown", "items.0.productId"),
    ([{"productId": 1, "quantity": 1}] * 51, "cart_too_long", "items"),
]


def test_invalid_items_are_refused_with_their_field(as_owner: Visitor) -> None:
    for items, code, field in INVALID_ITEMS:
        response = as_owner.send(ORDERS, {"items": items})
        assert response.status_code == (404 if code == "product_unknown" else 422), items
        error = error_of(response)
        assert (error["code"], list(error["fields"])) == (code, [field]), items
        assert not Order.select().exists(), items


@pytest.mark.parametrize(
    "quantity", [0, -1, 1000, 10**30, 1.0, 1.5, "x", "", "1.5", "-1", True, None, [], {}, "１"]
)
def test_invalid_quantities_are_refused(as_owner: Visitor, quantity: object) -> None:
    product = make_product(stock=5000)
    response = as_owner.send(ORDERS, order_body(product, quantity))
    assert response.status_code == 422
    error = error_of(response)
    assert error["code"] == "quantity_invalid"
    assert list(error["fields"]) == ["items.0.quantity"]
    assert not Order.select().exists()


def test_order_above_stock_is_a_conflict_with_the_remaining_stock(as_owner: Visitor) -> None:
    product = make_product(name="Lamp", stock=2)
    response = as_owner.send(ORDERS, order_body(product, 3))
    assert response.status_code == 409
    error = error_of(response)
    assert error["code"] == "stock_short"
    assert "2" in error["message"]
    assert "Lamp" in error["message"]
    assert not Order.select().exists()


def test_inactive_product_cannot_be_ordered(as_owner: Visitor) -> None:
    response = as_owner.send(ORDERS, order_body(make_product(active=False)))
    assert (response.status_code, error_of(response)["code"]) == (404, "product_unknown")


def test_order_with_mixed_currencies_is_refused(as_owner: Visitor) -> None:
    items = [{"productId": make_product(currency=c).id, "quantity": 1} for c in ("UAH", "USD")]
    response = as_owner.send(ORDERS, {"items": items})
    assert (response.status_code, error_of(response)["code"]) == (422, "currency_mixed")


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"true",
        b"\xff\xfe",
        b"items=1",
        b"[" * 100_000,
        b'{"a":' * 40_000,
        b'{"items": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"items": ' + b"9" * 5_000 + b"}",
    ],
)
def test_body_other_than_a_json_object_is_refused(as_owner: Visitor, raw: bytes) -> None:
    headers = {"X-CSRFToken": as_owner.token()}
    response = as_owner.post(ORDERS, data=raw, content_type="application/json", headers=headers)
    assert response.status_code == 400
    assert error_of(response)["code"] == "body_malformed"


@pytest.mark.parametrize("key", [1, None, [], "\x00", "\ud800", {"a": 1}])
def test_checkout_key_other_than_text_is_refused(as_owner: Visitor, key: object) -> None:
    product = make_product()
    raw = json.dumps({**order_body(product), "checkoutKey": key})
    headers = {"X-CSRFToken": as_owner.token()}
    response = as_owner.post(ORDERS, data=raw, content_type="application/json", headers=headers)
    assert response.status_code == 400
    error = error_of(response)
    assert (error["code"], list(error["fields"])) == ("field_invalid", ["checkoutKey"])
    assert not Order.select().exists()


def test_body_over_the_size_limit_is_refused(as_owner: Visitor) -> None:
    headers = {"X-CSRFToken": as_owner.token()}
    response = as_owner.post(ORDERS, data=b" " * 300_000, content_type="application/json", headers=headers)
    assert (response.status_code, error_of(response)["code"]) == (413, "too_large")


def test_order_requires_sign_in_and_csrf_token(client: Visitor, as_owner: Visitor) -> None:
    body = order_body(make_product())
    response = client.send(ORDERS, body)
    assert (response.status_code, error_of(response)["code"]) == (401, "sign_in_required")
    for headers in ({}, {"X-CSRFToken": ""}, {"X-CSRFToken": "forged"}, {"X-CSRFToken": client.token()}):
        refused = as_owner.post(ORDERS, json=body, headers=headers)
        assert (refused.status_code, error_of(refused)["code"]) == (400, "csrf_invalid")
    assert not Order.select().exists()


def test_wallet_overlap_checks_every_linked_wallet(as_owner: Visitor, owner: User, other: User) -> None:
    make_wallet(owner)
    shared = make_wallet(owner)
    as_owner.set_cookie("ring_ref", make_code(other, wallet=shared).code)
    assert as_owner.send(ORDERS, order_body(make_product())).get_json()["referralReason"] == "wallet_overlap"
