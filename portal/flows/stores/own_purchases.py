"""Purchases with a code that its new owner made, which no guard could know. See docs/rules/stores.md."""

from __future__ import annotations

from models import Order, Refcode
from portal.accounts import get_user, list_wallet_addresses
from portal.attribution import Guard, Reason
from portal.chain.state import raise_alert
from portal.db import Actor, query
from portal.flows.stores.withdraw_attribution import Settled, withdraw_attribution
from portal.orders import get_order
from portal.rewards import list_references_approved_by, list_references_of_buyer, withdraw_reward
from portal.stores import customer_keys, email_digest

ALERT = "store_referrer_own_purchase"

_STORES = "SELECT DISTINCT store_id FROM orders WHERE referral_code = %s"
_OWN_ORDERS = """
SELECT o.id, o.buyer_user_id = %(user)s OR c.key = ANY(%(keys)s) FROM orders o JOIN customers c ON c.id = o.customer_id
LEFT JOIN store_orders s ON s.order_id = o.id
WHERE o.referral_code = %(code)s AND o.referrer_user_id = %(referrer)s AND (
    o.buyer_user_id = %(user)s OR c.key = ANY(%(keys)s) OR s.snapshot -> 'customerKeys' ?| %(keys)s
    OR lower(s.snapshot #>> '{customer,walletAddress}') = ANY(%(wallets)s))
ORDER BY o.id
"""


def review_own_purchases(code: Refcode, user_id: int, secret: str) -> set[str]:
    """Withdraw the referral of purchases with a code that an account made itself; return the references that stay.

    What stays was decided, by the account itself among others: it has no wallet, and an alert asks an admin to look.
    """
    actor, referrer = Actor.user(user_id), code.owner_user_id
    settled = {
        order.order_reference
        for order, is_self in _own_orders(code, user_id, secret)
        if not _withdraw(order, actor, is_self=is_self)
    }
    bought = list_references_of_buyer(code.code, referrer, user_id)
    settled |= {ref for ref in bought if not withdraw_reward(ref, Reason.SELF_REFERRAL, actor)}
    if referrer != user_id:
        settled |= set(list_references_approved_by(code.code, referrer, user_id))
    for reference in sorted(settled):
        raise_alert(ALERT, reference, code=code.code)
    # A rejected reward earns nothing and cannot have its buyer as the referrer.
    return settled | set(list_references_of_buyer(code.code, referrer, user_id))


def _own_orders(code: Refcode, user_id: int, secret: str) -> list[tuple[Order, bool]]:
    """Return the orders of a code that an account made, and whether more than a wallet says so."""
    rows = query(
        _OWN_ORDERS,
        {
            "code": code.code,
            "referrer": code.owner_user_id,
            "user": user_id,
            "keys": _keys_of(code, user_id, secret),
            "wallets": list_wallet_addresses(user_id),
        },
    )
    return [(get_order(order_id), bool(is_self)) for order_id, is_self in rows]


def _keys_of(code: Refcode, user_id: int, secret: str) -> list[str]:
    """Return the keys under which the stores of the code's orders know the account, by its confirmed e-mail."""
    user = get_user(user_id)
    if not user.email or user.email_confirmed_at is None:
        return []
    digest = email_digest(user.email)
    return [
        key
        for (store_id,) in query(_STORES, [code.code])
        for key in customer_keys(store_id, secret, email_sha256=digest, external_id=None)
    ]


def _withdraw(order: Order, actor: Actor, *, is_self: bool) -> bool:
    guard, reason = (
        (Guard.NOT_SELF, Reason.SELF_REFERRAL)
        if is_self
        else (Guard.NO_WALLET_OVERLAP, Reason.WALLET_OVERLAP)
    )
    try:
        withdraw_attribution(order, guard, reason.value, actor)
    except Settled:
        return False
    return True
