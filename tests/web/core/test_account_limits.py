"""Limits per account, whatever addresses its requests come from. See docs/accounts.md."""

from __future__ import annotations

import itertools

import pytest

from models import Order, User
from portal.settings import SettingsInvalid, load_settings
from tests.factories import make_order, make_product, make_vendor
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor, error_of

ADDRESS = {"address": "0x" + "1" * 40}
_addresses = (f"198.51.100.{number}" for number in itertools.cycle(range(1, 250)))


def elsewhere() -> dict[str, dict[str, str]]:
    return {"environ_overrides": {"REMOTE_ADDR": next(_addresses)}}


@pytest.fixture
def limited(make_app: MakeApp, owner: User) -> Visitor:
    """The owner, in a portal where each account may do everything twice an hour."""
    names = ("orders", "payments", "account", "exports")
    return visitor(make_app(**{f"rate_limit_{name}": "2 per hour" for name in names}), owner)


def test_orders_are_limited_per_account(limited: Visitor, other: User) -> None:
    body = {"items": [{"productId": make_product(make_vendor()).id, "quantity": 1}]}
    answers = [limited.send("/api/store/orders", body, **elsewhere()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert error_of(answers[-1])["code"] == "rate_limited"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600
    assert Order.select().count() == 2
    assert visitor(limited.application, other).send("/api/store/orders", body).status_code == 201


def test_page_and_api_share_one_count(limited: Visitor) -> None:
    product = make_product(make_vendor())
    for _ in range(2):
        limited.fill_cart((product.id, 1))
        assert limited.check_out("wayforpay", **elsewhere()).status_code == 200
    body = {"items": [{"productId": product.id, "quantity": 1}]}
    assert limited.send("/api/store/orders", body, **elsewhere()).status_code == 429
    for path, sentence in (("/en/checkout", "Too many requests"), ("/uk/checkout", "Забагато запитів")):
        page = limited.submit(path, {"method": "wayforpay"}, **elsewhere())
        assert page.status_code == 429
        assert sentence in text_of(page)
        assert page.headers["Retry-After"]


def test_payments_are_limited_per_account(limited: Visitor, owner: User) -> None:
    order = {"orderId": make_order(owner).id}
    requests = [("credit", order), ("wayforpay", order), ("credit", order), ("wayforpay", order)]
    answers = [limited.send(f"/api/store/payments/{name}", body, **elsewhere()) for name, body in requests]
    assert [answer.status_code for answer in answers] == [409, 200, 429, 429]
    assert limited.send("/api/membership/upgrade", {"tier": "MEMBER"}, **elsewhere()).status_code == 429


def test_account_changes_and_messages_are_limited_per_account(limited: Visitor) -> None:
    paths = ["/api/account/wallets/challenge"] * 3
    statuses = [limited.send(path, ADDRESS, **elsewhere()).status_code for path in paths]
    assert statuses == [200, 200, 429]
    for path in ("/account/security", "/account/security/email", "/account/security/second-factor/start"):
        assert limited.submit(path, {"email": "a@example.com"}, **elsewhere()).status_code == 429


def test_exports_are_limited_per_account(limited: Visitor) -> None:
    paths = ["/refcodes.csv", "/refcodes.xlsx", "/refcodes.csv"]
    assert [limited.get(path, **elsewhere()).status_code for path in paths] == [200, 200, 429]


def test_malformed_limit_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_LIMIT_ORDERS", "many")
    with pytest.raises(SettingsInvalid, match=r'RATE_LIMIT_ORDERS: must be .* such as "60 per minute"'):
        load_settings()
