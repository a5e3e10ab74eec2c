"""Chain state that pages read from the database: why minting waits, and alerts for admins."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from models import ChainAlert, ChainState
from portal.db import query


def remember(name: str, value: dict[str, Any]) -> None:
    """Store a value; `since` is the time at which its `code` last changed."""
    query(
        "INSERT INTO chain_state (name, value) VALUES (%s, %s::jsonb) ON CONFLICT (name) DO UPDATE SET"
        " since = CASE WHEN chain_state.value ->> 'code' IS NOT DISTINCT FROM excluded.value ->> 'code'"
        " THEN chain_state.since ELSE now() END, value = excluded.value, updated_at = now()",
        [name, json.dumps(value)],
    )


def recall(name: str) -> tuple[dict[str, Any], datetime] | None:
    """Return a value and its `since`, None if it was never stored."""
    row = ChainState.get_or_none(ChainState.name == name)
    return (row.value, row.since) if row else None


def raise_alert(kind: str, subject: str, **details: object) -> bool:
    """Raise an alert once per kind and subject; return whether it is new."""
    rows = query(
        "INSERT INTO chain_alerts (kind, subject, details) VALUES (%s, %s, %s::jsonb)"
        " ON CONFLICT (kind, subject) DO NOTHING RETURNING id",
        [kind, subject, json.dumps(details, default=str)],
    )
    return bool(rows)


def list_alerts() -> list[ChainAlert]:
    """Return the open alerts, newest first, at most 200."""
    alerts = (
        ChainAlert.select().where(ChainAlert.resolved_at.is_null()).order_by(ChainAlert.id.desc()).limit(200)
    )
    return list(alerts)


def resolve_alert(alert_id: int) -> bool:
    """Close an alert; return whether it was open."""
    return bool(
        query(
            "UPDATE chain_alerts SET resolved_at = now() WHERE id = %s AND resolved_at IS NULL RETURNING id",
            [alert_id],
        )
    )
