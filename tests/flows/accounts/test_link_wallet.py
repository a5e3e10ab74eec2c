"""Linking and unlinking a wallet: one transaction each, with an event for every change. See docs/rules/accounts.md."""

from __future__ import annotations

import pytest

from models import EventLog, Order, Refcode, User, Wallet, WalletChallenge
from portal.accounts import ChallengeUnknown, Holder, WalletTaken, get_open_challenge, use_challenge
from portal.chain import open_chain
from portal.codes import set_code_active
from portal.db import SYSTEM
from portal.flows.accounts import link_wallet as flow
from portal.flows.accounts.end_access import CurrentSession
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
    message = flow.request_link(user.id, wallet.address, open_chain(settings), settings)
    linked = flow.link_wallet(
        user.id, wallet.stored, wallet.sign(message), open_chain(settings), CurrentSession(), settings
    )
    assert linked.code
    return linked.code


def events(entity: str) -> list[tuple[str, str | None]]:
    rows = EventLog.select().where(EventLog.entity == entity).order_by(EventLog.id)
    return [(row.event, row.reason) for row in rows]


def test_every_change_records_an_event(settings: Settings) -> None:
    user, wallet = make_user(), TestWallet()
    first = link(user, wallet, settings)
    flow.unlink_wallet(user.id, wallet.address, CurrentSession())
    assert link(user, wallet, settings).code == first.code
    assert events("user") == [("wallet_linked", None), ("wallet_unlinked", None), ("wallet_linked", None)]
    assert events("refcode") == [
        ("code_issued", None),
        ("code_deactivated", "wallet_unlinked"),
        ("code_activated", "wallet_linked"),
    ]


def test_taken_wallet_changes_nothing(settings: Settings) -> None:
    owner, other, wallet = make_user(), make_user(), TestWallet()
    link(owner, wallet, settings)
    before = EventLog.select().count()
    with pytest.raises(WalletTaken):
        link(other, wallet, settings)
    assert EventLog.select().count() == before
    assert Refcode.select().where(Refcode.owner == other.id).count() == 0


def test_code_deactivated_by_an_admin_stays_inactive(settings: Settings) -> None:
    """The decision of an admin survives repeated unlinking and linking."""
    user, wallet = make_user(), TestWallet()
    code = link(user, wallet, settings).code
    set_code_active(code, False, SYSTEM)
    for _ in range(2):
        flow.unlink_wallet(user.id, wallet.address, CurrentSession())
        assert not link(user, wallet, settings).active


def test_new_challenge_replaces_the_previous_one(settings: Settings) -> None:
    user, wallet = make_user(), TestWallet()
    flow.request_link(user.id, wallet.address, open_chain(settings), settings)
    newer = flow.request_link(user.id, wallet.address, open_chain(settings), settings)
    challenge = get_open_challenge(Holder(user_id=user.id), wallet.stored)
    assert challenge.message == newer
    use_challenge(challenge.id)
    with pytest.raises(ChallengeUnknown):
        use_challenge(challenge.id)
    with pytest.raises(ChallengeUnknown):
        get_open_challenge(Holder(user_id=user.id), wallet.stored)


def test_each_challenge_has_its_own_nonce(settings: Settings) -> None:
    user, wallet = make_user(), TestWallet()
    messages = {flow.request_link(user.id, wallet.address, open_chain(settings), settings) for _ in range(20)}
    assert len(messages) == len({row.nonce for row in WalletChallenge.select()}) == 20


def test_code_of_unlinked_wallet_is_not_credited(store: Store) -> None:
    referrer = store.user("referrer")
    wallet = TestWallet()
    code = link(referrer, wallet, store.settings).code
    buyer = store.newcomer("newcomer")
    flow.unlink_wallet(referrer.id, wallet.address, CurrentSession())
    order = store.place(buyer, cookie=code).order
    assert (Order.get_by_id(order.id).referral_code, order.referral_reason) == (None, "unknown_code")
    link(referrer, wallet, store.settings)
    assert store.place(buyer, cookie=code).order.referral_code == code


def test_wallet_account_buys_with_its_referral(store: Store) -> None:
    wallet = TestWallet()
    message = request_sign_in("a session", wallet.address, store.chain, store.settings)
    entered = sign_in_with_wallet(
        "a session", wallet.address, wallet.sign(message), store.chain, "uk", store.code, store.settings
    )
    assert (entered.is_new, entered.user.referred_by_code) == (True, store.code)
    order = store.pay(entered.user)
    assert (order.status, order.referral_code) == ("paid", store.code)


def test_buyer_is_not_credited_for_their_own_wallet(store: Store) -> None:
    """The wallet guard reads the current links, so a buyer cannot earn a reward to their own wallet."""
    wallet, seller = TestWallet(), make_user()
    code = link(seller, wallet, store.settings).code
    flow.unlink_wallet(seller.id, wallet.address, CurrentSession())
    buyer = store.newcomer("newcomer")
    link(buyer, wallet, store.settings)
    Refcode.update(active=True).where(Refcode.code == code).execute()
    order = store.place(buyer, cookie=code).order
    assert (order.referral_code, order.referral_reason) == (None, "wallet_overlap")
    assert Wallet.get_by_id(wallet.stored).user_id == buyer.id
