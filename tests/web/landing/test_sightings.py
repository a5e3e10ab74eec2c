"""Sightings of referrers and buyers: when they are noted, the device cookie, and the hints shown to admins."""

from __future__ import annotations

import pytest
from flask import Flask

from models import AccessSignal, Order, Refcode, ReferralReward, SharedSignal, User
from portal.db import query
from tests.factories import PASSWORD, make_code, make_product, make_reward, make_user
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import newest_link
from tests.web.pages import text_of
from tests.web.visitor import Visitor

HOME, OFFICE = "203.0.113.7", "198.51.100.9"
SIGN_UP = {"name": "Second Self", "email": "second@example.com", "password": "eight ch"}


def at(address: str) -> dict[str, dict[str, str]]:
    return {"environ_overrides": {"REMOTE_ADDR": address}}


def sign_in(browser: Visitor, user: User, address: str = HOME) -> None:
    answer = browser.submit("/login", {"email": user.email, "password": PASSWORD}, **at(address))
    assert answer.status_code == 303


def order(browser: Visitor, address: str = HOME) -> Order:
    body = {"items": [{"productId": make_product().id, "quantity": 1}]}
    answer = browser.send("/api/store/orders", body, **at(address))
    assert answer.status_code == 201
    return Order.get_by_id(answer.get_json()["orderId"])


def noted_users() -> set[int]:
    return {row.user_id for row in AccessSignal.select()}


def shared_kinds() -> set[str]:
    return {row.kind for row in SharedSignal.select()}


def test_second_account_in_the_same_browser_is_hinted(
    app: Flask, code: Refcode, other: User, admin: User
) -> None:
    browser = visitor(app)
    sign_in(browser, other)
    browser.submit("/logout")
    browser.get(f"/?ref={code.code}")
    browser.submit("/register", SIGN_UP, **at(OFFICE))
    placed = order(browser, OFFICE)
    assert placed.referral_code == code.code, "a hint does not block the referral"
    assert shared_kinds() == {"device"}
    reward = make_reward(code, order_reference=placed.order_reference, referee_user_id=placed.buyer_user_id)
    for url in ("/admin/refcodes", f"/admin/audit?orderReference={placed.order_reference}"):
        text = text_of(visitor(app, admin).get(url))
        assert "High risk The buyer and the referrer used the same browser." in text, url
        assert "network address" not in text
    assert ReferralReward.get_by_id(reward.id).status == "pending_approval"


@pytest.mark.parametrize("referred", [True, False])
def test_unconfirmed_account_is_noted_after_confirmation(
    make_app: MakeApp, code: Refcode, referred: bool
) -> None:
    browser = visitor(make_app(registration_confirmation=True))
    if referred:
        browser.get(f"/?ref={code.code}")
    browser.submit("/register", SIGN_UP)
    assert noted_users() == set(), "the response must not reveal whether the e-mail is registered"
    browser.submit(newest_link(browser), {"password": SIGN_UP["password"]})
    assert noted_users() == ({User.get(User.email == SIGN_UP["email"]).id} if referred else set())


def test_another_browser_at_the_same_address_is_hinted(
    app: Flask, code: Refcode, other: User, owner: User
) -> None:
    buyer = visitor(app, owner)
    buyer.get(f"/?ref={code.code}")
    order(buyer)
    assert shared_kinds() == set()
    sign_in(visitor(app), other)
    assert shared_kinds() == {"address"}


def test_another_browser_elsewhere_is_not_hinted(app: Flask, code: Refcode, other: User, owner: User) -> None:
    sign_in(visitor(app), other)
    buyer = visitor(app, owner)
    buyer.get(f"/?ref={code.code}")
    order(buyer, OFFICE)
    assert noted_users() == {other.id, owner.id}
    assert shared_kinds() == set()


@pytest.mark.parametrize(("proxies", "is_hinted"), [(1, True), (0, False)])
def test_forwarded_address_counts_only_from_a_trusted_proxy(
    make_app: MakeApp, code: Refcode, other: User, owner: User, proxies: int, is_hinted: bool
) -> None:
    app = make_app(trusted_proxies=proxies)
    forwarded = {"X-Forwarded-For": HOME}
    visitor(app).submit(
        "/login", {"email": other.email, "password": PASSWORD}, headers=forwarded, **at("10.0.0.1")
    )
    buyer = visitor(app, owner)
    buyer.get(f"/?ref={code.code}")
    body = {"items": [{"productId": make_product().id, "quantity": 1}]}
    buyer.send("/api/store/orders", body, headers=forwarded, **at("10.0.0.2"))
    assert (shared_kinds() == {"address"}) is is_hinted


def test_only_referrers_and_credited_buyers_are_noted(
    app: Flask, as_owner: Visitor, owner: User, other: User
) -> None:
    browser = visitor(app)
    browser.get("/")
    sign_in(browser, other)
    order(as_owner)
    as_owner.send("/api/membership/upgrade", {"tier": "MEMBER"})
    assert noted_users() == set()
    for client in (browser, as_owner):
        assert client.get_cookie("ring_device") is None
    make_code(other)
    sign_in(browser, other)
    User.update(referred_by_user_id=other.id).where(User.id == owner.id).execute()
    as_owner.send("/api/membership/upgrade", {"tier": "MEMBER"})
    assert noted_users() == {owner.id, other.id}


def test_device_cookie_is_issued_by_the_portal(app: Flask, client: Visitor) -> None:
    client.set_cookie("ring_device", "mine")
    header = client.cookie_headers(client.submit("/register", SIGN_UP), "ring_device")[0]
    value = header.split("=", 1)[1].split(";")[0]
    assert len(value) == 22
    for attribute in ("HttpOnly", "SameSite=Lax", "Max-Age=2592000", "Path=/"):
        assert attribute in header
    other = make_code(make_user()).owner
    client.submit("/logout")
    answer = client.submit("/login", {"email": other.email, "password": PASSWORD})
    assert not client.cookie_headers(answer, "ring_device"), "a known browser keeps its cookie"
    assert client.get_cookie("ring_device").value == value


def test_checkout_continues_when_sightings_fail(as_owner: Visitor, code: Refcode) -> None:
    as_owner.get(f"/?ref={code.code}")
    query("ALTER TABLE signal_salts RENAME TO away")
    try:
        assert order(as_owner).referral_code == code.code
    finally:
        query("ALTER TABLE away RENAME TO signal_salts")
    assert noted_users() == set()


def test_hints_are_translated(app: Flask, admin: User, code: Refcode, owner: User) -> None:
    make_reward(code, referee_user_id=owner.id)
    SharedSignal.insert(
        referrer_user_id=code.owner_user_id, referee_user_id=owner.id, kind="address"
    ).execute()
    for locale in ("en", "uk", "ru"):
        page = visitor(app, admin).get(f"/{locale}/admin/refcodes").text
        assert page.count('class="risk risk-medium"') == 1
        assert "same_address" not in page
