"""Read what a payout run would pay now: the sums of each balance, and the rows of those that a run can take.

See docs/rules/payouts.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from portal.commissions.payout_rules import (
    MOST_ROWS,
    NEXT_RUN,
    Balance,
    DueRow,
    Exclusion,
    PayoutPlan,
    PayoutTerms,
    most_refunds,
    plan_balance,
    plan_payouts,
)
from portal.commissions.totals import DUE, list_due_balances
from portal.db import query, without_set_aside

VENDOR_QUEUE = "payout_vendors"

Key = tuple[int, str]
Rows = dict[Key, list[DueRow]]

_ROW = "SELECT id, vendor_id, currency, net_payout_minor FROM settlements"
_OLDEST = f"""
SELECT b.vendor_id, b.currency FROM unnest(%s::bigint[], %s::text[]) AS b (vendor_id, currency)
LEFT JOIN LATERAL (
    SELECT scheduled_for, id FROM settlements s WHERE s.vendor_id = b.vendor_id AND s.currency = b.currency AND {DUE}
    ORDER BY scheduled_for, id LIMIT 1
) AS oldest ON true
ORDER BY oldest.scheduled_for, oldest.id, b.vendor_id, b.currency
"""  # noqa: S608 - a constant
_ROWS_OF = f"""
SELECT s.id, s.vendor_id, s.currency, s.net_payout_minor
FROM unnest(%s::bigint[], %s::text[]) AS b (vendor_id, currency)
JOIN settlements s ON s.vendor_id = b.vendor_id AND s.currency = b.currency
WHERE {DUE} ORDER BY s.scheduled_for, s.id
"""  # noqa: S608 - a constant
_OF_BALANCE = f"{_ROW} WHERE vendor_id = %(vendor)s AND currency = %(currency)s AND {DUE}"
# Of a balance that is longer than a run: the oldest refunds and the largest sales, each through an index.
_CHOICE = f"""
SELECT * FROM ({_OF_BALANCE} AND net_payout_minor < 0 ORDER BY scheduled_for, id LIMIT %(refunds)s) AS refunds
UNION ALL
SELECT * FROM (
    {_OF_BALANCE} AND net_payout_minor >= 0 ORDER BY net_payout_minor DESC, scheduled_for, id LIMIT %(most)s
) AS sales
"""  # noqa: S608 - a constant
_LOCK = f"{_ROW} WHERE id = ANY(%s) AND {DUE} ORDER BY scheduled_for, id FOR UPDATE"


def read_plan(*, vendor_ids: Sequence[int] | None = None, lock: bool = False) -> PayoutPlan:
    """Plan a run over what is due now, of some vendors only where given.

    `lock` locks the rows that would be paid until the caller's transaction ends. A vendor whose payout could not be
    opened waits. See docs/rules/refunds.md and docs/rules/queues.md.
    """
    balances = list_due_balances(vendor_ids)
    keys = [balance.key for balance in balances]
    due_now: list[Key] = without_set_aside(VENDOR_QUEUE, keys, vendor_item)
    aside = set(keys).difference(due_now)
    terms = payout_terms({vendor_id for vendor_id, _ in keys})
    payable = [each for each in balances if each.key not in aside and _is_payable(each, terms)]
    ordered = _oldest_first(payable)
    rows = _read_rows(ordered, terms)
    if lock:
        rows = _lock_rows(rows)
        # They cannot change any more; what others changed before is in the sums of now.
        balances = list_due_balances(vendor_ids)
    places = {balance.key: place for place, balance in enumerate(ordered)}
    balances.sort(key=lambda balance: places.get(balance.key, len(places)))
    return plan_payouts(balances, rows, terms, aside=aside)


def vendor_item(balance: Key) -> str:
    """Return the item of a (vendor, currency) balance in the queue of vendors that cannot be paid."""
    return f"{balance[0]} {balance[1]}"


def payout_terms(vendor_ids: Iterable[int]) -> dict[int, PayoutTerms]:
    """Return the minimum and reserve of the vendors that have a configuration."""
    rows = query(
        "SELECT vendor_id, minimum_payout_minor, reserve_percent FROM merchant_configs WHERE vendor_id = ANY(%s)",
        [sorted(vendor_ids)],
    )
    return {vendor_id: PayoutTerms(minimum_minor, percent) for vendor_id, minimum_minor, percent in rows}


def _is_payable(balance: Balance, terms: Mapping[int, PayoutTerms]) -> bool:
    planned = plan_balance(balance, None, terms.get(balance.vendor_id, PayoutTerms()))
    return not isinstance(planned, Exclusion) or planned.reason == NEXT_RUN


def _oldest_first(balances: Sequence[Balance]) -> list[Balance]:
    """Return balances in the order of their oldest due rows, those without rows last."""
    if len(balances) < 2:
        return list(balances)
    by_key = {balance.key: balance for balance in balances}
    return [by_key[vendor_id, currency] for vendor_id, currency in query(_OLDEST, _columns(balances))]


def _read_rows(balances: Sequence[Balance], terms: Mapping[int, PayoutTerms]) -> Rows:
    """Return the rows of the balances that fit into one run, in their order."""
    rows: Rows = {}
    short: list[Balance] = []
    remaining = MOST_ROWS
    for balance in balances:
        if balance.count <= remaining:
            short.append(balance)
            remaining -= balance.count
        elif remaining == MOST_ROWS:
            rows[balance.key] = _choose(balance)
            planned = plan_balance(balance, rows[balance.key], terms.get(balance.vendor_id, PayoutTerms()))
            remaining -= 0 if isinstance(planned, Exclusion) else len(planned.rows)
    for row in query(_ROWS_OF, _columns(short)) if short else ():
        due = DueRow(*row)
        rows.setdefault((due.vendor_id, due.currency), []).append(due)
    return rows


def _choose(balance: Balance) -> list[DueRow]:
    bounds = {"refunds": most_refunds(MOST_ROWS), "most": MOST_ROWS}
    found = query(_CHOICE, {"vendor": balance.vendor_id, "currency": balance.currency, **bounds})
    return [DueRow(*row) for row in found]


def _lock_rows(rows: Rows) -> Rows:
    """Lock rows and return those that are still due, as they are now."""
    locked: Rows = {}
    for row in query(_LOCK, [[due.id for of_balance in rows.values() for due in of_balance]]):
        due = DueRow(*row)
        locked.setdefault((due.vendor_id, due.currency), []).append(due)
    return locked


def _columns(balances: Sequence[Balance]) -> list[list[object]]:
    return [[balance.vendor_id for balance in balances], [balance.currency for balance in balances]]
