"""Codes of stores' customers that had no wallet when something was bought with them. See docs/rules/stores.md."""

from __future__ import annotations

from models import Order, Refcode
from portal.codes import share_lock_code
from portal.orders import attribute_order, get_order


def with_current_referrer(order: Order) -> Order:
    """Return an order credited to the present owner and wallet of its code, where the code had no wallet.

    The code stays as it is until the transaction ends, so nothing is written for an owner it has just left.
    """
    row = find_waiting_code(order.referral_code, order.referrer_wallet)
    if row is None or row.owner_user_id == order.buyer_user_id:
        return order
    if (row.owner_user_id, row.wallet_address) == (order.referrer_user_id, order.referrer_wallet):
        return order
    attribute_order(order.id, row.code, row.owner_user_id, row.wallet_address, order.referral_trace)
    return get_order(order.id)


def find_waiting_code(code: str | None, wallet: str | None) -> Refcode | None:
    """Return a code locked against changes if it had no wallet when it was credited, else None."""
    return share_lock_code(code) if code is not None and wallet == "" else None
