"""The second-factor step of sign-in, after a password or a wallet."""

from __future__ import annotations

import pytest
from flask import Flask

from models import Notification, User, UserSession
from portal.db import query
from tests.factories import PASSWORD, make_code, make_user
from tests.support.wallets import TestWallet
from tests.web.account.factor import code_of, enrol
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import rows
from tests.web.pages import text_of
from tests.web.visitor import Visitor

STEP = "/login/second-factor"


@pytest.fixture
def secret(owner: User) -> str:
    return enrol(owner)[0]


def password_step(client: Visitor, owner: User, **more: str):
    return client.submit("/login", {"email": owner.email, "password": PASSWORD, **more})


def test_password_alone_does_not_sign_in(client: Visitor, owner: User, secret: str) -> None:
    answer = password_step(client, owner, next="/refcodes")
    assert (answer.status_code, answer.location) == (303, STEP)
    assert client.get("/orders").status_code == 303
    assert client.get(STEP).status_code == 200
    signed_in = client.submit(STEP, {"code": code_of(secret)})
    assert (signed_in.status_code, signed_in.location) == (303, "/refcodes")
    assert client.get("/orders").status_code == 200


def test_second_step_keeps_the_cart_and_renews_the_session(client: Visitor, owner: User, secret: str) -> None:
    client.fill_cart((5, 2))
    password_step(client, owner)
    before = client.get_cookie("ring_session")
    with client.session_transaction() as session:
        pending = session["pending_sign_in"]
    client.submit(STEP, {"code": code_of(secret)})
    assert client.cart() == {"5": 2}
    assert client.get_cookie("ring_session") != before
    # The pending session is used up and its cookie does not sign in.
    with client.session_transaction() as session:
        assert "pending_sign_in" not in session
        assert session["_user_id"] != pending


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_wrong_code_is_refused(client: Visitor, owner: User, secret: str, locale: str) -> None:
    password_step(client, owner)
    page = client.submit(f"/{locale}{STEP}", {"code": "000000"})
    assert page.status_code == 422
    assert 'id="code-error"' in page.text
    assert client.get("/orders").status_code == 303


def test_used_code_is_refused(app: Flask, owner: User, secret: str) -> None:
    code = code_of(secret)
    for status in (303, 422):
        client = visitor(app)
        password_step(client, owner)
        assert client.submit(STEP, {"code": code}).status_code == status


def test_guesses_are_limited_across_browsers(app: Flask, owner: User, secret: str) -> None:
    statuses = []
    for _ in range(6):
        client = visitor(app)
        password_step(client, owner)
        statuses.append(client.submit(STEP, {"code": "000000"}).status_code)
    assert statuses == [422] * 5 + [429]
    assert client.submit(STEP, {"code": code_of(secret)}).status_code == 429
    assert "recovery codes" in text_of(client.submit(STEP, {"code": "000000"}))


def test_recovery_code_works_once_and_notifies_the_owner(client: Visitor, owner: User) -> None:
    _secret, codes = enrol(owner)
    password_step(client, owner)
    assert client.submit(STEP, {"code": codes[0].upper()}).status_code == 303
    assert Notification.get().kind == "security_recovery_code_used"
    assert rows("notice")[0].to_address == owner.email
    password_step(client, owner)
    assert client.submit(STEP, {"code": codes[0]}).status_code == 422


def test_second_step_expires(client: Visitor, owner: User, secret: str) -> None:
    password_step(client, owner)
    query("UPDATE user_sessions SET created_at = created_at - interval '11 minutes'")
    answer = client.submit(STEP, {"code": code_of(secret)})
    assert (answer.status_code, answer.location) == (303, "/login")
    assert client.get(STEP).location == "/login"


def test_code_before_password_redirects_to_login(client: Visitor, secret: str) -> None:
    assert client.get(STEP).location == "/login"
    assert client.submit(STEP, {"code": code_of(secret)}).location == "/login"


def test_pending_token_is_not_a_session(client: Visitor, owner: User, secret: str) -> None:
    password_step(client, owner)
    with client.session_transaction() as session:
        session["_user_id"] = session["pending_sign_in"]
    assert client.get("/orders").status_code == 303


def test_wallet_sign_in_requires_the_code(client: Visitor, owner: User, secret: str) -> None:
    wallet = TestWallet()
    make_code(owner, wallet.stored)
    query("INSERT INTO wallets (address, user_id) VALUES (%s, %s)", [wallet.stored, owner.id])
    message = client.send("/api/auth/wallet/challenge", {"address": wallet.address}).get_json()["message"]
    body = {"address": wallet.address, "signature": wallet.sign(message), "next": "/refcodes"}
    answer = client.send("/api/auth/wallet", body)
    assert answer.get_json()["next"] == STEP
    assert client.get("/orders").status_code == 303
    assert client.submit(STEP, {"code": code_of(secret)}).location == "/refcodes"


def test_codes_are_rate_limited(make_app: MakeApp, owner: User, secret: str) -> None:
    client = visitor(make_app(rate_limit_sign_in="2 per minute"))
    password_step(client, owner)
    statuses = [client.submit(STEP, {"code": "0"}).status_code for _ in range(3)]
    assert statuses == [422, 422, 429]


def test_code_requires_csrf_token(client: Visitor, owner: User, secret: str) -> None:
    password_step(client, owner)
    assert client.post(STEP, data={"code": code_of(secret)}).status_code == 400
    assert UserSession.select().where(~UserSession.awaits_second_factor).count() == 0


def test_sign_in_without_second_factor_is_one_step(client: Visitor) -> None:
    assert password_step(client, make_user()).location == "/"
