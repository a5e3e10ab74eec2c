"""Count the referrals that decide a referrer's level. See docs/rules/programme.md."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from portal.db import query
from portal.programme import LevelBonus, Programme

# In the order of the index, so that no more rewards are read than the highest level needs. A refunded payment has
# another status; a rejected reward was no referral in the eyes of an admin.
_COUNT = """
SELECT referrer, count(referrals.id) FROM unnest(%(referrers)s::bigint[]) AS referrer LEFT JOIN LATERAL (
    SELECT r.id FROM referral_rewards r JOIN payment_transactions p ON p.order_reference = r.order_reference
    WHERE r.referrer_user_id = referrer AND r.status <> 'rejected' AND p.status = 'paid' AND p.paid_at < %(before)s
    ORDER BY r.created_at DESC, r.id DESC LIMIT %(most)s
) AS referrals ON true GROUP BY referrer
"""


def count_referrals(referrer_user_id: int, before: datetime, programme: Programme) -> int:
    """Return the paid, unrefunded referrals of a referrer before a time, counted up to the highest level."""
    return count_referrals_of([referrer_user_id], before, programme.rules.levels).get(referrer_user_id, 0)


def count_referrals_of(
    referrer_user_ids: Collection[int], before: datetime, levels: Sequence[LevelBonus]
) -> dict[int, int]:
    """Return these counts of several referrers by user id, {} where the programme has no levels."""
    if not levels:
        return {}
    values = {"referrers": list(referrer_user_ids), "before": before, "most": levels[-1].referrals}
    return dict(query(_COUNT, values))
