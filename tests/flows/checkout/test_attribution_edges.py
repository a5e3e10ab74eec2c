"""Attribution when users share wallets or browsers. See docs/attribution.md."""

from __future__ import annotations

import pytest

from models import Order, User
from portal.catalogue import CartLine
from portal.db import query
from portal.flows.accounts.end_access import CurrentSession
from portal.flows.accounts.link_wallet import unlink_wallet
from portal.flows.accounts.sign_up import sign_up
from portal.flows.checkout.decide_attribution import preview_attribution
from portal.flows.checkout.place_order import place_order
from portal.flows.overviews.risk_hints import risk_hints
from portal.settings import Settings
from tests.factories import make_code, make_product, make_reward, make_user, make_wallet


@pytest.fixture
def settings(database: str) -> Settings:
    return Settings(_env_file=None, database_url=database)


def order(buyer: User, cookie: str | None, settings: Settings) -> Order:
    return place_order(buyer, [CartLine(make_product().id, 1)], cookie, settings).order


def test_wallet_of_the_followed_link_is_credited(settings: Settings) -> None:
    referrer, buyer = make_user("Referrer"), make_user("Buyer")
    first, second = make_code(referrer), make_code(referrer)
    for code in (first, second):
        placed = order(buyer, code.code, settings)
        assert (placed.referral_code, placed.referrer_wallet) == (code.code, code.wallet_address)


def test_own_purchase_is_self_referral_with_every_wallet(settings: Settings) -> None:
    referrer = make_user("Referrer")
    for code in (make_code(referrer), make_code(referrer)):
        assert order(referrer, code.code, settings).referral_reason == "self_referral"


def test_wallet_moved_to_second_account_is_a_risk_hint(settings: Settings) -> None:
    buyer, second = make_user("Buyer"), make_user("Second account")
    wallet = make_code(buyer).wallet_address
    unlink_wallet(buyer.id, wallet, CurrentSession())
    code = make_code(second, make_wallet(second, wallet))
    placed = order(buyer, code.code, settings)
    assert placed.referral_code == code.code
    reward = make_reward(code, order_reference=placed.order_reference, referee_user_id=buyer.id)
    assert [hint.code for hint in risk_hints([reward])[reward.id]] == ["same_wallet"]


def test_accounts_sharing_a_browser_are_decided_separately(settings: Settings) -> None:
    # The referrer follows their own link, then another user buys in the same browser.
    referrer, relative = make_user("Referrer"), make_user("Relative")
    cookie = make_code(referrer).code
    assert order(referrer, cookie, settings).referral_reason == "self_referral"
    assert order(relative, cookie, settings).referral_code == cookie


def test_code_of_browser_comes_before_code_of_account(settings: Settings) -> None:
    first, second = make_code(make_user("First")), make_code(make_user("Second"))
    buyer = sign_up("Buyer", "buyer@demo.example", "a-long-password", "en", first.code, brand="")
    assert buyer.referred_by_code == first.code
    assert preview_attribution(buyer, second.code, settings).source == "cookie"
    assert order(buyer, second.code, settings).referral_code == second.code


def test_code_of_account_is_used_without_cookie(settings: Settings) -> None:
    code = make_code(make_user("Referrer"))
    buyer = sign_up("Buyer", "buyer@demo.example", "a-long-password", "en", code.code, brand="")
    placed = order(buyer, None, settings)
    assert (placed.referral_code, placed.referral_trace[0]["source"]) == (code.code, "account")


def test_without_cookie_or_account_code_nothing_is_credited(settings: Settings) -> None:
    assert order(make_user("Buyer"), None, settings).referral_reason == "no_code"


def test_deactivated_code_credits_nothing_new_and_keeps_past_orders(settings: Settings) -> None:
    code = make_code(make_user("Referrer"))
    placed = order(make_user("Buyer"), code.code, settings)
    query("UPDATE refcodes SET active = false WHERE code = %s", [code.code])
    assert order(make_user("Later"), code.code, settings).referral_reason == "unknown_code"
    assert Order.get_by_id(placed.id).referral_code == code.code
    assert (
        sign_up("New", "new@demo.example", "a-long-password", "en", code.code, brand="").referred_by_code
        is None
    )


@pytest.mark.parametrize("cookie", ["ABCDEFG0", "abcdefgh", "x" * 64, "' OR 1=1 --", "%", "ABCDEFGH "])
def test_tampered_cookie_credits_nothing(settings: Settings, cookie: str) -> None:
    make_code(make_user("Referrer"), code="ABCDEFGH")
    assert order(make_user("Buyer"), cookie, settings).referral_reason == "unknown_code"
