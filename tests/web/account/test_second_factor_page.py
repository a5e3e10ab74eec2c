"""Switching the second factor on and off by the pages, and what admins in production are led to."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from models import RecoveryCode, SecondFactor, User, UserSession
from portal.accounts import count_recovery_codes, has_second_factor
from tests.factories import make_user
from tests.web.account.factor import code_of, enrol
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import rows
from tests.web.visitor import Visitor, error_of

PAGE = "/account/security/second-factor"
PRODUCTION = {
    "portal_env": "production",
    "secret_key": "secret key of the tests".ljust(40, "!"),
    "app_url": "https://localhost",
    "wayforpay_merchant_account": "shop",
    "wayforpay_secret_key": "a real secret",
}


def codes_on(page: str) -> list[str]:
    return re.findall(r'<code class="code">([2-9a-z-]{19})</code>', page)


def test_it_is_switched_on_with_a_first_code(app: Flask, as_owner: Visitor, owner: User) -> None:
    elsewhere = visitor(app, owner)
    assert "qr-holder" not in as_owner.get(PAGE).text
    assert as_owner.submit(f"{PAGE}/start").status_code == 303
    page = as_owner.get(PAGE).text
    assert "<svg" in page
    secret = re.search(r'id="secret" value="([A-Z2-7]{32})"', page)
    assert secret
    before = as_owner.get_cookie("ring_session")
    done = as_owner.submit(PAGE, {"code": code_of(secret[1])})
    assert done.status_code == 200
    assert len(codes_on(done.text)) == 10
    assert done.headers["Cache-Control"] == "no-store"
    assert has_second_factor(owner.id)
    assert as_owner.get_cookie("ring_session") != before
    assert elsewhere.get("/orders").status_code == 303, "sessions made without it end"
    assert as_owner.get("/orders").status_code == 200
    assert not codes_on(as_owner.get(PAGE).text), "shown once"
    assert secret[1] not in as_owner.get(PAGE).text
    assert rows("notice")[-1].params["kind"] == "security_second_factor_on"


def test_a_wrong_first_code_changes_nothing(as_owner: Visitor, owner: User) -> None:
    as_owner.submit(f"{PAGE}/start")
    for code in ("000000", "", "１２３４５６", "abc"):
        page = as_owner.submit(PAGE, {"code": code})
        assert page.status_code == 422
        assert "<svg" in page.text
    assert not has_second_factor(owner.id)


def test_a_first_code_before_the_start_leads_to_it(as_owner: Visitor) -> None:
    assert as_owner.submit(PAGE, {"code": "123456"}).location == PAGE
    assert as_owner.submit(f"{PAGE}/recovery-codes").location == PAGE
    assert not SecondFactor.select().exists()


def test_recovery_codes_are_replaced(as_owner: Visitor, owner: User) -> None:
    _secret, old = enrol(owner)
    new = codes_on(as_owner.submit(f"{PAGE}/recovery-codes").text)
    assert len(new) == 10
    assert not set(new) & set(old)
    assert RecoveryCode.select().count() == 10


def test_it_is_switched_off_by_whoever_holds_it(as_owner: Visitor, owner: User) -> None:
    secret, codes = enrol(owner)
    assert as_owner.submit(f"{PAGE}/disable", {"code": "000000"}).status_code == 422
    assert has_second_factor(owner.id)
    assert as_owner.submit(f"{PAGE}/disable", {"code": code_of(secret)}).status_code == 303
    assert not has_second_factor(owner.id)
    assert count_recovery_codes(owner.id) == 0
    enrol(owner)
    assert as_owner.submit(f"{PAGE}/disable", {"code": codes[0]}).status_code == 422, "codes of before"


# ---------------------------------------------------------------------- admins in production


@pytest.fixture
def production(make_app: MakeApp) -> Flask:
    return make_app(**PRODUCTION)


def browse(app: Flask, user: User) -> Visitor:
    browser = app.test_client()
    browser.environ_base["wsgi.url_scheme"] = "https"
    assert isinstance(browser, Visitor)
    token_cookie = app.session_interface.get_signing_serializer(app)
    assert token_cookie
    from portal.accounts import Device, start_session

    browser.set_cookie(
        "__Host-ring_session",
        token_cookie.dumps({"_user_id": start_session(user.id, Device()), "_fresh": True}),
        secure=True,
        path="/",
    )
    return browser


def test_an_admin_is_led_to_it_before_anything_else(production: Flask, admin: User) -> None:
    browser = browse(production, admin)
    for url in ("/admin/refcodes", "/account/security", "/orders"):
        answer = browser.get(url, base_url="https://localhost")
        assert (answer.status_code, answer.location) == (303, PAGE), url
    api = browser.get("/api/admin/rewards", base_url="https://localhost")
    assert (api.status_code, error_of(api)["code"]) == (403, "second_factor_required")
    assert browser.get(PAGE, base_url="https://localhost").status_code == 200
    assert browser.get("/", base_url="https://localhost").status_code == 200
    enrol(admin)
    assert browser.get("/admin/refcodes", base_url="https://localhost").status_code == 200


def test_everybody_else_may_do_without(production: Flask, owner: User) -> None:
    assert browse(production, owner).get("/account/security", base_url="https://localhost").status_code == 200


def test_nobody_is_led_anywhere_in_development(as_admin: Visitor) -> None:
    assert as_admin.get("/admin/refcodes").status_code == 200


def test_a_session_of_another_account_has_its_own(app: Flask, owner: User) -> None:
    enrol(owner)
    plain = visitor(app, make_user())
    assert "qr-holder" not in plain.get(PAGE).text
    assert UserSession.select().count() == 1
