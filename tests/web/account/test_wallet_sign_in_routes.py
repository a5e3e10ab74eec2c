"""Signing in with a wallet: into its account, or into a new one that has nothing but the wallet."""

from __future__ import annotations

import pytest
from flask import Flask

from models import EventLog, Refcode, User, Wallet, WalletChallenge
from portal.accounts import prune_challenges
from portal.db import query
from tests.factories import make_code, make_reward, make_wallet
from tests.support.wallets import TestWallet
from tests.web.account.proofs import at_once, expire
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import newest_link
from tests.web.pages import text_of
from tests.web.visitor import Visitor, error_of

CHALLENGE, SIGN_IN = "/api/auth/wallet/challenge", "/api/auth/wallet"


@pytest.fixture
def wallet() -> TestWallet:
    return TestWallet()


def ask(browser: Visitor, wallet: TestWallet) -> str:
    answer = browser.send(CHALLENGE, {"address": wallet.address})
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["message"])


def sign_in(
    browser: Visitor, wallet: TestWallet, signature: str | None = None, prefix: str = "", **more: str
):
    signature = signature or wallet.sign(ask(browser, wallet))
    return browser.send(f"{prefix}{SIGN_IN}", {"address": wallet.address, "signature": signature, **more})


def test_the_account_of_the_wallet_is_signed_in(client: Visitor, owner: User, wallet: TestWallet) -> None:
    make_wallet(owner, wallet.stored)
    answer = sign_in(client, wallet)
    assert (answer.status_code, answer.get_json()) == (
        200,
        {"userId": owner.id, "name": owner.name, "isNew": False, "next": "/"},
    )
    assert owner.name in text_of(client.get("/"))
    assert User.select().count() == 1


def test_a_new_wallet_opens_an_account_of_its_own(client: Visitor, wallet: TestWallet) -> None:
    answer = sign_in(client, wallet, prefix="/uk")
    assert answer.status_code == 201
    user = User.get()
    assert answer.get_json() == {"userId": user.id, "name": user.name, "isNew": True, "next": "/uk/"}
    assert user.name == f"{wallet.address[:6]}…{wallet.address[-4:]}"
    assert (user.email, user.password_hash, user.role, user.locale) == (None, None, "user", "uk")
    assert (Wallet.get().user_id, Wallet.get().address) == (user.id, wallet.stored)
    assert Refcode.get().wallet_address == wallet.stored
    assert client.get("/api/refcodes").get_json()["codes"][0]["active"] is True


def test_the_same_wallet_comes_back_to_the_same_account(app: Flask, wallet: TestWallet) -> None:
    first, second = sign_in(visitor(app), wallet), sign_in(visitor(app), wallet)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.get_json()["userId"] == second.get_json()["userId"]


def test_every_page_opens_without_an_e_mail(app: Flask, admin: User, wallet: TestWallet) -> None:
    client = visitor(app)
    sign_in(client, wallet)
    for path in (
        "/",
        "/refcodes",
        "/orders",
        "/membership",
        "/notifications",
        "/account/security",
        "/account/wallets",
    ):
        page = client.get(path)
        assert page.status_code == 200, path
        assert "None" not in text_of(page), path
    second = TestWallet()
    sign_in(visitor(app), second)
    buyer = Wallet.get_by_id(second.stored).user_id
    make_reward(Refcode.get(Refcode.wallet_address == wallet.stored), referee_user_id=buyer)
    queue = visitor(app, admin).get("/admin/refcodes")
    assert queue.status_code == 200
    assert "same mailbox" not in text_of(queue)


def test_a_membership_can_be_paid_without_an_e_mail(client: Visitor, wallet: TestWallet) -> None:
    sign_in(client, wallet)
    form = client.send("/api/membership/upgrade", {"tier": "MEMBER"})
    assert form.status_code == 200
    assert None not in form.get_json()["fields"].values()


def test_the_cart_comes_along_and_the_session_is_new(client: Visitor, wallet: TestWallet) -> None:
    client.fill_cart((5, 2))
    token = client.token()
    before = client.get_cookie("ring_session")
    sign_in(client, wallet)
    assert client.cart() == {"5": 2}
    assert client.get_cookie("ring_session") != before
    assert client.post("/logout", data={"csrf_token": token}).status_code == 400
    with client.session_transaction() as session:
        assert "wallet_key" not in session


