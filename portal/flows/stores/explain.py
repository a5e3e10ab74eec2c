"""What the log says of an applied snapshot: the facts for an admin, and who is credited. See docs/rules/stores.md."""

from __future__ import annotations

from typing import Any

from portal.db import query
from portal.flows.stores.apply_snapshot import Outcome

_DECISION = """
SELECT o.referral_code, o.referral_reason, r.reward_percent + r.bonus_percent
FROM orders o LEFT JOIN referral_rewards r ON r.order_reference = o.order_reference WHERE o.id = %s
"""


def explanation_of(outcome: Outcome) -> dict[str, Any]:
    """Return what the event of an outcome says; call it in the transaction that applied the snapshot."""
    ((code, reason, percent),) = query(_DECISION, [outcome.order_id])
    decision: dict[str, Any] = {"code": code, "reason": reason}
    if percent is not None:
        decision["percent"] = f"{percent:f}"
    return {"notes": outcome.notes, "decision": decision}
