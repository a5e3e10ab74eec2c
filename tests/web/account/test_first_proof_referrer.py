"""Who referred an account whose mailbox is proven for the first time. See docs/rules/attribution.md."""

from __future__ import annotations

import pytest
from flask import Flask
from peewee import IntegrityError

from models import EventLog, Refcode, User
from tests.factories import make_code, make_user
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import newest_link
from tests.web.visitor import Visitor

FORM = {"name": "Stranger", "email": "victim@example.com", "password": "of the stranger"}
NEW = {"password": "of the real owner"}


@pytest.fixture
def strangers_code(database: str) -> Refcode:
    return make_code(make_user("Stranger's alias"))


def landed(app: Flask, code: Refcode | None) -> Visitor:
    browser = visitor(app)
    browser.get(f"/?ref={code.code}" if code else "/")
    return browser


def referrer() -> tuple[str | None, int | None, bool]:
    user = User.get(User.email == FORM["email"])
    return user.referred_by_code, user.referred_by_user_id, user.referred_at is not None


def facts(code: Refcode | None) -> tuple[str | None, int | None, bool]:
    return (code.code, code.owner_user_id, True) if code else (None, None, False)


def reset(browser: Visitor) -> None:
    browser.submit("/password/forgot", {"email": FORM["email"]})
    assert browser.submit(newest_link(browser, "reset_password"), NEW).status_code == 303


@pytest.mark.parametrize("has_code", [True, False])
def test_reset_by_the_owner_replaces_the_referrer_by_a_first_touch_of_her_own(
    app: Flask, strangers_code: Refcode, code: Refcode, *, has_code: bool
) -> None:
    assert landed(app, strangers_code).submit("/register", FORM).status_code == 303
    assert referrer() == facts(strangers_code)
    hers = code if has_code else None
    reset(landed(app, hers))
    stays = hers or strangers_code
    assert referrer() == facts(stays)
    event = EventLog.get(EventLog.event == "email_confirmed")
    assert event.data == {"referred_by": stays.code, "referred_by_before": strangers_code.code}


@pytest.mark.parametrize("has_code", [True, False])
def test_confirmation_elsewhere_replaces_the_referrer_of_a_registration(
    make_app: MakeApp, strangers_code: Refcode, code: Refcode, *, has_code: bool
) -> None:
    app, hers = make_app(registration_confirmation=True), code if has_code else None
    landed(app, strangers_code).submit("/register", FORM)
    owner = landed(app, hers)
    owner.submit("/register", {**FORM, "name": "Owner"})
    assert owner.submit(newest_link(owner, "confirm_email"), {**NEW, "name": "Owner"}).status_code == 303
    assert referrer() == facts(hers or strangers_code)


@pytest.mark.parametrize("touch", ["inactive", "unknown", "malformed"])
def test_a_first_touch_that_credits_nobody_keeps_the_referrer(
    app: Flask, strangers_code: Refcode, code: Refcode, touch: str
) -> None:
    landed(app, code).submit("/register", FORM)
    Refcode.update(active=False).where(Refcode.code == strangers_code.code).execute()
    phone = visitor(app)
    values = {"inactive": strangers_code.code, "unknown": "ABCDEFGH23", "malformed": "'; --"}
    phone.set_cookie("ring_ref", values[touch])
    reset(phone)
    assert referrer() == facts(code)


def test_confirmation_in_the_same_browser_keeps_the_referrer(make_app: MakeApp, code: Refcode) -> None:
    browser = landed(make_app(registration_confirmation=True), code)
    browser.submit("/register", FORM)
    before = User.get(User.email == FORM["email"]).referred_at
    assert browser.submit(newest_link(browser, "confirm_email"), {**NEW, "name": "Owner"}).status_code == 303
    assert referrer() == facts(code)
    assert User.get(User.email == FORM["email"]).referred_at == before


def test_confirmation_by_the_signed_in_owner_keeps_the_referrer(app: Flask, code: Refcode) -> None:
    browser = landed(app, code)
    browser.submit("/register", FORM)
    browser.delete_cookie("ring_ref")
    browser.submit("/account/security/email", {"email": FORM["email"]})
    assert browser.submit(newest_link(browser, "confirm_email")).location == "/en/account/security"
    assert referrer() == facts(code)


def test_reset_of_a_confirmed_account_keeps_the_referrer(
    app: Flask, strangers_code: Refcode, code: Refcode
) -> None:
    browser = landed(app, code)
    browser.submit("/register", FORM)
    browser.submit("/account/security/email", {"email": FORM["email"]})
    browser.submit(newest_link(browser, "confirm_email"))
    reset(landed(app, strangers_code))
    assert referrer() == facts(code)


def test_database_refuses_another_referrer_after_the_proof(app: Flask, code: Refcode, other: User) -> None:
    landed(app, code).submit("/register", FORM)
    mine = User.email == FORM["email"]
    with pytest.raises(IntegrityError, match="written once"):
        User.update(referred_by_code="x").where(mine).execute()
    User.update(email_confirmed_at=User.created_at).where(mine).execute()
    with pytest.raises(IntegrityError, match="written once"):
        User.update(referred_by_code=None, email_confirmed_at=User.created_at).where(mine).execute()
