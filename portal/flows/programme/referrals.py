"""Count the referrals that decide a referrer's level. See docs/rules/programme.md."""

from __future__ import annotations

from datetime import datetime

from portal.db import query
from portal.programme import Programme

# In the order of the index, so that no more rewards are read than the highest level needs. A refunded payment has
# another status; a rejected reward was no referral in the eyes of an admin.
_COUNT = """
SELECT count(*) FROM (
    SELECT 1 FROM referral_rewards r JOIN payment_transactions p ON p.order_reference = r.order_reference
    WHERE r.referrer_user_id = %(referrer)s AND r.status <> 'rejected' AND p.status = 'paid' AND p.paid_at < %(before)s
    ORDER BY r.created_at DESC, r.id DESC LIMIT %(most)s
) AS referrals
"""


def count_referrals(referrer_user_id: int, before: datetime, programme: Programme) -> int:
    """Return the paid, unrefunded referrals of a referrer before a time, counted up to the highest level."""
    levels = programme.rules.levels
    if not levels:
        return 0
    values = {"referrer": referrer_user_id, "before": before, "most": levels[-1].referrals}
    return int(query(_COUNT, values)[0][0])
