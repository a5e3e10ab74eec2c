"""Risk hints of rewards, each with its reason. They inform admins; the programme may leave rewards with one to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models import ReferralReward
from portal.attribution import SAME_MAILBOX
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

_MAILBOXES = """
SELECT 0 AS place, id, 'mailbox' AS code, 0::bigint AS many, email FROM users
WHERE id = ANY(%(people)s) AND email IS NOT NULL
"""
# A store's buyer has no account; what its report said was compared then.
_REPORTED_MAILBOX = """
SELECT 0, r.id, 'reported_mailbox', 0, '' FROM referral_rewards r JOIN orders o ON o.id = r.order_id
WHERE r.id = ANY(%(ids)s) AND r.referee_user_id IS NULL AND o.referral_trace @> %(same_mailbox)s::jsonb
"""
# Every linked wallet has a code, so the codes are the history of a person's wallets.
_SAME_WALLET = """
SELECT 1, r.id, 'wallet', 0, '' FROM referral_rewards r WHERE r.id = ANY(%(ids)s) AND EXISTS (
    (SELECT address FROM wallets WHERE user_id = r.referee_user_id
     UNION ALL SELECT wallet_address FROM refcodes WHERE owner_user_id = r.referee_user_id AND wallet_address <> '')
    INTERSECT
    (SELECT address FROM wallets WHERE user_id = r.referrer_user_id
     UNION ALL SELECT wallet_address FROM refcodes WHERE owner_user_id = r.referrer_user_id
     UNION ALL SELECT r.referrer_wallet))
"""
_SHARED = """
SELECT CASE s.kind WHEN 'device' THEN 2 ELSE 3 END, r.id, s.kind, 0, '' FROM referral_rewards r JOIN shared_signals s
    ON s.referee_user_id = r.referee_user_id AND s.referrer_user_id = r.referrer_user_id
WHERE r.id = ANY(%(ids)s)
"""
_REWARDS = """
SELECT * FROM unnest(%(ids)s::bigint[], %(codes)s::text[], %(moments)s::timestamptz[], %(buyers)s::bigint[])
    AS given (id, code, at, buyer)
"""
# The LIMIT makes the planner look each buyer up.
_SIGN_UPS = f"""
SELECT r.id, r.code, buyer.referred_at FROM ({_REWARDS}) AS r CROSS JOIN LATERAL (
    SELECT referred_at FROM users WHERE id = r.buyer AND referred_by_code = r.code LIMIT 1) AS buyer
"""  # noqa: S608
# The busiest hour that contains this event, starting with any event in the hour before it. Only the nearest rows on
# either side are read.
_BUSIEST_HOUR = """
SELECT {place}, c.id, '{name}', max(hour.many), '' FROM ({centres}) AS c CROSS JOIN LATERAL (
    SELECT near.at, count(*) OVER (ORDER BY near.at RANGE BETWEEN CURRENT ROW AND interval '1 hour' FOLLOWING) AS many
    FROM ((SELECT {at} AS at FROM {table} WHERE {code} = c.code AND {at} <= c.{centre}
               AND {at} >= c.{centre} - interval '1 hour' ORDER BY {at} DESC LIMIT %(most)s)
          UNION ALL
          (SELECT {at} FROM {table} WHERE {code} = c.code AND {at} > c.{centre}
               AND {at} <= c.{centre} + interval '1 hour' ORDER BY {at} LIMIT %(most)s)) AS near
) AS hour GROUP BY c.id
"""
_MANY_ORDERS = _BUSIEST_HOUR.format(
    place=4,
    name="many_orders",
    centres=_REWARDS,
    centre="at",
    table="referral_rewards",
    code="ref_code",
    at="created_at",
)
_MANY_SIGN_UPS = _BUSIEST_HOUR.format(
    place=5,
    name="many_sign_ups",
    centres=_SIGN_UPS,
    centre="referred_at",
    table="users",
    code="referred_by_code",
    at="referred_at",
)
_FACTS = " UNION ALL ".join(
    (_MAILBOXES, _REPORTED_MAILBOX, _SAME_WALLET, _SHARED, _MANY_ORDERS, _MANY_SIGN_UPS)
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
    """Return the hints of rewards by id, in two statements for any number."""
    hints: dict[int, list[RiskHint]] = {reward.id: [] for reward in rewards}
    facts = _facts_of(rewards)
    mailboxes: dict[int | None, str] = {
        user_id: mailbox(email) for _place, user_id, code, _many, email in facts if code == "mailbox"
    }
    reported = {reward_id for _place, reward_id, code, _many, _email in facts if code == "reported_mailbox"}
    for reward_id in reported.union(_same_mailbox(rewards, mailboxes)):
        hints[reward_id].append(RiskHint("same_mailbox", "high"))
    for _place, reward_id, code, many, _email in facts:
        if hint := _hint(code, many):
            hints[reward_id].append(hint)
    orders = code_orders(list({reward.ref_code for reward in rewards}))
    for reward in rewards:
        if hint := refund_hint(orders[reward.ref_code].paid, orders[reward.ref_code].refunded):
            hints[reward.id].append(hint)
    return hints


def _facts_of(rewards: Sequence[ReferralReward]) -> list[tuple[int, int, str, int, str]]:
    """Return (place, reward or account, code, number, e-mail address) of each fact, in the order of the places."""
    people = {reward.referrer_user_id for reward in rewards} | {reward.referee_user_id for reward in rewards}
    return query(
        f"{_FACTS} ORDER BY 1, 2",
        {
            "people": list(people - {None}),
            "ids": [reward.id for reward in rewards],
            "codes": [reward.ref_code for reward in rewards],
            "moments": [reward.created_at for reward in rewards],
            "buyers": [reward.referee_user_id for reward in rewards],
            "most": MOST_COUNTED + 1,
            "same_mailbox": json.dumps([{"detail": SAME_MAILBOX}]),
        },
    )


def _hint(code: str, many: int) -> RiskHint | None:
    if code in ("mailbox", "reported_mailbox"):
        return None
    if code in ("many_orders", "many_sign_ups"):
        return RiskHint(code, "medium", many) if many >= MANY_IN_AN_HOUR else None
    # A household, an office or a mobile network shares an address; a browser and a wallet belong to one person.
    return RiskHint(f"same_{code}", "medium" if code == "address" else "high")


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


def _same_mailbox(rewards: Sequence[ReferralReward], mailboxes: Mapping[int | None, str]) -> Iterator[int]:
    for reward in rewards:
        buyer = mailboxes.get(reward.referee_user_id)
        if buyer is not None and buyer == mailboxes.get(reward.referrer_user_id):
            yield reward.id
