"""What the log says of an applied snapshot: the facts for an admin, and who is credited. See docs/rules/stores.md."""

from __future__ import annotations

from typing import Any

from portal.flows.stores.apply_snapshot import Outcome
from portal.orders import get_order
from portal.rewards import find_reward_by_reference, whole_percent


def explanation_of(outcome: Outcome) -> dict[str, Any]:
    """Return what the event of an outcome says; call it in the transaction that applied the snapshot."""
    order = get_order(outcome.order_id)
    decision: dict[str, Any] = {"code": order.referral_code, "reason": order.referral_reason}
    reward = find_reward_by_reference(outcome.order_reference)
    if reward is not None:
        decision["percent"] = f"{whole_percent(reward):f}"
    return {"notes": outcome.notes, "decision": decision}
