"""Alerts of the on-chain audit."""

from __future__ import annotations

from collections.abc import Collection

from portal.chain.state import resolve_alert, resolve_alerts
from portal.db import Actor, record_event, transaction


def close_alert(alert_id: int, admin_id: int) -> bool:
    """Close an alert and record who did it; return whether it was open."""
    with transaction():
        closed = resolve_alert(alert_id)
        if closed:
            record_event(Actor.user(admin_id), "chain_alert", alert_id, "chain_alert_resolved")
    return closed


def close_alerts(kind: str, actor: Actor, *, newest_id: int | None = None) -> int:
    """Close every open alert of a kind and record who did it; return how many there were.

    `newest_id` is the newest alert that was shown: later ones stay open.
    """
    with transaction():
        alert_ids = resolve_alerts(kind, newest_id)
        for alert_id in alert_ids:
            record_event(actor, "chain_alert", alert_id, "chain_alert_resolved")
    return len(alert_ids)


def close_selected_alerts(alert_ids: Collection[int], admin_id: int) -> int:
    """Close alerts in one transaction and record who did it; return how many of them were open."""
    with transaction():
        return sum(close_alert(alert_id, admin_id) for alert_id in sorted(set(alert_ids)))
