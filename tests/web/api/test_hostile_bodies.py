"""Hostile request bodies: every route refuses them with an error code and changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models import Order, User, WalletChallenge
from tests.factories import make_product, make_reward
from tests.support.described import description
from tests.web.visitor import Visitor, error_of

_PATHS_WITH_BODY = sorted(
    path
    for path, methods in description()["paths"].items()
    if "requestBody" in methods.get("post", {})
    and "webhook" not in path
    and not path.startswith(("/api/v1/", "/hooks/"))
)
_MALFORMED = {
    "array": b"[]",
    "string": b'"orderId"',
    "number": b"1",
    "null": b"null",
    "truncated object": b'{"orderId": "a"',
    "two objects": b"{}{}",
    "form data": b"orderId=a&code=b",
    "not UTF-8": b'{"orderId": "\xff\xfe\xfa"}',
    "NaN": b'{"limit": NaN, "orderId": NaN}',
    "infinity": b'{"limit": Infinity}',
    "number with too many digits": b'{"limit": ' + b"9" * 5_000 + b"}",
    "deep arrays": b'{"items": ' + b"[" * 100_000,
    "deep objects": b'{"items":' * 20_000,
    "duplicate member": b'{"code": "a", "orderId": "a", "code": "b", "orderId": "b"}',
    "nested duplicate member": b'{"items": [{"productId": 1, "quantity": 1, "quantity": 2}]}',
}


@pytest.mark.parametrize("path", _PATHS_WITH_BODY)
def test_malformed_body_is_refused(as_admin: Visitor, admin: User, path: str) -> None:
    url = path.replace("{rewardId}", "42").replace("{applicationId}", "42")
    headers = {"X-CSRFToken": as_admin.token()}
    for name, raw in _MALFORMED.items():
        response = as_admin.post(url, data=raw, headers=headers, content_type="application/json")
        assert response.status_code in (400, 422), name
        assert error_of(response)["code"] in _REFUSALS, name
    assert not Order.select().exists()
    assert not WalletChallenge.select().exists()


def test_deeply_nested_body_is_refused(as_owner: Visitor) -> None:
    headers = {"X-CSRFToken": as_owner.token()}
    for depth in (100, 450, 898):
        raw = b'{"items":' + b"[" * depth + b"]" * depth + b"}"
        response = as_owner.post("/api/store/orders", data=raw, headers=headers)
        assert response.status_code in (400, 422), depth
        assert error_of(response)["code"] in _REFUSALS, depth


_REFUSALS = {"body_malformed", "field_invalid", "code_malformed", "items_malformed"}


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "\udfff a"])
def test_unstorable_text_is_refused_with_its_field(
    as_owner: Visitor, as_admin: Visitor, other: User, text: str
) -> None:
    reward = make_reward(other)
    for browser, path, field in (
        (as_owner, "/api/store/payments/credit", "orderId"),
        (as_owner, "/api/store/payments/wayforpay", "orderId"),
        (as_owner, "/api/membership/upgrade", "tier"),
        (as_owner, "/api/account/wallets/challenge", "address"),
        (as_owner, "/api/store/orders", "checkoutKey"),
        (as_admin, f"/api/admin/rewards/{reward.id}/reject", "reason"),
    ):
        response = browser.send(path, {field: text})
        assert response.status_code == 400, path
        assert error_of(response)["fields"] == {field: "This field must be text."}, path


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [("en", "Use at most 64 characters."), ("uk", None), ("ru", None)],
)
def test_too_long_checkout_key_is_refused_not_truncated(
    as_owner: Visitor, locale: str, sentence: str | None
) -> None:
    product = make_product()
    order: dict[str, Any] = {"items": [{"productId": product.id, "quantity": 1}]}
    response = as_owner.send(f"/{locale}/api/store/orders", {**order, "checkoutKey": "k" * 65})
    assert (response.status_code, list(error_of(response)["fields"])) == (400, ["checkoutKey"])
    if sentence:
        assert error_of(response)["message"] == sentence
    assert not Order.select().exists()
    longest = as_owner.send("/api/store/orders", {**order, "checkoutKey": "k" * 64})
    assert longest.status_code == 201


def test_out_of_range_numbers_are_refused(as_admin: Visitor) -> None:
    for value in (2**63, 10**30, -1, 0, 1.5, 1e300, True, "1"):
        response = as_admin.send("/api/refcodes/mint", {"rewardId": value})
        assert (response.status_code, list(error_of(response)["fields"])) == (400, ["rewardId"]), value
        response = as_admin.send("/api/refcodes/mint", {"limit": value})
        if value != "1":
            assert (response.status_code, list(error_of(response)["fields"])) == (400, ["limit"]), value
    for value in (2**63, 10**30, -1, 0, 1.5, True, None, [], {}):
        response = as_admin.send("/api/store/orders", {"items": [{"productId": value, "quantity": 1}]})
        assert error_of(response)["fields"].keys() == {"items.0.productId"}, value


def test_body_over_the_size_limit_is_refused(as_owner: Visitor) -> None:
    headers = {"X-CSRFToken": as_owner.token()}
    raw = json.dumps({"orderId": "x" * 300_000}).encode()
    response = as_owner.post("/api/store/payments/credit", data=raw, headers=headers)
    assert (response.status_code, error_of(response)["code"]) == (413, "too_large")
