"""Risk hints of rewards, each with its reason. They inform admins; the programme may leave rewards with one to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models import ReferralReward, User
from portal.db import query, transaction, work_through
from portal.db.failing import not_set_aside, require_database
from portal.lib.mailboxes import mailbox
from portal.logs import get_logger
from portal.orders import code_orders

log = get_logger(__name__)

HINT_QUEUE = "risk_hints"
MANY_IN_AN_HOUR = 5
# Counting stops here.
MOST_COUNTED = 100
# A single refund is no sign of fraud; from the second on, more than a fifth of the paid orders is.
LEAST_REFUNDS = 2
HIGH_REFUND_PERCENT = 20

_SHARED = """
SELECT r.id, s.kind FROM referral_rewards r JOIN shared_signals s
    ON s.referee_user_id = r.referee_user_id AND s.referrer_user_id = r.referrer_user_id
WHERE r.id = ANY(%s) ORDER BY r.id, s.kind DESC
"""
# Every linked wallet has a code, so the codes are the history of a person's wallets.
_SAME_WALLET = """
SELECT r.id FROM referral_rewards r WHERE r.id = ANY(%s) AND EXISTS (
    (SELECT address FROM wallets WHERE user_id = r.referee_user_id
     UNION ALL SELECT wallet_address FROM refcodes WHERE owner_user_id = r.referee_user_id AND wallet_address <> '')
    INTERSECT
    (SELECT address FROM wallets WHERE user_id = r.referrer_user_id
     UNION ALL SELECT wallet_address FROM refcodes WHERE owner_user_id = r.referrer_user_id
     UNION ALL SELECT r.referrer_wallet))
"""
# The busiest hour that contains this event, starting with any event in the hour before it. Only the nearest rows on
# either side are read.
_BUSIEST_HOUR = """
SELECT c.id, max(hour.many) FROM ({centres}) AS c (id, code, at) CROSS JOIN LATERAL (
    SELECT near.at, count(*) OVER (ORDER BY near.at RANGE BETWEEN CURRENT ROW AND interval '1 hour' FOLLOWING) AS many
    FROM ((SELECT {at} AS at FROM {table} WHERE {code} = c.code AND {at} <= c.at AND {at} >= c.at - interval '1 hour'
           ORDER BY {at} DESC LIMIT %(most)s)
          UNION ALL
          (SELECT {at} FROM {table} WHERE {code} = c.code AND {at} > c.at AND {at} <= c.at + interval '1 hour'
           ORDER BY {at} LIMIT %(most)s)) AS near
) AS hour GROUP BY c.id
"""
_MANY_ORDERS = _BUSIEST_HOUR.format(
    centres="SELECT id, ref_code, created_at FROM referral_rewards WHERE id = ANY(%(ids)s)",
    table="referral_rewards",
    code="ref_code",
    at="created_at",
)
_MANY_SIGN_UPS = _BUSIEST_HOUR.format(
    centres="SELECT r.id, u.referred_by_code, u.referred_at FROM referral_rewards r JOIN users u"
    " ON u.id = r.referee_user_id AND u.referred_by_code = r.ref_code WHERE r.id = ANY(%(ids)s)",
    table="users",
    code="referred_by_code",
    at="referred_at",
)

# Only open rewards, which the filter of the queue covers; never counted first, then the oldest count.
_TO_COUNT = """
SELECT r.id FROM referral_rewards r LEFT JOIN reward_hint_counts c ON c.reward_id = r.id
WHERE r.status = 'pending_approval' AND (c.counted_at IS NULL OR c.counted_at < now() - interval '5 minutes')
AND {not_set_aside} ORDER BY c.counted_at NULLS FIRST, r.id LIMIT %s
""".format(not_set_aside=not_set_aside(HINT_QUEUE, "r.id"))
_KEEP_COUNTS = """
INSERT INTO reward_hint_counts (reward_id, hints) SELECT * FROM unnest(%s::bigint[], %s::smallint[])
ON CONFLICT (reward_id) DO UPDATE SET hints = excluded.hints, counted_at = now()
"""


@dataclass(frozen=True)
class RiskHint:
    """A risk hint: a stable `code`, a `level` (low, medium, high), and the `number` in its sentence."""

    code: str
    level: str
    number: int = 0


def risk_hints(rewards: Sequence[ReferralReward]) -> dict[int, list[RiskHint]]:
    """Return the hints of rewards by id, in a fixed number of queries."""
    hints: dict[int, list[RiskHint]] = {reward.id: [] for reward in rewards}
    ids = list(hints)
    for reward_id in _same_mailbox(rewards):
        hints[reward_id].append(RiskHint("same_mailbox", "high"))
    for (reward_id,) in query(_SAME_WALLET, [ids]):
        hints[reward_id].append(RiskHint("same_wallet", "high"))
    for reward_id, kind in query(_SHARED, [ids]):
        # A household, an office or a mobile network shares an address; a browser belongs to one person.
        hints[reward_id].append(RiskHint(f"same_{kind}", "high" if kind == "device" else "medium"))
    for code, sql in (("many_orders", _MANY_ORDERS), ("many_sign_ups", _MANY_SIGN_UPS)):
        for reward_id, many in query(sql, {"ids": ids, "most": MOST_COUNTED + 1}):
            if many >= MANY_IN_AN_HOUR:
                hints[reward_id].append(RiskHint(code, "medium", many))
    orders = code_orders(list({reward.ref_code for reward in rewards}))
    for reward in rewards:
        if hint := refund_hint(orders[reward.ref_code].paid, orders[reward.ref_code].refunded):
            hints[reward.id].append(hint)
    return hints


def refund_hint(paid: int, refunded: int) -> RiskHint | None:
    """Return the hint of a code with many refunds among its paid orders, or None."""
    if refunded < LEAST_REFUNDS or refunded * 100 <= paid * HIGH_REFUND_PERCENT:
        return None
    return RiskHint("refund_rate", "medium", refunded * 100 // paid if paid else 100)


def count_hints(limit: int = 1_000) -> int:
    """Update the hint counts of pending rewards for the filter of the queue; return the number of rewards.

    Where the rewards cannot be counted together, each is counted for itself, and those that fail are set aside.
    """
    ids = [reward_id for (reward_id,) in query(_TO_COUNT, [limit])]
    try:
        return _count_together(ids)
    except Exception as error:
        require_database(error)
        log.warning("hints are counted one by one", reason=f"{type(error).__name__}: {error}")
    return work_through(HINT_QUEUE, ids, int, lambda reward_id: _count_together([reward_id]))


def _count_together(ids: Sequence[int]) -> int:
    with transaction():
        hints = risk_hints(list(ReferralReward.select().where(ReferralReward.id.in_(list(ids)))))
        query(_KEEP_COUNTS, [list(hints), [len(each) for each in hints.values()]])
    return len(hints)


def _same_mailbox(rewards: Sequence[ReferralReward]) -> Iterator[int]:
    people = {reward.referrer_user_id for reward in rewards} | {reward.referee_user_id for reward in rewards}
    mailboxes = {
        row.id: mailbox(row.email)
        for row in User.select().where(User.id.in_(list(people - {None})))
        if row.email
    }
    for reward in rewards:
        buyer = mailboxes.get(reward.referee_user_id)
        if buyer is not None and buyer == mailboxes.get(reward.referrer_user_id):
            yield reward.id
