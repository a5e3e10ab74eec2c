"""The first proof of a mailbox: its reader enters alone. See docs/rules/accounts.md."""

from __future__ import annotations

import pytest
from flask import Flask

from models import (
    RecoveryCode,
    Refcode,
    SecondFactor,
    StoreReferrer,
    User,
    UserSession,
    Wallet,
    WalletChallenge,
)
from portal.accounts import ChallengeUnknown, CredentialsWrong, Device
from portal.db import Actor, query
from portal.flows.accounts.sign_in import enter
from portal.flows.stores.store_referrers import connect_account, ensure_store_referrer
from portal.notifications import TOPICS, chosen_topics
from portal.notifications.topics import REWARD_TOPICS
from portal.programme import accept_terms, find_unaccepted_terms_id
from portal.programme.terms_operations import save_terms
from tests.factories import ACTOR, make_reward, make_store
from tests.support.wallets import TestWallet
from tests.web.account.factor import code_of, enrol
from tests.web.account.proofs import run_concurrently
from tests.web.account.test_wallet_sign_in_routes import sign_in as sign_in_with
from tests.web.account.wallet_links import LINK, link, request_challenge
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import newest_letter, newest_link
from tests.web.visitor import Visitor, error_of

FORM = {"name": "Stranger", "email": "victim@example.com", "password": "of the stranger"}
HERS = {"email": FORM["email"], "password": "of the real owner"}
SAVE = "/account/security/email"


@pytest.fixture
def stranger(app: Flask) -> Visitor:
    """A visitor who registered an e-mail of another person."""
    browser = visitor(app)
    assert browser.submit("/register", FORM).status_code == 303
    return browser


@pytest.fixture
def victim(app: Flask) -> Visitor:
    return visitor(app)


def account() -> User:
    return User.get(User.email == FORM["email"])


def reset_link(browser: Visitor) -> str:
    browser.submit("/password/forgot", {"email": FORM["email"]})
    return newest_link(browser, "reset_password")


def reset(browser: Visitor) -> None:
    assert browser.submit(reset_link(browser), {"password": HERS["password"]}).location == "/en/login"


def test_a_password_and_a_session_of_a_stranger_end(stranger: Visitor, victim: Visitor) -> None:
    reset(victim)
    assert stranger.get("/orders").status_code == 303
    assert stranger.submit("/login", FORM).status_code == 401
    assert victim.submit("/login", HERS).location == "/"
    assert account().email_confirmed_at is not None


def test_a_wallet_of_a_stranger_opens_an_account_of_its_own(stranger: Visitor, victim: Visitor) -> None:
    wallet = TestWallet()
    code = Refcode.get_by_id(link(stranger, wallet).get_json()["code"])
    reward = make_reward(code)
    reset(victim)
    assert not Wallet.select().exists()
    assert not Refcode.get_by_id(code.code).active
    assert query("SELECT status, referrer_wallet FROM referral_rewards WHERE id = %s", [reward.id]) == [
        ("pending_approval", wallet.stored)
    ]
    again = sign_in_with(stranger, wallet).get_json()
    assert (again["isNew"], again["userId"] == account().id) == (True, False)


def test_the_code_of_a_dropped_wallet_returns_with_the_wallet(stranger: Visitor, victim: Visitor) -> None:
    wallet = TestWallet()
    code = link(stranger, wallet).get_json()["code"]
    reset(victim)
    victim.submit("/login", HERS)
    answer = link(victim, wallet).get_json()
    assert (answer["code"], answer["active"]) == (code, True)


@pytest.mark.parametrize("is_enabled", [True, False])
def test_a_second_factor_of_a_stranger_does_not_shut_the_owner_out(
    stranger: Visitor, victim: Visitor, is_enabled: bool
) -> None:
    if is_enabled:
        enrol(account())
    else:
        stranger.submit("/account/security/second-factor/start")
    reset(victim)
    assert not SecondFactor.select().exists()
    assert not RecoveryCode.select().exists()
    assert victim.submit("/login", HERS).location == "/"


def test_a_sign_in_that_waits_for_its_code_ends(stranger: Visitor, victim: Visitor, app: Flask) -> None:
    secret, recovery = enrol(account())
    waiting = visitor(app)
    assert waiting.submit("/login", FORM).location == "/login/second-factor"
    reset(victim)
    for code in (code_of(secret), recovery[0]):
        assert waiting.submit("/login/second-factor", {"code": code}).location == "/login"
    assert not UserSession.select().where(UserSession.ended_at.is_null()).exists()


