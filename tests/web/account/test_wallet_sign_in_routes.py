"""Wallet sign-in: into the linked account, or into a new account that has only the wallet."""

from __future__ import annotations

import pytest
from flask import Flask

from models import EventLog, Refcode, User, Wallet, WalletChallenge
from portal.accounts import prune_challenges
from portal.db import query
from tests.factories import make_code, make_reward, make_wallet
from tests.support.wallets import TestWallet
from tests.web.account.proofs import expire_challenges, run_concurrently
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import newest_link
from tests.web.pages import text_of
from tests.web.visitor import Visitor, error_of

CHALLENGE, SIGN_IN = "/api/auth/wallet/challenge", "/api/auth/wallet"


@pytest.fixture
def wallet() -> TestWallet:
    return TestWallet()


def request_challenge(browser: Visitor, wallet: TestWallet) -> str:
    answer = browser.send(CHALLENGE, {"address": wallet.address})
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["message"])


def sign_in(
    browser: Visitor, wallet: TestWallet, signature: str | None = None, prefix: str = "", **more: str
):
    signature = signature or wallet.sign(request_challenge(browser, wallet))
    return browser.send(f"{prefix}{SIGN_IN}", {"address": wallet.address, "signature": signature, **more})


def test_linked_wallet_signs_in_to_its_account(client: Visitor, owner: User, wallet: TestWallet) -> None:
    make_wallet(owner, wallet.stored)
    answer = sign_in(client, wallet)
    assert (answer.status_code, answer.get_json()) == (
        200,
        {"userId": owner.id, "name": owner.name, "isNew": False, "next": "/"},
    )
    assert owner.name in text_of(client.get("/"))
    assert User.select().count() == 1


def test_new_wallet_creates_an_account(client: Visitor, wallet: TestWallet) -> None:
    answer = sign_in(client, wallet, prefix="/uk")
    assert answer.status_code == 201
    user = User.get()
    assert answer.get_json() == {"userId": user.id, "name": user.name, "isNew": True, "next": "/uk/"}
    assert user.name == f"{wallet.address[:6]}…{wallet.address[-4:]}"
    assert (user.email, user.password_hash, user.role, user.locale) == (None, None, "user", "uk")
    assert (Wallet.get().user_id, Wallet.get().address) == (user.id, wallet.stored)
    assert Refcode.get().wallet_address == wallet.stored
    assert client.get("/api/refcodes").get_json()["codes"][0]["active"] is True


def test_returning_wallet_signs_in_to_the_same_account(app: Flask, wallet: TestWallet) -> None:
    first, second = sign_in(visitor(app), wallet), sign_in(visitor(app), wallet)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.get_json()["userId"] == second.get_json()["userId"]


def test_pages_open_for_an_account_without_email(app: Flask, admin: User, wallet: TestWallet) -> None:
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


def test_membership_can_be_paid_without_email(client: Visitor, wallet: TestWallet) -> None:
    sign_in(client, wallet)
    form = client.send("/api/membership/upgrade", {"tier": "MEMBER"})
    assert form.status_code == 200
    assert None not in form.get_json()["fields"].values()


def test_sign_in_keeps_the_cart_and_renews_the_session(client: Visitor, wallet: TestWallet) -> None:
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
    ("target", "expected"), [("/refcodes", "/refcodes"), ("https://evil.example", "/"), ("//x", "/")]
)
def test_next_is_limited_to_local_paths(
    client: Visitor, wallet: TestWallet, target: str, expected: str
) -> None:
    assert sign_in(client, wallet, next=target).get_json()["next"] == expected


def test_malformed_next_is_refused(client: Visitor, wallet: TestWallet) -> None:
    for wrong in (5, None, ["/"], "\x00"):
        assert sign_in(client, wallet, next=wrong).status_code == 400
        assert client.get("/api/refcodes").status_code == 401
    assert not Wallet.select().exists()


