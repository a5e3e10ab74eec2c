"""Numbers for Prometheus at a cost that does not grow with the ledgers.

Rewards come from their maintained totals, the sizes of other ledgers from the planner's estimates, and queues are
counted through the indexes of their open rows, up to a limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.chain import AnyChain
from portal.flows.minting.watch_chain import watch_name

Query = Callable[..., list[tuple[Any, ...]]]

# A queue that is longer counts as this long.
QUEUE_LIMIT = 10_000

_REWARDS = """
SELECT status, sum(rewards)::bigint FROM (
    SELECT status, rewards FROM reward_totals WHERE referrer_user_id = 0
    UNION ALL SELECT status, rewards FROM reward_total_deltas
) AS parts GROUP BY status ORDER BY status
"""
_ESTIMATES = """
SELECT relname, greatest(reltuples, 0)::bigint FROM pg_class
WHERE oid IN ('orders'::regclass, 'settlements'::regclass, 'payment_events'::regclass, 'referral_rewards'::regclass)
ORDER BY relname
"""
_OPEN_ROWS = {
    "letters": "SELECT 1 FROM mail_outbox WHERE status = 'queued'",
    "payments": "SELECT 1 FROM payment_transactions WHERE status IN ('redirected', 'pending')",
    "payouts": "SELECT 1 FROM payouts WHERE status = 'processing'",
    "refunds": "SELECT 1 FROM payment_refunds WHERE status = 'requested'",
    "settlements": "SELECT 1 FROM settlements WHERE status = 'pending' AND scheduled_for <= now()",
}
_QUEUES = " UNION ALL ".join(
    f"SELECT '{name}', count(*) FROM ({sql} LIMIT {QUEUE_LIMIT}) AS {name}"  # noqa: S608
    for name, sql in _OPEN_ROWS.items()
)
_MINTER = "SELECT value ->> 'operatorBalanceWei', value ->> 'daysOfGas' FROM chain_state WHERE name = %s"


@dataclass(frozen=True)
class Metrics:
    """Rewards by status, estimated rows by table, open rows by queue; the minter's balance in wei, gas in days."""

    rewards: dict[str, int]
    estimates: dict[str, int]
    queues: dict[str, int]
    minter_balance_wei: int | None
    minter_gas_days: int | None


def read_metrics(query: Query, chain: AnyChain) -> Metrics:
    """Return the present numbers."""
    balance, days = next(iter(query(_MINTER, watch_name(chain))), (None, None))
    return Metrics(
        rewards=dict(query(_REWARDS)),
        estimates=dict(query(_ESTIMATES)),
        queues=dict(query(_QUEUES)),
        minter_balance_wei=None if balance is None else int(balance),
        minter_gas_days=None if days is None else int(days),
    )