def test_a_sign_in_on_its_way_does_not_outlive_the_proof(
    app: Flask, stranger: Visitor, victim: Visitor
) -> None:
    wallet, device = TestWallet(), Device()
    link(stranger, wallet)
    before = account().password_hash
    reset(victim)
    with pytest.raises(CredentialsWrong):
        enter(account().id, device, password_hash=before)
    with pytest.raises(ChallengeUnknown):
        enter(account().id, device, wallet=wallet.address)
    assert not UserSession.select().where(UserSession.ended_at.is_null()).exists()
    assert enter(account().id, device, password_hash=account().password_hash).token


def test_links_and_messages_that_wait_end(stranger: Visitor, victim: Visitor) -> None:
    wallet = TestWallet()
    message = request_challenge(stranger, wallet.address)
    stranger.submit(SAVE, {"email": "thief@example.com"})
    to_thief = newest_link(stranger, "confirm_email")
    stranger.submit(SAVE, {"email": FORM["email"]})
    to_victim = newest_link(stranger, "confirm_email")
    reset(victim)
    victim.submit("/login", HERS)
    assert victim.submit(to_thief).status_code == victim.submit(to_victim).status_code == 410
    answer = victim.send(LINK, {"address": wallet.address, "signature": wallet.sign(message)})
    assert error_of(answer)["code"] == "challenge_unknown"
    assert WalletChallenge.select().where(WalletChallenge.used_at.is_null()).count() == 0


def test_what_a_stranger_chose_for_the_account_ends(stranger: Visitor, victim: Visitor) -> None:
    referrer, _code = ensure_store_referrer(make_store(), "c-17", None, "secret")
    connect_account(referrer.id, account().id, "secret")
    stranger.submit("/account/data/erasure")
    stranger.submit("/notifications/mail", {"topics": []})
    terms = save_terms({"en": "Be fair."}, 0, ACTOR)
    accept_terms(account().id, terms.id, Actor.user(account().id))
    assert account().erasure_requested_at
    assert not set(REWARD_TOPICS) & chosen_topics(account().id)
    reset(victim)
    # A store would go on showing the results of the account to its customer, and an admin would erase it.
    assert not StoreReferrer.select().where(StoreReferrer.user.is_null(False)).exists()
    assert account().erasure_requested_at is None
    assert chosen_topics(account().id) == set(TOPICS)
    assert find_unaccepted_terms_id(account().id) == terms.id
    accept_terms(account().id, terms.id, Actor.user(account().id))
    assert find_unaccepted_terms_id(account().id) is None


def test_a_wallet_linked_during_the_proof_does_not_stay(stranger: Visitor, victim: Visitor) -> None:
    signed = [
        (wallet, wallet.sign(request_challenge(stranger, wallet.address)))
        for wallet in map(_new_wallet, range(4))
    ]
    to_victim, stranger_token, victim_token = reset_link(victim), stranger.token(), victim.token()
    cookie = stranger.get_cookie("ring_session")
    assert cookie
    numbers = iter(range(5))

    def act() -> int:
        number = next(numbers)
        if number == 2:
            data = {"csrf_token": victim_token, "password": HERS["password"]}
            return victim.post(to_victim, data=data).status_code
        wallet, signature = signed.pop()
        browser = visitor(stranger.application)
        browser.set_cookie("ring_session", cookie.value)
        body = {"address": wallet.address, "signature": signature}
        return browser.post(LINK, json=body, headers={"X-CSRFToken": stranger_token}).status_code

    assert 303 in run_concurrently(5, act)
    assert not Wallet.select().where(Wallet.user == account().id).exists()
    assert not Refcode.select().where(Refcode.owner == account().id, Refcode.active).exists()


def _new_wallet(_number: int) -> TestWallet:
    return TestWallet()


def test_her_click_does_not_give_the_mailbox_to_a_registered_stranger(
    stranger: Visitor, victim: Visitor, as_other: Visitor
) -> None:
    stranger.submit(SAVE, {"email": FORM["email"]})
    link_to_victim = newest_link(stranger)
    assert "signed in" in newest_letter(stranger).text
    for browser in (victim, as_other):
        assert browser.get(link_to_victim).status_code == 403
        assert browser.submit(link_to_victim, {"password": HERS["password"]}).status_code == 403
    assert account().email_confirmed_at is None
    assert stranger.get("/orders").status_code == 200, "nothing has changed for anybody"


