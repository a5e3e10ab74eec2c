"""Each sensitive change ends the other sessions and the pending links. See docs/rules/accounts.md."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from models import AccountLink, EventLog, User, UserSession
from portal.accounts import begin_enrolment, enrolment_secret, open_link
from portal.db import query
from tests.factories import PASSWORD
from tests.support.wallets import TestWallet
from tests.web.account.factor import KEY, code_of, enrol
from tests.web.account.wallet_links import link
from tests.web.conftest import visitor
from tests.web.mailbox import newest_link
from tests.web.visitor import Visitor

KEEP = {"keep_sessions": "1"}
Change = Callable[[Visitor, User, dict[str, str]], object]


def change_password(browser: Visitor, owner: User, choice: dict[str, str]) -> object:
    form = {"present": PASSWORD, "password": "another long password", **choice}
    return browser.submit("/account/security", form)


def change_email(browser: Visitor, owner: User, choice: dict[str, str]) -> object:
    browser.submit("/account/security/email", {"email": "new@example.com"})
    path = newest_link(browser, "confirm_email")
    assert "Keep other browsers signed in" in browser.get(path).text
    return browser.submit(path, choice)


def turn_factor_on(browser: Visitor, owner: User, choice: dict[str, str]) -> object:
    begin_enrolment(owner.id, KEY)
    code = code_of(enrolment_secret(owner.id, KEY) or "")
    return browser.submit("/account/security/second-factor", {"code": code, **choice})


def turn_factor_off(browser: Visitor, owner: User, choice: dict[str, str]) -> object:
    secret, _codes = enrol(owner)
    return browser.submit("/account/security/second-factor/disable", {"code": code_of(secret), **choice})


def renew_codes(browser: Visitor, owner: User, choice: dict[str, str]) -> object:
    enrol(owner)
    return browser.submit("/account/security/second-factor/recovery-codes", choice)


def link_wallet(browser: Visitor, owner: User, choice: dict[str, str]) -> object:
    return link(browser, TestWallet())


def unlink_wallet(browser: Visitor, owner: User, choice: dict[str, str]) -> object:
    address = TestWallet().stored
    query("INSERT INTO wallets (address, user_id) VALUES (%s, %s)", [address, owner.id])
    return browser.submit(f"/account/wallets/{address}/unlink", choice)


CHANGES = {
    "password_changed": change_password,
    "email_changed": change_email,
    "second_factor_enabled": turn_factor_on,
    "second_factor_disabled": turn_factor_off,
    "recovery_codes_renewed": renew_codes,
    "wallet_linked": link_wallet,
    "wallet_unlinked": unlink_wallet,
}


@pytest.fixture
def elsewhere(app: Flask, owner: User) -> Visitor:
    query("UPDATE users SET email_confirmed_at = now()")
    return visitor(app, owner)


def pending_links(owner: User) -> list[str]:
    rows = AccountLink.select().where(AccountLink.used_at.is_null()).order_by(AccountLink.purpose)
    return [row.purpose for row in rows]


@pytest.mark.parametrize("why", CHANGES)
def test_change_ends_other_sessions_and_pending_links(
    as_owner: Visitor, elsewhere: Visitor, owner: User, why: str
) -> None:
    open_link("reset_password", owner.id, owner.email)
    open_link("confirm_email", owner.id, "attacker@example.com")
    CHANGES[why](as_owner, owner, {})
    assert elsewhere.get("/orders").status_code == 303
    assert as_owner.get("/orders").status_code == 200
    assert pending_links(owner) == []
    ended = UserSession.get(UserSession.ended_at.is_null(False))
    assert ended.ended_why == why
    assert EventLog.select().where(EventLog.event == why).exists()
    assert EventLog.select().where((EventLog.event == "sessions_ended") & (EventLog.reason == why)).exists()


@pytest.mark.parametrize("why", [why for why in CHANGES if not why.startswith("wallet")])
def test_owner_can_keep_other_sessions_but_no_pending_links(
    as_owner: Visitor, elsewhere: Visitor, owner: User, why: str
) -> None:
    open_link("reset_password", owner.id, owner.email)
    CHANGES[why](as_owner, owner, KEEP)
    assert elsewhere.get("/orders").status_code == 200
    assert pending_links(owner) == []


def test_pages_show_the_choice(as_owner: Visitor, owner: User) -> None:
    assert 'name="keep_sessions"' in as_owner.get("/account/security").text
    begin_enrolment(owner.id, KEY)
    assert 'name="keep_sessions"' in as_owner.get("/account/security/second-factor").text
    query("DELETE FROM second_factors")
    enrol(owner)
    assert as_owner.get("/account/security/second-factor").text.count('name="keep_sessions"') == 2
    assert as_owner.get("/account/wallets").text.count("This signs out your other browsers.") == 1


def test_confirming_the_same_email_ends_nothing(as_owner: Visitor, elsewhere: Visitor, owner: User) -> None:
    as_owner.submit("/account/security/email", {"email": owner.email})
    as_owner.submit(newest_link(as_owner, "confirm_email"))
    assert elsewhere.get("/orders").status_code == 200


@pytest.mark.parametrize("why", ["password_changed", "second_factor_enabled", "wallet_linked"])
def test_change_by_a_stranger_leaves_the_first_proof_of_the_mailbox(
    client: Visitor, as_owner: Visitor, owner: User, why: str
) -> None:
    client.submit("/password/forgot", {"email": owner.email})
    path = newest_link(client, "reset_password")
    CHANGES[why](as_owner, owner, {})
    assert client.submit(path, {"password": "of the real owner"}).status_code == 303
    assert as_owner.get("/orders").status_code == 303