@pytest.mark.parametrize(
    ("asked", "led"), [("/refcodes", "/refcodes"), ("https://evil.example", "/"), ("//x", "/")]
)
def test_the_person_goes_on_where_they_came_from(
    client: Visitor, wallet: TestWallet, asked: str, led: str
) -> None:
    assert sign_in(client, wallet, next=asked).get_json()["next"] == led


def test_a_malformed_next_signs_nobody_in(client: Visitor, wallet: TestWallet) -> None:
    for wrong in (5, None, ["/"], "\x00"):
        assert sign_in(client, wallet, next=wrong).status_code == 400
        assert client.get("/api/refcodes").status_code == 401
    assert not Wallet.select().exists()


def test_the_forms_offer_it(client: Visitor) -> None:
    for path in ("/login", "/register"):
        page = client.get(f"{path}?next=/refcodes").text
        assert "Continue with a wallet" in page
        assert f'data-finish-url="{SIGN_IN}" data-next="/refcodes" data-chain-id="137"' in page
        assert "<noscript>" in page
        assert "wallet." in page


# ---------------------------------------------------------------------- who referred


def test_who_referred_is_kept(client: Visitor, code: Refcode, wallet: TestWallet) -> None:
    client.get(f"/?ref={code.code}")
    sign_in(client, wallet)
    user = User.get(User.email.is_null())
    assert (user.referred_by_code, user.referred_by_user_id) == (code.code, code.owner_user_id)
    assert user.referred_by_wallet == code.wallet_address


def test_a_wallet_that_was_the_referrers_refers_nobody(
    client: Visitor, other: User, wallet: TestWallet
) -> None:
    code = make_code(other)
    make_code(other, wallet.stored, active=False)  # what unlinking leaves behind
    client.get(f"/?ref={code.code}")
    assert sign_in(client, wallet).status_code == 201
    assert User.get(User.email.is_null()).referred_by_code is None


def test_nobody_refers_the_second_account_they_open(
    as_other: Visitor, code: Refcode, wallet: TestWallet
) -> None:
    as_other.get(f"/?ref={code.code}")
    assert sign_in(as_other, wallet).status_code == 201
    assert User.get(User.email.is_null()).referred_by_code is None


def test_the_referrers_own_wallet_is_the_referrers_account(
    client: Visitor, other: User, wallet: TestWallet
) -> None:
    code = make_code(other, make_wallet(other, wallet.stored))
    client.get(f"/?ref={code.code}")
    assert sign_in(client, wallet).get_json()["userId"] == other.id
    assert User.get_by_id(other.id).referred_by_code is None


def test_an_account_that_exists_is_not_referred_later(
    client: Visitor, owner: User, code: Refcode, wallet: TestWallet
) -> None:
    make_wallet(owner, wallet.stored)
    client.get(f"/?ref={code.code}")
    sign_in(client, wallet)
    assert User.get_by_id(owner.id).referred_by_code is None


# ---------------------------------------------------------------------- proofs that do not count


def test_signing_in_needs_the_token(client: Visitor, wallet: TestWallet) -> None:
    for url in (CHALLENGE, SIGN_IN):
        assert client.post(url, json={"address": wallet.address, "signature": "0x"}).status_code == 400
        assert client.get(url).status_code == 405
    assert not WalletChallenge.select().exists()


def test_a_proof_belongs_to_the_browser_that_asked(app: Flask, owner: User, wallet: TestWallet) -> None:
    make_wallet(owner, wallet.stored)
    asker, thief = visitor(app), visitor(app)
    signature = wallet.sign(ask(asker, wallet))
    assert error_of(sign_in(thief, wallet, signature))["code"] == "challenge_unknown"
    ask(thief, wallet)
    assert error_of(sign_in(thief, wallet, signature))["code"] == "signature_wrong"
    assert sign_in(asker, wallet, signature).status_code == 200


def test_a_proof_counts_once(client: Visitor, wallet: TestWallet) -> None:
    signature = wallet.sign(ask(client, wallet))
    with client.session_transaction() as session:
        key = session["wallet_key"]
    assert sign_in(client, wallet, signature).status_code == 201
    answer = sign_in(client, wallet, signature)
    assert (answer.status_code, error_of(answer)["code"]) == (409, "challenge_unknown")
    # Nor with the old session's cookie.
    with client.session_transaction() as session:
        session["wallet_key"] = key
    assert error_of(sign_in(client, wallet, signature))["code"] == "challenge_unknown"


def test_a_proof_comes_too_late(client: Visitor, wallet: TestWallet) -> None:
    signature = wallet.sign(ask(client, wallet))
    expire()
    answer = sign_in(client, wallet, signature)
    assert (answer.status_code, error_of(answer)["code"]) == (410, "challenge_expired")
    assert not User.select().exists()


