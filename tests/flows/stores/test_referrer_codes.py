"""A store's customer refers people at once; an account and a wallet follow. See docs/rules/stores.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from peewee import IntegrityError

from models import ChainAlert, EventLog, Order, Refcode, ReferralReward, SalesAssist, StoreReferrer, User
from portal.accounts import WalletUnknown
from portal.codes import find_wallet_code
from portal.db import Actor, query, transaction
from portal.db.checks import run_checks
from portal.flows.accounts.link_wallet import adopt_wallet, deactivate_wallet_code
from portal.flows.approvals.decide_reward import approve
from portal.flows.checkout.waiting_codes import with_current_referrer
from portal.flows.stores.store_referrers import choose_wallet, connect_account, ensure_store_referrer
from portal.lib.clock import utc_now
from portal.programme.operations import save_version
from portal.programme.version_rules import ProgrammeRules
from portal.rewards.mintable import MINTABLE_ON_ANY_CHAIN
from portal.stores import ReferrerTaken, disconnect_referrer
from tests.factories import make_admin, make_store, make_user, make_wallet, new_address
from tests.flows.stores.conftest import Shop


@dataclass
class Customer:
    """A customer of the shop with their code, whose orders are reported with it."""

    shop: Shop
    referrer: StoreReferrer
    code: Refcode

    @property
    def secret(self) -> str:
        return self.shop.settings.secret_key.get_secret_value()

    def sell(self, external_id: str = "14", **changes: Any) -> Order:
        buyer = changes.pop("customer", {"email": f"buyer{external_id}@example.test"})
        body = {"referralCode": self.code.code, "customer": buyer, **changes}
        self.shop.report(externalId=external_id, **body)
        return self.shop.order(external_id)

    def connect(self, user: User) -> None:
        connect_account(self.referrer.id, user.id, self.secret)

    def choose(self, user: User, wallet: str) -> bool:
        return choose_wallet(user.id, self.code.code, wallet, self.secret)


@pytest.fixture
def customer(shop: Shop) -> Customer:
    return _customer(shop, "c-17", "referrer@example.test")


def _customer(shop: Shop, name: str, email: str | None = None) -> Customer:
    secret = shop.settings.secret_key.get_secret_value()
    return Customer(shop, *ensure_store_referrer(shop.store, name, email, secret))


def mintable() -> list[str]:
    rows = query(f"SELECT order_reference FROM referral_rewards r WHERE {MINTABLE_ON_ANY_CHAIN} ORDER BY id")
    return [reference for (reference,) in rows]


def test_code_earns_at_once_and_is_minted_only_with_a_proven_wallet(shop: Shop, customer: Customer) -> None:
    first = customer.sell("14")
    assert (first.referral_code, first.referrer_wallet) == (customer.code.code, "")
    own = User.get_by_id(customer.code.owner_user_id)
    assert (own.email, own.password_hash) == (None, None)
    reward = shop.reward("14")
    assert reward
    assert (reward.status, reward.referrer_user_id) == ("pending_approval", own.id)
    approve(reward.id, make_admin().id, shop.settings)
    assert mintable() == []
    with pytest.raises(IntegrityError, match="referrer_wallet"), transaction():
        ReferralReward.update(status="minted", tx_hash="0x" + "ab" * 32).execute()


def test_connecting_moves_what_was_earned_and_the_wallet_makes_it_mintable(
    shop: Shop, customer: Customer
) -> None:
    order, owner = customer.sell("14"), make_user(email="mine@example.test")
    reward = shop.reward("14")
    assert reward
    approve(reward.id, make_admin().id, shop.settings)
    customer.connect(owner)
    assert SalesAssist.select().where(SalesAssist.referrer_user_id == owner.id).count() == 1
    assert Order.get_by_id(order.id).referrer_user_id == owner.id
    assert mintable() == []
    with pytest.raises(WalletUnknown):
        customer.choose(owner, new_address())
    wallet = adopt_wallet(owner.id, new_address(), Actor.user(owner.id), shop.settings).address
    assert customer.choose(owner, wallet)
    assert mintable() == [order.order_reference]
    assert Order.get_by_id(order.id).referrer_wallet == wallet
    other = adopt_wallet(owner.id, new_address(), Actor.user(owner.id), shop.settings).address
    assert not customer.choose(owner, other)
    assert Refcode.get_by_id(customer.code.code).wallet_address == wallet
    # From now on the code earns for the wallet directly, beside the wallet's own code.
    assert customer.sell("15").referrer_wallet == wallet
    assert find_wallet_code(owner.id, wallet) != Refcode.get_by_id(customer.code.code)
    events = {row.event for row in EventLog.select(EventLog.event)}
    assert {"code_moved", "code_wallet_set", "reward_moved", "reward_wallet_set"} <= events
    assert run_checks() == {}


def test_two_codes_of_one_account_share_a_wallet(shop: Shop, customer: Customer) -> None:
    owner, second = make_user(), _customer(shop, "c-18")
    wallet = adopt_wallet(owner.id, new_address(), Actor.user(owner.id), shop.settings).address
    customer.sell("14")
    second.sell("15")
    for each in (customer, second):
        each.connect(owner)
        assert each.choose(owner, wallet)
    assert {row.referrer_wallet for row in ReferralReward.select()} == {wallet}
    assert (
        Refcode.select().where((Refcode.owner == owner.id) & (Refcode.wallet_address == wallet)).count() == 3
    )
    deactivate_wallet_code(owner.id, wallet, Actor.user(owner.id))
    assert not Refcode.select().where((Refcode.owner == owner.id) & Refcode.active).exists()
    adopt_wallet(owner.id, wallet, Actor.user(owner.id), shop.settings)
    assert Refcode.select().where((Refcode.owner == owner.id) & Refcode.active).count() == 3


def test_own_purchases_are_refused(shop: Shop, customer: Customer) -> None:
    for number, buyer in enumerate(
        [{"externalId": "c-17", "email": "x@example.test"}, {"email": " Referrer@EXAMPLE.test"}]
    ):
        order = customer.sell(str(20 + number), customer=buyer)
        assert (order.referral_code, order.referral_reason) == (None, "self_referral")
    elsewhere = Customer(shop, customer.referrer, customer.code)
    elsewhere.shop = Shop(make_store(shop.vendor), shop.vendor, shop.code, shop.settings)
    # The same name in another store is another person.
    assert elsewhere.sell("30", customer={"externalId": "c-17"}).referral_code == customer.code.code


def test_own_purchases_found_when_an_account_is_connected_earn_nothing(
    shop: Shop, customer: Customer
) -> None:
    owner = make_user(email="mine@example.test", email_confirmed_at="2026-11-01T00:00:00Z")
    wallet = make_wallet(owner)
    undecided = customer.sell("14", customer={"email": "mine@example.test"})
    overlapping = customer.sell("15", customer={"email": "b@example.test", "walletAddress": wallet})
    decided = customer.sell(
        "16", customer={"externalId": "x", "email": "c@example.test", "walletAddress": wallet}
    )
    honest = customer.sell("17")
    judged = customer.sell("18")
    admin = make_admin()
    for number, decider in (("16", admin), ("18", owner)):
        reward = shop.reward(number)
        assert reward
        approve(reward.id, decider.id, shop.settings)
    customer.connect(owner)
    assert customer.choose(owner, wallet)
    assert Order.get_by_id(undecided.id).referral_reason == "self_referral"
    assert Order.get_by_id(overlapping.id).referral_reason == "wallet_overlap"
    rewards = {row.order_reference: row.referrer_wallet for row in ReferralReward.select()}
    assert rewards == {
        decided.order_reference: "", honest.order_reference: wallet, judged.order_reference: ""
    }  # fmt: skip
    alerts = {row.subject for row in ChainAlert.select()}
    assert alerts == {decided.order_reference, judged.order_reference}
    assert mintable() == []
    assert run_checks() == {}


def test_reward_approved_by_rules_of_the_new_owner_stays_where_it_is(shop: Shop, customer: Customer) -> None:
    owner = make_user()
    wallet = make_wallet(owner)
    conditions = {"fiat": "conditional", "crypto": "automatic", "conditions": {"maxUsd": "1000"}}
    rules = ProgrammeRules.model_validate({"holdDays": 0, "approval": conditions, "bonus": "none"})
    save_version(rules, None, None, Actor.user(owner.id))
    judged = customer.sell("14", paidAt=utc_now().isoformat())
    reward = shop.reward("14")
    assert reward
    assert (reward.status, reward.approved_by) == ("approved", None)
    customer.connect(owner)
    assert customer.choose(owner, wallet)
    assert ReferralReward.get().referrer_wallet == ""
    assert [row.subject for row in ChainAlert.select()] == [judged.order_reference]


def test_code_belongs_to_the_first_account_that_connects(shop: Shop, customer: Customer) -> None:
    owner, other = make_user(), make_user()
    customer.sell("14")
    customer.connect(owner)
    disconnect_referrer(customer.referrer.id, owner.id)
    with pytest.raises(ReferrerTaken):
        customer.connect(other)
    assert StoreReferrer.get_by_id(customer.referrer.id).user_id is None
    assert ReferralReward.get().referrer_user_id == owner.id
    assert _customer(shop, "c-17").code == customer.code
    customer.connect(owner)


def test_purchase_that_read_the_code_before_it_moved_credits_the_new_owner(
    shop: Shop, customer: Customer
) -> None:
    order, owner = customer.sell("14", status="open", paidAt=None, paidAmount="0.00"), make_user()
    customer.connect(owner)
    customer.choose(owner, make_wallet(owner))
    Order.update(referrer_user_id=customer.referrer.own_user_id, referrer_wallet="").execute()
    current = with_current_referrer(Order.get_by_id(order.id))
    assert (current.referrer_user_id, current.referrer_wallet) == (
        owner.id,
        Refcode.get_by_id(customer.code.code).wallet_address,
    )


def test_test_key_stores_nothing(shop: Shop) -> None:
    before = (User.select().count(), Refcode.select().count(), EventLog.select().count())
    secret = shop.settings.secret_key.get_secret_value()
    _referrer, code = ensure_store_referrer(shop.store, "c-99", None, secret, live=False)
    assert len(code.code) == 8
    assert (User.select().count(), Refcode.select().count(), EventLog.select().count()) == before
    assert StoreReferrer.select().count() == 0
