"""Numbers for Prometheus at a cost that does not grow with the ledgers.

Rewards come from their maintained totals, the sizes of other ledgers from the planner's estimates, and queues are read
through the indexes of their open rows, up to a limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.chain import AnyChain
from portal.commissions.totals import PAYABLE
from portal.flows.minting.mint_rewards import state_name
from portal.flows.minting.watch_chain import watch_name
from portal.flows.payouts.pay_settlements import PAYOUT_STATE
from portal.flows.payouts.watch_treasury import TREASURY_WATCH
from portal.monitoring import JOB_STATES, JobState
from portal.payments import COUNTED_AT_MOST
from portal.rewards.mintable import MINTABLE_ON_ANY_CHAIN

Query = Callable[..., list[tuple[Any, ...]]]

# A queue that is longer counts as this long; that of callbacks may be long in a burst.
QUEUE_LIMIT = 10_000
_LIMITS = {"callbacks": COUNTED_AT_MOST}

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
# Each queue with the moment since which its rows wait, in the order of an index of its open rows.
_OPEN_ROWS = {
    "callbacks": "SELECT received_at FROM payment_events WHERE outcome IS NULL ORDER BY id",
    "unmatched_callbacks": "SELECT received_at FROM payment_events"
    " WHERE outcome = 'unmatched' AND closed_at IS NULL ORDER BY id",
    "chain_transactions": "SELECT created_at FROM chain_transactions WHERE status = 'open'",
    "failed_ledgers": "SELECT created_at FROM rail_failures WHERE resolved_at IS NULL ORDER BY id",
    "letters": "SELECT created_at FROM mail_outbox WHERE status = 'queued' ORDER BY next_attempt_at, id",
    "payments": "SELECT created_at FROM payment_transactions"
    " WHERE status IN ('redirected', 'pending') ORDER BY created_at",
    "payouts": "SELECT created_at FROM payouts WHERE status = 'processing' ORDER BY id",
    "proposals": "SELECT created_at FROM proposals WHERE status = 'waiting' ORDER BY expires_at, id",
    "refunds": "SELECT created_at FROM payment_refunds WHERE status = 'requested' ORDER BY created_at, id",
    "rewards_to_approve": "SELECT created_at FROM referral_rewards"
    " WHERE status = 'pending_approval' ORDER BY created_at, id",
    "rewards_to_mint": "SELECT coalesce(r.approved_at, r.created_at) FROM referral_rewards r"  # noqa: S608
    f" WHERE {MINTABLE_ON_ANY_CHAIN} ORDER BY r.created_at, r.id",
    "rewards_being_minted": "SELECT updated_at FROM referral_rewards WHERE status = 'minting'"
    " ORDER BY created_at, id",
    "settlements": f"SELECT scheduled_for FROM settlements WHERE {PAYABLE}"  # noqa: S608
    " AND scheduled_for <= now() ORDER BY scheduled_for",
    "set_aside": "SELECT created_at FROM failing_items ORDER BY created_at, queue, item_id",
    "store_events": "SELECT received_at FROM store_events WHERE outcome IS NULL ORDER BY id",
    "webhooks": "SELECT created_at FROM webhook_deliveries WHERE next_attempt_at IS NOT NULL"
    " ORDER BY next_attempt_at, id",
}
_QUEUES = " UNION ALL ".join(
    f"SELECT '{name}', count(*), greatest(0, extract(epoch FROM now() - min(since)))::bigint"  # noqa: S608
    f" FROM ({sql} LIMIT {_LIMITS.get(name, QUEUE_LIMIT)}) AS {name} (since)"
    for name, sql in _OPEN_ROWS.items()
)
_WATCHED = """
SELECT name, value, extract(epoch FROM now() - updated_at)::bigint, extract(epoch FROM now() - since)::bigint
FROM chain_state WHERE name IN (%s, %s, %s, %s)
"""
_ALERTS = "SELECT kind, count(*) FROM chain_alerts WHERE resolved_at IS NULL GROUP BY kind ORDER BY kind"
_ENDPOINTS = """
SELECT count(*) FILTER (WHERE disabled_at IS NOT NULL), count(*) FILTER (WHERE failing_since IS NOT NULL)
FROM webhook_endpoints
"""


@dataclass(frozen=True)
class Queue:
    """The open rows of a queue, at most `QUEUE_LIMIT`, and the seconds that the oldest of them has waited."""

    rows: int
    oldest_seconds: int


@dataclass(frozen=True)
class Account:
    """What an account on the chain had when it was read: wei of the native coin and the days they last, token units."""

    balance_wei: int | None
    gas_days: int | None
    token_units: int | None
    read_seconds_ago: int


@dataclass(frozen=True)
class Metrics:
    """Rewards by status, estimated rows by table, queues, accounts, jobs, alerts of the audit, and what waits.

    `waiting` has, for minting and payouts, the reason why they wait and for how many seconds; "" where they do not.
    """

    rewards: dict[str, int]
    estimates: dict[str, int]
    queues: dict[str, Queue]
    accounts: dict[str, Account]
    waiting: dict[str, tuple[str, int]]
    jobs: list[JobState]
    alerts: dict[str, int]
    endpoints_disabled: int
    endpoints_failing: int


def read_metrics(query: Query, chain: AnyChain) -> Metrics:
    """Return the present numbers."""
    names = {"minter": watch_name(chain), "payouts": TREASURY_WATCH}
    reasons = {"minting": state_name(chain.chain_id), "payouts": PAYOUT_STATE}
    rows = {row[0]: row[1:] for row in query(_WATCHED, *names.values(), *reasons.values())}
    ((disabled, failing),) = query(_ENDPOINTS)
    return Metrics(
        rewards=dict(query(_REWARDS)),
        estimates=dict(query(_ESTIMATES)),
        queues={name: Queue(count, int(age or 0)) for name, count, age in query(_QUEUES)},
        accounts={account: _account(*rows[name][:2]) for account, name in names.items() if name in rows},
        waiting={what: _waiting(*rows.get(name, ({}, 0, 0))) for what, name in reasons.items()},
        jobs=[JobState(*row) for row in query(JOB_STATES)],
        alerts=dict(query(_ALERTS)),
        endpoints_disabled=disabled,
        endpoints_failing=failing,
    )


def _account(value: dict[str, Any], age: int) -> Account:
    def number(key: str) -> int | None:
        return None if value.get(key) is None else int(value[key])

    return Account(number("operatorBalanceWei"), number("daysOfGas"), number("treasuryUnits"), age)


def _waiting(value: dict[str, Any], _age: int, since: int) -> tuple[str, int]:
    code = value.get("code") or ""
    return code.partition(",")[0], since if code else 0