def test_her_click_does_not_give_the_mailbox_to_a_wallet(app: Flask, victim: Visitor) -> None:
    thief, wallet = visitor(app), TestWallet()
    user_id = sign_in_with(thief, wallet).get_json()["userId"]
    thief.submit(SAVE, {"email": FORM["email"]})
    link_to_victim = newest_link(thief)
    assert victim.submit(link_to_victim, {"password": HERS["password"]}).status_code == 403
    assert User.get_by_id(user_id).email is None
    assert victim.submit("/register", {**FORM, **HERS}).status_code == 303, "the e-mail is still hers"
    assert thief.submit(link_to_victim).status_code == 410


def test_a_session_that_ended_does_not_confirm(stranger: Visitor) -> None:
    stranger.submit(SAVE, {"email": FORM["email"]})
    url = newest_link(stranger)
    stranger.submit("/logout")
    assert stranger.submit(url).status_code == 403


def test_a_sign_in_without_its_code_does_not_confirm(app: Flask, stranger: Visitor) -> None:
    stranger.submit(SAVE, {"email": FORM["email"]})
    url = newest_link(stranger)
    enrol(account())
    waiting = visitor(app)
    waiting.submit("/login", FORM)
    assert waiting.submit(url).status_code == 403


def test_an_owner_who_is_signed_in_keeps_everything(stranger: Visitor, app: Flask) -> None:
    wallet = TestWallet()
    code = link(stranger, wallet).get_json()["code"]
    secret, _recovery = enrol(account())
    stranger.submit(SAVE, {"email": FORM["email"]})
    assert stranger.submit(newest_link(stranger, "confirm_email")).location == "/en/account/security"
    assert account().email_confirmed_at is not None
    assert Refcode.get_by_id(code).active
    assert Wallet.get().user_id == account().id
    browser = visitor(app)
    browser.submit("/login", FORM)
    assert browser.submit("/login/second-factor", {"code": code_of(secret)}).location == "/"


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_a_reset_of_a_confirmed_account_lists_the_other_ways_in(
    stranger: Visitor, victim: Visitor, locale: str
) -> None:
    wallet = TestWallet()
    link(stranger, wallet)
    query("UPDATE users SET email_confirmed_at = now()")
    enrol(account())
    url = reset_link(victim).replace("/en/", f"/{locale}/")
    for page in (victim.get(url), victim.submit(url, {"password": "short"})):
        assert wallet.address in page.text
        assert page.text.count("<li>") - victim.get("/login").text.count("<li>") >= 2
    assert victim.submit(url, {"password": HERS["password"]}).status_code == 303
    assert Wallet.get().user_id == account().id
    assert victim.submit("/login", HERS).location == "/login/second-factor"


def test_a_first_reset_says_what_it_removes(stranger: Visitor, victim: Visitor) -> None:
    wallet = TestWallet()
    link(stranger, wallet)
    page = victim.get(reset_link(victim)).text
    assert "This e-mail was never confirmed." in page
    assert wallet.address not in page
    assert "removes linked wallets" in newest_letter(victim, "reset_password").text


def test_a_refused_password_removes_nothing(stranger: Visitor, victim: Visitor) -> None:
    link(stranger, TestWallet())
    assert victim.submit(reset_link(victim), {"password": "short"}).status_code == 422
    assert Wallet.select().count() == 1
    assert stranger.get("/orders").status_code == 200


def test_a_click_drops_what_was_added_before_confirmation_was_required(
    stranger: Visitor, make_app: MakeApp
) -> None:
    wallet = TestWallet()
    link(stranger, wallet)
    enrol(account())
    victim = visitor(make_app(registration_confirmation=True))
    victim.submit("/register", {"name": "Victim", "email": FORM["email"]})
    assert (
        victim.submit(newest_link(victim), {"password": HERS["password"], "name": "Victim"}).status_code
        == 303
    )
    assert not Wallet.select().exists()
    assert stranger.get("/orders").status_code == 303
    assert stranger.submit("/login", FORM).status_code == 401
    assert victim.submit("/login", HERS).location == "/"
    assert account().name == "Victim"
