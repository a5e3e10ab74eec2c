"""The second-factor page: enabling, disabling, and mandatory enrolment of admins in production."""

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
from tests.web.production import PRODUCTION, browse
from tests.web.visitor import Visitor, error_of

PAGE = "/account/security/second-factor"


def codes_on(page: str) -> list[str]:
    return re.findall(r'<code class="code">([2-9a-z-]{29})</code>', page)


def test_first_code_enables_the_second_factor(app: Flask, as_owner: Visitor, owner: User) -> None:
    elsewhere = visitor(app, owner)
    assert "qr-holder" not in as_owner.get(PAGE).text
    assert as_owner.submit(f"{PAGE}/start").status_code == 303
    page = as_owner.get(PAGE).text
    assert "<svg" in page
    secret = re.search(r'id="secret" value="([A-Z2-7]{32})"', page)
    assert secret
    before = as_owner.get_cookie("ring_session")
    enabled = as_owner.submit(PAGE, {"code": code_of(secret[1])})
    assert enabled.status_code == 200
    assert len(codes_on(enabled.text)) == 10
    assert enabled.headers["Cache-Control"] == "no-store"
    assert has_second_factor(owner.id)
    assert as_owner.get_cookie("ring_session") != before
    assert elsewhere.get("/orders").status_code == 303, "sessions without the second factor end"
    assert as_owner.get("/orders").status_code == 200
    assert not codes_on(as_owner.get(PAGE).text), "shown once"
    assert secret[1] not in as_owner.get(PAGE).text
    assert rows("notice")[-1].params["kind"] == "security_second_factor_on"


def test_wrong_first_code_changes_nothing(as_owner: Visitor, owner: User) -> None:
    as_owner.submit(f"{PAGE}/start")
    for code in ("000000", "", "１２３４５６", "abc"):
        page = as_owner.submit(PAGE, {"code": code})
        assert page.status_code == 422
        assert "<svg" in page.text
    assert not has_second_factor(owner.id)


def test_code_before_enrolment_redirects_to_the_page(as_owner: Visitor) -> None:
    assert as_owner.submit(PAGE, {"code": "123456"}).location == PAGE
    assert as_owner.submit(f"{PAGE}/recovery-codes").location == PAGE
    assert not SecondFactor.select().exists()


def test_recovery_codes_are_replaced(as_owner: Visitor, owner: User) -> None:
    _secret, old = enrol(owner)
    new = codes_on(as_owner.submit(f"{PAGE}/recovery-codes").text)
    assert len(new) == 10
    assert not set(new) & set(old)
    assert RecoveryCode.select().count() == 10


def test_current_code_disables_the_second_factor(as_owner: Visitor, owner: User) -> None:
    secret, codes = enrol(owner)
    assert as_owner.submit(f"{PAGE}/disable", {"code": "000000"}).status_code == 422
    assert has_second_factor(owner.id)
    assert as_owner.submit(f"{PAGE}/disable", {"code": code_of(secret)}).status_code == 303
    assert not has_second_factor(owner.id)
    assert count_recovery_codes(owner.id) == 0
    enrol(owner)
    assert as_owner.submit(f"{PAGE}/disable", {"code": codes[0]}).status_code == 422, (
        "earlier codes are invalid"
    )


# ---------------------------------------------------------------------- admins in production


@pytest.fixture
def production(make_app: MakeApp) -> Flask:
    return make_app(**PRODUCTION)


def test_admin_in_production_must_enrol_first(production: Flask, admin: User) -> None:
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


def test_user_in_production_need_not_enrol(production: Flask, owner: User) -> None:
    assert browse(production, owner).get("/account/security", base_url="https://localhost").status_code == 200


def test_admin_in_development_need_not_enrol(as_admin: Visitor) -> None:
    assert as_admin.get("/admin/refcodes").status_code == 200


def test_enrolment_does_not_affect_another_account(app: Flask, owner: User) -> None:
    enrol(owner)
    plain = visitor(app, make_user())
    assert "qr-holder" not in plain.get(PAGE).text
    assert UserSession.select().count() == 1
