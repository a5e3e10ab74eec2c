"""Unlinking a wallet, and the wallets page. See docs/rules/accounts.md."""

from __future__ import annotations

import pytest
from flask import Flask

from models import Refcode, ReferralReward, User, Wallet
from portal.chain import checksum
from tests.factories import make_code, make_reward, make_user, make_wallet
from tests.support.wallets import TestWallet
from tests.web.account.proofs import run_concurrently
from tests.web.account.wallet_links import CHALLENGE, LINK, link, unlink
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor, error_of


@pytest.fixture
def wallet() -> TestWallet:
    return TestWallet()


# ---------------------------------------------------------------------- unlinking


def test_unlinking_deactivates_the_code_and_keeps_the_rewards(
    as_owner: Visitor, owner: User, wallet: TestWallet
) -> None:
    response = link(as_owner, wallet).get_json()
    code = Refcode.get_by_id(response["code"])
    reward = make_reward(code, "approved")
    answer = unlink(as_owner, wallet)
    assert (answer.status_code, answer.get_json()) == (200, {"success": True, **response, "active": False})
    assert not Wallet.select().exists()
    stored_reward = ReferralReward.get_by_id(reward.id)
    assert (stored_reward.referrer_wallet, stored_reward.status, stored_reward.ref_code) == (
        wallet.stored,
        "approved",
        code.code,
    )
    assert not Refcode.get_by_id(code.code).active
    assert error_of(unlink(as_owner, wallet))["code"] == "wallet_unknown"


def test_linking_again_restores_the_code(as_owner: Visitor, wallet: TestWallet) -> None:
    first = link(as_owner, wallet).get_json()
    for _ in range(2):
        unlink(as_owner, wallet)
        assert link(as_owner, wallet).get_json() == first


def test_manually_deactivated_code_stays_inactive(as_owner: Visitor, wallet: TestWallet) -> None:
    code = link(as_owner, wallet).get_json()["code"]
    as_owner.submit(f"/refcodes/{code}/active", {"active": 0})
    unlink(as_owner, wallet)
    assert link(as_owner, wallet).get_json()["active"] is False
    as_owner.submit(f"/refcodes/{code}/active", {"active": 1})
    assert Refcode.get_by_id(code).active


def test_code_of_unlinked_wallet_cannot_be_activated(as_owner: Visitor, wallet: TestWallet) -> None:
    code = link(as_owner, wallet).get_json()["code"]
    unlink(as_owner, wallet)
    answer = as_owner.submit(f"/refcodes/{code}/active", {"active": 1})
    assert (answer.status_code, answer.location) == (303, "/account/wallets")
    assert "Link the wallet of this code again first." in text_of(as_owner.get("/account/wallets"))
    assert not Refcode.get_by_id(code).active


def test_unlinked_wallet_can_be_linked_to_another_account(
    as_owner: Visitor, as_other: Visitor, wallet: TestWallet
) -> None:
    first = link(as_owner, wallet).get_json()["code"]
    unlink(as_owner, wallet)
    second = link(as_other, wallet).get_json()["code"]
    assert first != second
    assert not Refcode.get_by_id(first).active
    assert error_of(link(as_owner, wallet))["code"] == "wallet_taken"


def test_only_the_owner_can_unlink(
    client: Visitor, as_owner: Visitor, as_other: Visitor, as_admin: Visitor, wallet: TestWallet
) -> None:
    link(as_owner, wallet)
    for browser, status in ((as_other, 404), (as_admin, 404), (client, 401)):
        assert unlink(browser, wallet).status_code == status
        assert browser.submit(f"/account/wallets/{wallet.stored}/unlink").status_code == status
    assert as_owner.delete(f"{LINK}/{wallet.address}").status_code == 400
    assert error_of(as_owner.send(f"{LINK}/0x12345678", method="DELETE"))["code"] == "address_invalid"
    assert Wallet.select().count() == 1


def test_only_sign_in_wallet_cannot_be_unlinked(app: Flask, wallet: TestWallet) -> None:
    user = make_user(email=None, password_hash=None)
    browser = visitor(app, user)
    first = TestWallet()
    link(browser, first)
    answer = unlink(browser, first)
    assert (answer.status_code, error_of(answer)["code"]) == (409, "wallet_is_only_sign_in")
    link(browser, wallet)
    wallets = [first, wallet]
    statuses = run_concurrently(2, lambda: unlink(visitor(app, user), wallets.pop()).status_code)
    # The first one ends the session of the second, which may not have been read yet.
    assert statuses in ([200, 409], [200, 401])
    assert Wallet.select().count() == 1


# ---------------------------------------------------------------------- the page


def test_page_shows_wallets_with_code_link_and_explorer(
    make_app: MakeApp, owner: User, wallet: TestWallet
) -> None:
    browser = visitor(make_app(chain_explorer_url="https://explorer.example"), owner)
    code = link(browser, wallet).get_json()["code"]
    codeless = make_wallet(owner)
    page = browser.get("/account/wallets")
    assert f'href="https://explorer.example/address/{wallet.address}"' in page.text
    assert f'value="http://localhost?ref={code}"' in page.text
    assert checksum(codeless) in page.text
    assert "data-domain" not in page.text
    assert f'data-challenge-url="{CHALLENGE}"' in page.text
    assert "<noscript>" in page.text
    assert browser.get("/uk/account/wallets").text.count(f'data-challenge-url="/uk{CHALLENGE}"') == 1


def test_page_unlinks_without_scripts(as_owner: Visitor, owner: User, wallet: TestWallet) -> None:
    link(as_owner, wallet)
    url = f"/account/wallets/{wallet.address}/unlink"
    assert f'action="{url}"' in as_owner.get("/account/wallets").text
    assert as_owner.post(url).status_code == 400
    assert as_owner.get(url).status_code == 405
    answer = as_owner.submit(url)
    assert (answer.status_code, answer.location) == (303, "/account/wallets")
    page = as_owner.get("/account/wallets")
    assert "Earlier rewards are unaffected." in text_of(page)
    assert wallet.address not in page.text
    again = as_owner.submit(url)
    assert again.status_code == 404
    assert "not linked to your account" in text_of(again)


def test_empty_dashboard_links_to_wallet_linking(as_owner: Visitor) -> None:
    assert 'href="/account/wallets"' in as_owner.get("/refcodes").text
    assert "Link a wallet" in text_of(as_owner.get("/refcodes"))


def test_wallet_without_code_can_be_unlinked(as_owner: Visitor, owner: User) -> None:
    stored = make_wallet(owner)
    answer = as_owner.send(f"{LINK}/{stored}", method="DELETE")
    assert answer.status_code == 200
    assert "code" not in answer.get_json()


def test_code_of_previous_owner_is_unchanged(
    as_owner: Visitor, owner: User, other: User, wallet: TestWallet
) -> None:
    """Linking a wallet that belonged to another user leaves their code alone."""
    theirs = make_code(other, wallet.stored, active=False)
    link(as_owner, wallet)
    assert not Refcode.get_by_id(theirs.code).active
    unlink(as_owner, wallet)
    assert Refcode.select().count() == 2