def test_login_and_register_pages_offer_wallet_sign_in(client: Visitor) -> None:
    for path in ("/login", "/register"):
        page = client.get(f"{path}?next=/refcodes").text
        assert "Continue with a wallet" in page
        assert f'data-finish-url="{SIGN_IN}" data-next="/refcodes" data-chain-id="137"' in page
        assert "<noscript>" in page
        assert "wallet." in page


# ---------------------------------------------------------------------- the referrer


def test_referrer_is_stored(client: Visitor, code: Refcode, wallet: TestWallet) -> None:
    client.get(f"/?ref={code.code}")
    sign_in(client, wallet)
    user = User.get(User.email.is_null())
    assert (user.referred_by_code, user.referred_by_user_id) == (code.code, code.owner_user_id)
    assert user.referred_by_wallet == code.wallet_address


def test_former_wallet_of_the_referrer_is_not_referred(
    client: Visitor, other: User, wallet: TestWallet
) -> None:
    code = make_code(other)
    make_code(other, wallet.stored, active=False)  # the state after unlinking
    client.get(f"/?ref={code.code}")
    assert sign_in(client, wallet).status_code == 201
    assert User.get(User.email.is_null()).referred_by_code is None


def test_referrer_cannot_refer_their_second_account(
    as_other: Visitor, code: Refcode, wallet: TestWallet
) -> None:
    as_other.get(f"/?ref={code.code}")
    assert sign_in(as_other, wallet).status_code == 201
    assert User.get(User.email.is_null()).referred_by_code is None


def test_wallet_of_the_referrer_signs_in_to_their_account(
    client: Visitor, other: User, wallet: TestWallet
) -> None:
    code = make_code(other, make_wallet(other, wallet.stored))
    client.get(f"/?ref={code.code}")
    assert sign_in(client, wallet).get_json()["userId"] == other.id
    assert User.get_by_id(other.id).referred_by_code is None


def test_existing_account_is_not_referred_later(
    client: Visitor, owner: User, code: Refcode, wallet: TestWallet
) -> None:
    make_wallet(owner, wallet.stored)
    client.get(f"/?ref={code.code}")
    sign_in(client, wallet)
    assert User.get_by_id(owner.id).referred_by_code is None


# ---------------------------------------------------------------------- refused proofs


def test_sign_in_requires_csrf_token(client: Visitor, wallet: TestWallet) -> None:
    for url in (CHALLENGE, SIGN_IN):
        assert client.post(url, json={"address": wallet.address, "signature": "0x"}).status_code == 400
        assert client.get(url).status_code == 405
    assert not WalletChallenge.select().exists()


def test_proof_is_bound_to_the_requesting_browser(app: Flask, owner: User, wallet: TestWallet) -> None:
    make_wallet(owner, wallet.stored)
    requester, thief = visitor(app), visitor(app)
    signature = wallet.sign(request_challenge(requester, wallet))
    assert error_of(sign_in(thief, wallet, signature))["code"] == "challenge_unknown"
    request_challenge(thief, wallet)
    assert error_of(sign_in(thief, wallet, signature))["code"] == "signature_wrong"
    assert sign_in(requester, wallet, signature).status_code == 200


def test_proof_is_accepted_once(client: Visitor, wallet: TestWallet) -> None:
    signature = wallet.sign(request_challenge(client, wallet))
    with client.session_transaction() as session:
        key = session["wallet_key"]
    assert sign_in(client, wallet, signature).status_code == 201
    answer = sign_in(client, wallet, signature)
    assert (answer.status_code, error_of(answer)["code"]) == (409, "challenge_unknown")
    # The key of the old session does not help either.
    with client.session_transaction() as session:
        session["wallet_key"] = key
    assert error_of(sign_in(client, wallet, signature))["code"] == "challenge_unknown"


