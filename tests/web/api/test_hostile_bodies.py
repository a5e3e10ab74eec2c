"""Bodies no client sends by mistake: each is refused with a code and changes nothing, at every route that takes one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models import Order, User, WalletChallenge
from tests.factories import make_product, make_reward
from tests.support.described import description
from tests.web.visitor import Visitor, error_of

_WITH_A_BODY = sorted(
    path
    for path, methods in description()["paths"].items()
    if "requestBody" in methods.get("post", {}) and "webhook" not in path
)
_MALFORMED = {
    "an array": b"[]",
    "a text": b'"orderId"',
    "a number": b"1",
    "null": b"null",
    "half an object": b'{"orderId": "a"',
    "two objects": b"{}{}",
    "no JSON": b"orderId=a&code=b",
    "not UTF-8": b'{"orderId": "\xff\xfe\xfa"}',
    "NaN": b'{"limit": NaN, "orderId": NaN}',
    "infinity": b'{"limit": Infinity}',
    "a number of many digits": b'{"limit": ' + b"9" * 5_000 + b"}",
    "deep arrays": b'{"items": ' + b"[" * 100_000,
    "deep objects": b'{"items":' * 20_000,
    "a member twice": b'{"code": "a", "orderId": "a", "code": "b", "orderId": "b"}',
    "a member twice inside": b'{"items": [{"productId": 1, "quantity": 1, "quantity": 2}]}',
}


@pytest.mark.parametrize("path", _WITH_A_BODY)
def test_a_body_that_is_no_plain_object_is_refused(as_admin: Visitor, admin: User, path: str) -> None:
    where = path.replace("{rewardId}", "42")
    headers = {"X-CSRFToken": as_admin.token()}
    for name, raw in _MALFORMED.items():
        answer = as_admin.post(where, data=raw, headers=headers, content_type="application/json")
        assert answer.status_code in (400, 422), name
        assert error_of(answer)["code"] in _REFUSALS, name
    assert not Order.select().exists()
    assert not WalletChallenge.select().exists()


def test_what_the_parser_can_still_hold_breaks_nothing(as_owner: Visitor) -> None:
    headers = {"X-CSRFToken": as_owner.token()}
    for depth in (100, 450, 898):
        raw = b'{"items":' + b"[" * depth + b"]" * depth + b"}"
        answer = as_owner.post("/api/store/orders", data=raw, headers=headers)
        assert answer.status_code in (400, 422), depth
        assert error_of(answer)["code"] in _REFUSALS, depth


_REFUSALS = {"body_malformed", "field_invalid", "code_malformed", "items_malformed"}


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "\udfff a"])
def test_a_text_no_column_holds_names_its_field(
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
        answer = browser.send(path, {field: text})
        assert answer.status_code == 400, path
        assert error_of(answer)["fields"] == {field: "This field must be text."}, path


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [("en", "Use at most 64 characters."), ("uk", None), ("ru", None)],
)
def test_a_checkout_key_that_is_too_long_is_told_not_cut(
    as_owner: Visitor, locale: str, sentence: str | None
) -> None:
    product = make_product()
    order: dict[str, Any] = {"items": [{"productId": product.id, "quantity": 1}]}
    answer = as_owner.send(f"/{locale}/api/store/orders", {**order, "checkoutKey": "k" * 65})
    assert (answer.status_code, list(error_of(answer)["fields"])) == (400, ["checkoutKey"])
    if sentence:
        assert error_of(answer)["message"] == sentence
    assert not Order.select().exists()
    kept = as_owner.send("/api/store/orders", {**order, "checkoutKey": "k" * 64})
    assert kept.status_code == 201


def test_numbers_beyond_every_column_are_refused(as_admin: Visitor) -> None:
    for value in (2**63, 10**30, -1, 0, 1.5, 1e300, True, "1"):
        answer = as_admin.send("/api/refcodes/mint", {"rewardId": value})
        assert (answer.status_code, list(error_of(answer)["fields"])) == (400, ["rewardId"]), value
        answer = as_admin.send("/api/refcodes/mint", {"limit": value})
        if value != "1":
            assert (answer.status_code, list(error_of(answer)["fields"])) == (400, ["limit"]), value
    for value in (2**63, 10**30, -1, 0, 1.5, True, None, [], {}):
        answer = as_admin.send("/api/store/orders", {"items": [{"productId": value, "quantity": 1}]})
        assert error_of(answer)["fields"].keys() == {"items.0.productId"}, value


def test_a_large_body_is_refused(as_owner: Visitor) -> None:
    headers = {"X-CSRFToken": as_owner.token()}
    raw = json.dumps({"orderId": "x" * 300_000}).encode()
    answer = as_owner.post("/api/store/payments/credit", data=raw, headers=headers)
    assert (answer.status_code, error_of(answer)["code"]) == (413, "too_large")
