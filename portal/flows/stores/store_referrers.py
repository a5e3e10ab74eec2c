"""A store's customer refers people at once; rewards wait until they connect an account and choose its wallet.

See docs/rules/stores.md.
"""

from __future__ import annotations

from models import Refcode, Store, StoreReferrer
from portal.accounts import WalletUnknown, create_unreachable_user, list_wallet_addresses, lock_user
from portal.chain import own_contracts
from portal.codes import (
    CodeUnknown,
    find_code,
    find_store_code,
    issue_store_code,
    lock_code,
    move_code,
    set_code_wallet,
)
from portal.commissions import move_assists
from portal.db import SYSTEM, Actor, transaction
from portal.flows.stores.own_purchases import review_own_purchases
from portal.flows.stores.receive_snapshot import Undo
from portal.lib.addresses import canonical_address, require_payee
from portal.orders import lock_orders_of_code, move_orders, set_order_wallets
from portal.rewards import move_rewards, set_reward_wallets
from portal.settings import Settings
from portal.stores import (
    ReferrerTaken,
    connect_referrer,
    ensure_referrer,
    get_referrer,
    set_own_user,
    set_stated_wallet,
)

_WALLET = "walletAddress"


def ensure_store_referrer(
    store: Store,
    external_id: str,
    email: str | None,
    secret: str,
    *,
    wallet: str | None = None,
    live: bool = True,
) -> tuple[StoreReferrer, Refcode]:
    """Return the referrer behind a store's customer with their code, both created on the first call.

    Neither the e-mail nor the wallet, in stored form, finds an account. The wallet is offered to the customer while the
    code has none; one that its owner proved stays. A test is rolled back.
    """
    try:
        with transaction():
            referrer = ensure_referrer(store.id, external_id, secret, email)
            code = find_store_code(referrer.id) or _issue_code(store, referrer)
            if wallet and not code.wallet_address:
                set_stated_wallet(referrer, wallet)
            if not live:
                raise Undo
    except Undo:
        pass
    return referrer, code


def read_stated_wallet(text: str | None, settings: Settings) -> str | None:
    """Return the wallet that a store names for its customer, in stored form; None without one.

    Raises InvalidAddress, AddressReserved or PayeeIsContract, as where its owner would link it.
    """
    if not text:
        return None
    wallet = canonical_address(text, _WALLET)
    require_payee(wallet, own_contracts(settings), _WALLET)
    return wallet


def connect_account(referrer_id: int, user_id: int, secret: str) -> Refcode | None:
    """Connect an account to a store's customer and move to it what the customer's code earned; return the code.

    Raises ReferrerUnknown, and ReferrerTaken where another account is connected or has the code.
    """
    referrer, known = get_referrer(referrer_id), find_store_code(referrer_id)
    with transaction():
        connect_referrer(referrer_id, user_id)
        if known is None:
            return None
        code = _lock(known.code)
        if code.owner_user_id not in (referrer.own_user_id, user_id):
            raise ReferrerTaken
        if code.owner_user_id != user_id:
            _hand_over(code, user_id, secret)
    return find_code(code.code)


def choose_wallet(user_id: int, code: str, address: str, secret: str) -> bool:
    """Send what a code without a wallet earns to a linked wallet of its owner; return whether it had none.

    Raises CodeUnknown, InvalidAddress and WalletUnknown.
    """
    wallet, actor = canonical_address(address), Actor.user(user_id)
    with transaction():
        lock_user(user_id)
        if wallet not in list_wallet_addresses(user_id):
            raise WalletUnknown
        row = _lock(code)
        if row.owner_user_id != user_id:
            raise CodeUnknown
        if not set_code_wallet(code, wallet, actor):
            return False
        staying = review_own_purchases(row, user_id, secret)
        set_order_wallets(code, user_id, wallet)
        set_reward_wallets(code, user_id, wallet, actor, but=staying)
    return True


def _issue_code(store: Store, referrer: StoreReferrer) -> Refcode:
    owner = referrer.user_id
    if owner is None:
        owner = create_unreachable_user(f"Referrer {referrer.id} of {store.name}", SYSTEM).id
        set_own_user(referrer, owner)
    return issue_store_code(referrer.id, owner, SYSTEM)


def _lock(code: str) -> Refcode:
    # A purchase that is being paid has locked its order, and waits for the code.
    lock_orders_of_code(code)
    return lock_code(code)


def _hand_over(code: Refcode, user_id: int, secret: str) -> None:
    sender, actor = code.owner_user_id, Actor.user(user_id)
    staying = review_own_purchases(code, user_id, secret)
    move_orders(code.code, sender, user_id, but=staying)
    move_assists(code.code, sender, user_id, but=staying)
    move_rewards(code.code, sender, user_id, actor, but=staying)
    move_code(code.code, user_id, actor)
