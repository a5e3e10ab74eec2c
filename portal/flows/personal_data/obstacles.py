"""What prevents the erasure of a person's data: whatever is still owed to them or by them. See docs/privacy.md."""

from __future__ import annotations

from dataclasses import dataclass

from portal.db import query


@dataclass(frozen=True)
class Obstacle:
    """A reason against erasing: its code, and how many rows it is about."""

    code: str
    count: int


# Each counts what is open. `mine` are the references of the person's payments and orders.
_COUNTS = """
WITH mine AS MATERIALIZED (
    SELECT order_reference FROM orders WHERE buyer_user_id = %(user)s
    UNION SELECT order_reference FROM payment_transactions WHERE user_id = %(user)s
), shops AS MATERIALIZED (SELECT id FROM vendors WHERE user_id = %(user)s)
SELECT 'rewards', count(*) FROM referral_rewards
    WHERE referrer_user_id = %(user)s AND status IN ('pending_approval', 'approved', 'minting', 'failed')
UNION ALL SELECT 'debits', count(*) FROM reward_debits WHERE referrer_user_id = %(user)s AND netted_wei < amount_wei
UNION ALL SELECT 'credit', count(*) FROM credit_balances WHERE user_id = %(user)s AND balance_minor <> 0
UNION ALL SELECT 'orders', count(*) FROM orders WHERE buyer_user_id = %(user)s AND status = 'created'
UNION ALL SELECT 'payments', count(*) FROM payment_transactions
    WHERE user_id = %(user)s AND status IN ('redirected', 'pending')
UNION ALL SELECT 'callbacks', count(*) FROM payment_events JOIN mine USING (order_reference)
    WHERE outcome IS NULL OR (outcome = 'unmatched' AND closed_at IS NULL)
UNION ALL SELECT 'refunds', count(*) FROM payment_refunds JOIN mine USING (order_reference)
    WHERE status IN ('requested', 'waiting')
UNION ALL SELECT 'proposals', count(*) FROM proposals WHERE status = 'waiting'
    AND (kind = 'credit' AND subject = %(user)s::text OR kind = 'refund' AND subject IN (SELECT * FROM mine))
UNION ALL SELECT 'settlements', count(*) FROM settlements
    WHERE vendor_id IN (SELECT id FROM shops) AND status IN ('pending', 'processing', 'held', 'failed')
UNION ALL SELECT 'statements', count(*) FROM commission_statements
    WHERE vendor_id IN (SELECT id FROM shops) AND status = 'open'
UNION ALL SELECT 'vendors', count(*) FROM shops
"""


def list_obstacles(user_id: int) -> list[Obstacle]:
    """Return why a person's data cannot be erased now, [] if nothing prevents it."""
    return [Obstacle(code, count) for code, count in query(_COUNTS, {"user": user_id}) if count]