def test_a_wrong_signature_signs_nobody_in(client: Visitor, owner: User, wallet: TestWallet) -> None:
    make_wallet(owner, wallet.stored)
    signature = TestWallet().sign(ask(client, wallet))
    assert error_of(sign_in(client, wallet, signature))["code"] == "signature_wrong"
    assert client.get("/refcodes").status_code == 303


def test_a_link_text_signs_nobody_in(as_owner: Visitor, client: Visitor, wallet: TestWallet) -> None:
    asked = as_owner.send("/api/account/wallets/challenge", {"address": wallet.address})
    signature = wallet.sign(asked.get_json()["message"])
    ask(client, wallet)
    assert error_of(sign_in(client, wallet, signature))["code"] == "signature_wrong"


def test_a_new_wallet_in_two_browsers_at_once_is_one_account(app: Flask, wallet: TestWallet) -> None:
    proofs = []
    for _ in range(4):
        browser = visitor(app)
        proofs.append((browser, wallet.sign(ask(browser, wallet))))

    def enter() -> int:
        browser, signature = proofs.pop()
        return int(sign_in(browser, wallet, signature).status_code)

    assert at_once(4, enter) == [200, 200, 200, 201]
    assert User.select().count() == Wallet.select().count() == Refcode.select().count() == 1
    assert EventLog.select().where(EventLog.event == "user_created").count() == 1


def test_signing_in_is_limited(make_app: MakeApp, wallet: TestWallet) -> None:
    client = visitor(make_app(rate_limit_sign_in="2 per minute"))
    for url in (CHALLENGE, SIGN_IN):
        body = {"address": wallet.address, "signature": "0x"}
        statuses = [client.send(url, body).status_code for _ in range(3)]
        assert statuses[-1] == 429
        assert 429 not in statuses[:2]


def test_new_accounts_are_limited_as_sign_ups_are(make_app: MakeApp, owner: User) -> None:
    app = make_app(rate_limit_sign_up="2 per minute")
    known = TestWallet()
    make_wallet(owner, known.stored)
    statuses = [
        sign_in(visitor(app), each).status_code for each in (known, known, known, TestWallet(), TestWallet())
    ]
    assert statuses == [200, 200, 200, 201, 201]
    assert sign_in(visitor(app), TestWallet()).status_code == 429


# ---------------------------------------------------------------------- a second way in


def test_a_wallet_account_adds_an_e_mail_and_then_a_password(app: Flask, wallet: TestWallet) -> None:
    client = visitor(app)
    sign_in(client, wallet)
    assert 'name="password"' not in client.get("/account/security").text
    answer = client.submit("/account/security/email", {"email": "Nova@example.com"})
    assert answer.status_code == 303
    assert User.get().email is None
    assert client.submit(newest_link(client)).location == "/en/account/security"
    assert client.submit("/account/security", {"password": "eight ch"}).status_code == 303
    assert 'name="present"' in client.get("/account/security").text
    again = visitor(app).submit("/login", {"email": "nova@example.com", "password": "eight ch"})
    assert again.status_code == 303
    assert client.send(f"/api/account/wallets/{wallet.stored}", method="DELETE").status_code == 200


def test_a_password_waits_for_a_confirmed_e_mail(client: Visitor, wallet: TestWallet) -> None:
    sign_in(client, wallet)
    assert client.submit("/account/security", {"password": "eight ch"}).status_code == 403
    User.update(email="nova@example.com").execute()
    assert client.submit("/account/security", {"password": "eight ch"}).status_code == 403
    assert User.get().password_hash is None


@pytest.mark.parametrize("email", ["", "nonsense", "a b@example.com"])
def test_a_refused_e_mail_names_its_field(client: Visitor, wallet: TestWallet, email: str) -> None:
    sign_in(client, wallet)
    page = client.submit("/account/security/email", {"email": email})
    assert page.status_code == 422
    assert 'id="email-error"' in page.text


def test_old_texts_are_pruned(client: Visitor, wallet: TestWallet) -> None:
    ask(client, wallet)
    expire()
    assert prune_challenges() == 0
    query("UPDATE wallet_challenges SET created_at = created_at - interval '1 hour',"
          " expires_at = expires_at - interval '1 hour'")  # fmt: skip
    ask(client, wallet)
    assert prune_challenges() == 1
    assert sign_in(client, wallet).status_code == 201