def test_expired_proof_is_refused(client: Visitor, wallet: TestWallet) -> None:
    signature = wallet.sign(request_challenge(client, wallet))
    expire_challenges()
    answer = sign_in(client, wallet, signature)
    assert (answer.status_code, error_of(answer)["code"]) == (410, "challenge_expired")
    assert not User.select().exists()


def test_wrong_signature_is_refused(client: Visitor, owner: User, wallet: TestWallet) -> None:
    make_wallet(owner, wallet.stored)
    signature = TestWallet().sign(request_challenge(client, wallet))
    assert error_of(sign_in(client, wallet, signature))["code"] == "signature_wrong"
    assert client.get("/refcodes").status_code == 303


def test_link_message_does_not_sign_in(as_owner: Visitor, client: Visitor, wallet: TestWallet) -> None:
    challenge = as_owner.send("/api/account/wallets/challenge", {"address": wallet.address})
    signature = wallet.sign(challenge.get_json()["message"])
    request_challenge(client, wallet)
    assert error_of(sign_in(client, wallet, signature))["code"] == "signature_wrong"


def test_concurrent_sign_ins_create_one_account(app: Flask, wallet: TestWallet) -> None:
    proofs = []
    for _ in range(4):
        browser = visitor(app)
        proofs.append((browser, wallet.sign(request_challenge(browser, wallet))))

    def enter() -> int:
        browser, signature = proofs.pop()
        return int(sign_in(browser, wallet, signature).status_code)

    assert run_concurrently(4, enter) == [200, 200, 200, 201]
    assert User.select().count() == Wallet.select().count() == Refcode.select().count() == 1
    assert EventLog.select().where(EventLog.event == "user_created").count() == 1


def test_sign_in_is_rate_limited(make_app: MakeApp, wallet: TestWallet) -> None:
    client = visitor(make_app(rate_limit_sign_in="2 per minute"))
    for url in (CHALLENGE, SIGN_IN):
        body = {"address": wallet.address, "signature": "0x"}
        statuses = [client.send(url, body).status_code for _ in range(3)]
        assert statuses[-1] == 429
        assert 429 not in statuses[:2]


def test_new_accounts_share_the_registration_limit(make_app: MakeApp, owner: User) -> None:
    app = make_app(rate_limit_sign_up="2 per minute")
    known = TestWallet()
    make_wallet(owner, known.stored)
    statuses = [
        sign_in(visitor(app), each).status_code for each in (known, known, known, TestWallet(), TestWallet())
    ]
    assert statuses == [200, 200, 200, 201, 201]
    assert sign_in(visitor(app), TestWallet()).status_code == 429


# ---------------------------------------------------------------------- adding an e-mail and a password


def test_wallet_account_adds_email_and_then_password(app: Flask, wallet: TestWallet) -> None:
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


def test_password_requires_a_confirmed_email(client: Visitor, wallet: TestWallet) -> None:
    sign_in(client, wallet)
    assert client.submit("/account/security", {"password": "eight ch"}).status_code == 403
    User.update(email="nova@example.com").execute()
    assert client.submit("/account/security", {"password": "eight ch"}).status_code == 403
    assert User.get().password_hash is None


@pytest.mark.parametrize("email", ["", "nonsense", "a b@example.com"])
def test_refused_email_marks_its_field(client: Visitor, wallet: TestWallet, email: str) -> None:
    sign_in(client, wallet)
    page = client.submit("/account/security/email", {"email": email})
    assert page.status_code == 422
    assert 'id="email-error"' in page.text


def test_old_challenges_are_pruned(client: Visitor, wallet: TestWallet) -> None:
    request_challenge(client, wallet)
    expire_challenges()
    assert prune_challenges() == 0
    query("UPDATE wallet_challenges SET created_at = created_at - interval '1 hour',"
          " expires_at = expires_at - interval '1 hour'")  # fmt: skip
    request_challenge(client, wallet)
    assert prune_challenges() == 1
    assert sign_in(client, wallet).status_code == 201
