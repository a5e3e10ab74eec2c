"""Purchases in the built-in shop with the code of a store's customer, which has no wallet at first."""

from __future__ import annotations

import pytest

from models import Order, Refcode, ReferralReward, SalesAssist, User
from portal.db.checks import run_checks
from portal.flows.checkout.begin_payment import begin_membership_payment
from portal.flows.stores.store_referrers import choose_wallet, connect_account, ensure_store_referrer
from tests.factories import make_store, make_user, make_wallet
from tests.flows.conftest import Store

pytestmark = pytest.mark.system_postgres


class Referrer:
    """A store's customer with a code, and the account that they connect later."""

    def __init__(self, store: Store) -> None:
        self.secret = store.settings.secret_key.get_secret_value()
        self.row, self.code = ensure_store_referrer(make_store(), "c-17", None, self.secret)
        self.account = make_user()
        self.wallet = make_wallet(self.account)

    def connect(self) -> None:
        connect_account(self.row.id, self.account.id, self.secret)
        choose_wallet(self.account.id, self.code.code, self.wallet, self.secret)


def pay_membership(store: Store, member: User) -> None:
    form = begin_membership_payment("MEMBER", member, "uk", store.settings)
    order = Order(order_reference=form.order_reference, total_minor=29_900, currency="UAH")
    store.receive(store.callback(order, "Approved"))


def test_purchase_before_the_connection_is_credited_to_the_account_after_it(store: Store) -> None:
    referrer = Referrer(store)
    placed = store.place(store.newcomer("ann"), cookie=referrer.code.code)
    assert (placed.order.referral_code, placed.order.referrer_wallet) == (referrer.code.code, "")
    referrer.connect()
    store.begin_payment(placed.order)
    store.send_callback(placed.order)
    reward = ReferralReward.get()
    assert (reward.referrer_user_id, reward.referrer_wallet) == (referrer.account.id, referrer.wallet)
    assert {row.referrer_user_id for row in SalesAssist.select()} == {referrer.account.id}
    assert run_checks() == {}


def test_member_who_registered_before_the_connection_earns_for_the_account(store: Store) -> None:
    referrer = Referrer(store)
    code = Refcode.get_by_id(referrer.code.code)
    member, own = (
        make_user(referred_by_code=code.code, referred_by_user_id=code.owner_user_id, referred_by_wallet="")
        for _ in range(2)
    )
    pay_membership(store, member)
    referrer.connect()
    pay_membership(store, member)
    rewards = {(row.referrer_user_id, row.referrer_wallet) for row in ReferralReward.select()}
    assert rewards == {(referrer.account.id, referrer.wallet)}
    # The account that has the code now earns nothing by its own membership.
    Refcode.update(owner=own.id).where(Refcode.code == code.code).execute()
    pay_membership(store, own)
    assert ReferralReward.select().count() == 2
