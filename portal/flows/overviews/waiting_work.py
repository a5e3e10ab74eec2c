"""What waits for an admin's decision, counted through the indexes of open rows and up to a limit."""

from __future__ import annotations

from portal.db import query

# A queue that is longer counts as this long.
COUNT_LIMIT = 1_001

_OPEN_ROWS = {
    "rewards": "FROM referral_rewards WHERE status = 'pending_approval'",
    "failed_rewards": "FROM referral_rewards WHERE status = 'failed'",
    "proposals": "FROM proposals WHERE status = 'waiting' AND expires_at > now()",
    "applications": "FROM programme_applications WHERE status = 'waiting'",
    "erasures": "FROM users WHERE erasure_requested_at IS NOT NULL",
    "callbacks": "FROM payment_events WHERE outcome = 'unmatched' AND closed_at IS NULL",
    "ledgers": "FROM rail_failures WHERE resolved_at IS NULL",
    "refunds": "FROM payment_refunds WHERE status = 'requested'",
    "cancelled_parts": "FROM order_fulfilments WHERE status = 'cancelled'",
    "held_settlements": "FROM settlements WHERE status = 'held'",
    "failed_settlements": "FROM settlements WHERE status = 'failed'",
    "statements": "FROM commission_statements WHERE status = 'open'",
    "unknown_payments": "FROM foreign_payments WHERE adopted_at IS NULL",
    "failing": "FROM failing_items",
    "deliveries": "FROM webhook_deliveries WHERE status = 'failed' AND created_at > now() - interval '7 days'",
    "letters": "FROM mail_outbox WHERE status = 'queued' AND next_attempt_at < now() - interval '10 minutes'",
}
_COUNTS = " UNION ALL ".join(
    f"SELECT '{name}', count(*) FROM (SELECT 1 {rows} LIMIT {COUNT_LIMIT}) AS {name}"  # noqa: S608 - constants
    for name, rows in _OPEN_ROWS.items()
)


def count_waiting_work() -> dict[str, int]:
    """Return the length of each queue, at most COUNT_LIMIT, in one statement.

    `letters` are those that should have left ten minutes ago; `deliveries` are webhooks given up within a week.
    """
    return dict(query(_COUNTS))
