"""Alerts of the on-chain audit."""

from __future__ import annotations

from portal.chain.state import resolve_alert
from portal.db import Actor, record_event, transaction


def close_alert(alert_id: int, admin_id: int) -> bool:
    """Close an alert and record who did it; return whether it was open."""
    with transaction():
        closed = resolve_alert(alert_id)
        if closed:
            record_event(Actor.user(admin_id), "chain_alert", alert_id, "chain_alert_resolved")
    return closed
