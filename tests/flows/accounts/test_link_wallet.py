"""Linking and unlinking as flows: one transaction each, and an event for everything that changed."""

from __future__ import annotations

import pytest

from models import EventLog, Order, Refcode, User, Wallet, WalletChallenge
from portal.accounts import ChallengeUnknown, Holder, WalletTaken, get_open_challenge, use_challenge
from portal.chain import open_chain
from portal.codes import set_code_active
from portal.db import SYSTEM
from portal.flows.accounts import link_wallet as flow
from portal.flows.accounts.wallet_sign_in import request_sign_in, sign_in_with_wallet
from portal.settings import Settings
from tests.factories import make_user
from tests.flows.conftest import Store, settings_with
from tests.support.wallets import TestWallet

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def settings() -> Settings:
    return settings_with(polygon_rpc_url="", referral_rewards_address="")


def link(user: User, wallet: TestWallet, settings: Settings) -> Refcode:
    message = flow.request_link(user.id, wallet.address, settings)
    return flow.link_wallet(user.id, wallet.stored, wallet.sign(message), open_chain(settings))


def events(entity: str) -> list[tuple[str, str | None]]:
    rows = EventLog.select().where(EventLog.entity == entity).order_by(EventLog.id)
    return [(row.event, row.reason) for row in rows]


def test_every_change_leaves_an_event(settings: Settings) -> None:
    user, wallet = make_user(), TestWallet()
    first = link(user, wallet, settings)
    flow.unlink_wallet(user.id, wallet.address)
    assert link(user, wallet, settings).code == first.code
    assert events("user") == [("wallet_linked", None), ("wallet_unlinked", None), ("wallet_linked", None)]
    assert events("refcode") == [
        ("code_issued", None),
        ("code_deactivated", "wallet_unlinked"),
        ("code_activated", "wallet_linked"),
    ]


def test_a_taken_wallet_leaves_nothing_behind(settings: Settings) -> None:
    owner, other, wallet = make_user(), make_user(), TestWallet()
    link(owner, wallet, settings)
    before = EventLog.select().count()
    with pytest.raises(WalletTaken):
        link(other, wallet, settings)
    assert EventLog.select().count() == before
    assert Refcode.select().where(Refcode.owner == other.id).count() == 0


def test_a_code_that_somebody_else_switched_off_stays_off(settings: Settings) -> None:
    """An admin's decision outlives unlinking and linking again, however often."""
    user, wallet = make_user(), TestWallet()
    code = link(user, wallet, settings).code
    set_code_active(code, False, SYSTEM)
    for _ in range(2):
        flow.unlink_wallet(user.id, wallet.address)
        assert not link(user, wallet, settings).active


def test_a_new_text_replaces_the_one_before(settings: Settings) -> None:
    user, wallet = make_user(), TestWallet()
    flow.request_link(user.id, wallet.address, settings)
    newer = flow.request_link(user.id, wallet.address, settings)
    challenge = get_open_challenge(Holder(user_id=user.id), wallet.stored)
    assert challenge.message == newer
    use_challenge(challenge.id)
    with pytest.raises(ChallengeUnknown):
        use_challenge(challenge.id)
    with pytest.raises(ChallengeUnknown):
        get_open_challenge(Holder(user_id=user.id), wallet.stored)


def test_every_text_has_a_nonce_of_its_own(settings: Settings) -> None:
    user, wallet = make_user(), TestWallet()
    messages = {flow.request_link(user.id, wallet.address, settings) for _ in range(20)}
    assert len(messages) == len({row.nonce for row in WalletChallenge.select()}) == 20


def test_the_code_of_an_unlinked_wallet_credits_nobody(store: Store) -> None:
    referrer = store.user("referrer")
    wallet = TestWallet()
    code = link(referrer, wallet, store.settings).code
    buyer = store.newcomer("newcomer")
    flow.unlink_wallet(referrer.id, wallet.address)
    order = store.place(buyer, cookie=code).order
    assert (Order.get_by_id(order.id).referral_code, order.referral_reason) == (None, "unknown_code")
    link(referrer, wallet, store.settings)
    assert store.place(buyer, cookie=code).order.referral_code == code


def test_a_wallet_account_buys_with_its_referral(store: Store) -> None:
    wallet = TestWallet()
    message = request_sign_in("a session", wallet.address, store.settings)
    entered = sign_in_with_wallet(
        "a session", wallet.address, wallet.sign(message), store.chain, "uk", store.code
    )
    assert (entered.is_new, entered.user.referred_by_code) == (True, store.code)
    order = store.pay(entered.user)
    assert (order.status, order.referral_code) == ("paid", store.code)


def test_buying_through_the_link_of_an_own_wallet_credits_nobody(store: Store) -> None:
    """The wallet guard reads the links of now: a buyer cannot be paid to a wallet of their own."""
    wallet, seller = TestWallet(), make_user()
    code = link(seller, wallet, store.settings).code
    flow.unlink_wallet(seller.id, wallet.address)
    buyer = store.newcomer("newcomer")
    link(buyer, wallet, store.settings)
    Refcode.update(active=True).where(Refcode.code == code).execute()
    order = store.place(buyer, cookie=code).order
    assert (order.referral_code, order.referral_reason) == (None, "wallet_overlap")
    assert Wallet.get_by_id(wallet.stored).user_id == buyer.id
