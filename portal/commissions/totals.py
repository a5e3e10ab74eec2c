"""Maintained totals of settlements: what is due, waits, is held, paid and owed, at a cost that does not grow.

Statement triggers record differences (`sql/functions/24_settlement_totals.sql`); a job folds them. Readers add both, so
the sums are exact at any time. See docs/rules/settlements.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.commissions.payout_rules import Balance
from portal.db import query, transaction

# Pending settlements that the portal pays out: a store that collected the money has it already.
PAYABLE = "collected_by = 'platform' AND status = 'pending'"
# What the next run can take; a refund is due at once. See docs/rules/refunds.md.
DUE = f"{PAYABLE} AND (scheduled_for <= now() OR kind = 'refund')"

# Hours that are over for more than an hour are merged: a transaction that began before an hour's end reads it whole.
_FOLD = f"""
WITH gone AS (
    DELETE FROM settlement_total_deltas
    RETURNING vendor_id, currency, collected_by, status, due_hour, reason, settlements, net_sum, commission_sum
), past AS (
    DELETE FROM settlement_totals
    WHERE {PAYABLE} AND due_hour > 'epoch' AND due_hour < date_trunc('hour', now() - interval '1 hour', 'UTC')
    RETURNING vendor_id, currency, collected_by, status, due_hour, reason, settlements, net_sum, commission_sum
), parts AS (
    SELECT * FROM gone
    UNION ALL SELECT 0, currency, collected_by, status, due_hour, reason, settlements, net_sum, commission_sum FROM gone
    UNION ALL SELECT * FROM past
), sums AS (
    SELECT vendor_id, currency, collected_by, status,
        CASE WHEN due_hour < date_trunc('hour', now() - interval '1 hour', 'UTC') THEN 'epoch' ELSE due_hour END
            AS due_hour,
        reason, sum(settlements) AS settlements, sum(net_sum) AS net_sum, sum(commission_sum) AS commission_sum
    FROM parts GROUP BY 1, 2, 3, 4, 5, 6
)
INSERT INTO settlement_totals AS t
    (vendor_id, currency, collected_by, status, due_hour, reason, settlements, net_sum, commission_sum)
SELECT vendor_id, currency, collected_by, status, due_hour, reason, settlements, net_sum, commission_sum FROM sums
ON CONFLICT (vendor_id, currency, collected_by, status, due_hour, reason) DO UPDATE
    SET settlements = t.settlements + excluded.settlements, net_sum = t.net_sum + excluded.net_sum,
        commission_sum = t.commission_sum + excluded.commission_sum
RETURNING t.vendor_id
"""  # noqa: S608 - a constant

# The totals and the differences since, of some vendors or of the platform, which is vendor 0.
_PARTS = """
    SELECT vendor_id, currency, collected_by, status, due_hour, reason, settlements, net_sum, commission_sum
    FROM settlement_totals WHERE vendor_id = ANY(%(vendors)s)
    UNION ALL
    SELECT vendor_id, currency, collected_by, status, due_hour, reason, settlements, net_sum, commission_sum
    FROM settlement_total_deltas WHERE 0 = ANY(%(vendors)s) OR vendor_id = ANY(%(vendors)s)
"""
# All that falls due in the hours that have begun, less what the rest of the present hour brings. Midnights, when most
# settlements fall due, begin an hour: none of theirs is read.
_HOUR_HAS_BEGUN = "due_hour <= now()"
_LATER_THIS_HOUR = f"""
    SELECT vendor_id, currency, net_payout_minor FROM settlements
    WHERE {PAYABLE} AND kind = 'sale' AND scheduled_for > now()
        AND scheduled_for < date_trunc('hour', now(), 'UTC') + interval '1 hour'
"""  # noqa: S608 - a constant

_STATES = f"""
SELECT currency, status, reason, sum(settlements)::bigint, sum(net_sum) FROM ({_PARTS}) AS parts
WHERE collected_by = 'platform' GROUP BY 1, 2, 3 HAVING sum(settlements) <> 0 ORDER BY 1, 2, 4 DESC, 3
"""  # noqa: S608 - a constant
_DUE = f"""
SELECT currency, sum(settlements)::bigint, sum(net) FROM (
    SELECT currency, settlements, net_sum AS net FROM ({_PARTS}) AS parts WHERE {PAYABLE} AND {_HOUR_HAS_BEGUN}
    UNION ALL
    SELECT currency, -1, -net_payout_minor FROM ({_LATER_THIS_HOUR}) AS rows
    WHERE 0 = ANY(%(vendors)s) OR vendor_id = ANY(%(vendors)s)
) AS due GROUP BY 1 HAVING sum(settlements) <> 0 ORDER BY 1
"""  # noqa: S608 - a constant
_BALANCES = f"""
SELECT vendor_id, currency, sum(settlements)::bigint, sum(net)::numeric, sum(released)::numeric FROM (
    SELECT vendor_id, currency, settlements, net_sum AS net, 0 AS released FROM settlement_totals
    WHERE vendor_id <> 0 AND {PAYABLE} AND {_HOUR_HAS_BEGUN}
    UNION ALL
    SELECT vendor_id, currency, settlements, net_sum, 0 FROM settlement_total_deltas
    WHERE {PAYABLE} AND {_HOUR_HAS_BEGUN}
    UNION ALL
    SELECT vendor_id, currency, -1, -net_payout_minor, 0 FROM ({_LATER_THIS_HOUR}) AS rows
    UNION ALL
    SELECT vendor_id, currency, 0, 0, amount_minor FROM reserve_releases WHERE payout_id IS NULL
) AS due
WHERE %(vendors)s::bigint[] IS NULL OR vendor_id = ANY(%(vendors)s::bigint[])
GROUP BY 1, 2 HAVING sum(settlements) <> 0 OR sum(released) <> 0 ORDER BY 1, 2
"""  # noqa: S608 - a constant
# The parts of what vendors owe commission for: their store collected the money.
OF_STORES = """
    SELECT vendor_id, currency, status, commission_sum FROM settlement_totals
    WHERE vendor_id <> 0 AND collected_by = 'store' AND settlements <> 0
    UNION ALL
    SELECT vendor_id, currency, status, commission_sum FROM settlement_total_deltas WHERE collected_by = 'store'
"""


@dataclass(frozen=True)
class StateSum:
    """The number and net payout, in minor units, of the settlements of one currency and status; held ones by reason."""

    currency: str
    status: str
    reason: str
    count: int
    net_minor: int


def fold_settlement_totals() -> int:
    """Add the recorded differences to the totals and return how many totals changed.

    The sums move in one statement, so that a reader sees either the differences or the totals.
    """
    with transaction():
        changed = len(query(_FOLD))
        query("DELETE FROM settlement_totals WHERE settlements = 0")
    return changed


def list_state_sums(vendor_ids: Sequence[int] | None = None) -> list[StateSum]:
    """Return the sums of all settlements that the portal pays out, of some vendors where given.

    The most frequent reasons of a status come first.
    """
    rows = query(_STATES, {"vendors": _vendors(vendor_ids)})
    return [
        StateSum(currency, status, reason, count, int(net)) for currency, status, reason, count, net in rows
    ]


def sum_due(vendor_ids: Sequence[int] | None = None) -> dict[str, tuple[int, int]]:
    """Return {currency: (count, net in minor units)} of the settlements that are due, of some vendors where given."""
    rows = query(_DUE, {"vendors": _vendors(vendor_ids)})
    return {currency: (count, int(net)) for currency, count, net in rows}


def list_due_balances(vendor_ids: Sequence[int] | None = None) -> list[Balance]:
    """Return what is due to each vendor in each currency, with the released reserves that no payout includes yet."""
    rows = query(_BALANCES, {"vendors": None if vendor_ids is None else list(vendor_ids)})
    return [
        Balance(vendor_id, currency, count, int(net), int(released))
        for vendor_id, currency, count, net, released in rows
    ]


def _vendors(vendor_ids: Sequence[int] | None) -> list[int]:
    return [0] if vendor_ids is None else list(vendor_ids)
