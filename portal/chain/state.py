"""Chain state that pages read from the database: why minting waits, and alerts for admins."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from models import ChainAlert, ChainTransaction, ChainTransactionItem
from portal.db import Keyset, Page, query

ALERTS_PAGE = 20


def remember(name: str, value: dict[str, Any]) -> bool:
    """Store a value and return whether its `code` changed, which sets `since` to the present time."""
    rows = query(
        "INSERT INTO chain_state (name, value) VALUES (%s, %s::jsonb) ON CONFLICT (name) DO UPDATE SET"
        " since = CASE WHEN chain_state.value ->> 'code' IS NOT DISTINCT FROM excluded.value ->> 'code'"
        " THEN chain_state.since ELSE now() END, value = excluded.value, updated_at = now()"
        " RETURNING since = updated_at",
        [name, json.dumps(value)],
    )
    return bool(rows[0][0])


def is_remembered(name: str, *, but: str) -> bool:
    """Return whether a value with another `code` than `but` was stored in the last 15 minutes."""
    return bool(
        query(
            "SELECT 1 FROM chain_state WHERE name = %s AND value ->> 'code' IS DISTINCT FROM %s"
            " AND updated_at > now() - interval '15 minutes'",
            [name, but],
        )
    )


def recall(name: str) -> tuple[dict[str, Any], datetime] | None:
    """Return a value and its `since`, None if it was never stored."""
    return recall_many([name]).get(name)


def recall_many(names: Sequence[str]) -> dict[str, tuple[dict[str, Any], datetime]]:
    """Return {name: (value, its `since`)} of the names that were stored."""
    rows = query("SELECT name, value, since FROM chain_state WHERE name = ANY(%s)", [list(names)])
    return {name: (value, since) for name, value, since in rows}


def raise_alert(kind: str, subject: str, **details: object) -> bool:
    """Raise an alert once per kind and subject, or reopen a resolved one; return whether it was not open before."""
    rows = query(
        "INSERT INTO chain_alerts AS a (kind, subject, details) VALUES (%s, %s, %s::jsonb)"
        " ON CONFLICT (kind, subject) DO UPDATE"
        " SET resolved_at = NULL, created_at = now(), details = excluded.details WHERE a.resolved_at IS NOT NULL"
        " RETURNING id",
        [kind, subject, json.dumps(details, default=str)],
    )
    return bool(rows)


def count_in_alert(kind: str, subject: str, block: int, events: int, **details: object) -> None:
    """Add events up to a block to the one alert of a kind and subject; events of the same blocks count once.

    A resolved alert opens again with the events since then.
    """
    query(
        "INSERT INTO chain_alerts AS a (kind, subject, details) VALUES (%(kind)s, %(subject)s,"
        "  %(details)s::jsonb || jsonb_build_object('count', %(events)s::int, 'last_block', %(block)s::bigint))"
        " ON CONFLICT (kind, subject) DO UPDATE SET resolved_at = NULL,"
        "  created_at = CASE WHEN a.resolved_at IS NULL THEN a.created_at ELSE now() END,"
        "  details = excluded.details || jsonb_build_object('count', %(events)s::int + CASE WHEN a.resolved_at IS NULL"
        "    THEN coalesce((a.details ->> 'count')::int, 0) ELSE 0 END)"
        " WHERE coalesce((a.details ->> 'last_block')::bigint, -1) < %(block)s",
        {
            "kind": kind,
            "subject": subject,
            "events": events,
            "block": block,
            "details": json.dumps(details, default=str),
        },
    )


def list_alerts(cursor: str | None = None) -> Page[ChainAlert]:
    """Return a page of the open alerts, newest first; raise CursorInvalid."""
    newest_first: Keyset[ChainAlert] = Keyset(_open_alerts(), ChainAlert.id)
    return newest_first.page(cursor, ALERTS_PAGE)


def count_alerts() -> dict[str, int]:
    """Return the number of open alerts by kind."""
    return dict(
        query("SELECT kind, count(*) FROM chain_alerts WHERE resolved_at IS NULL GROUP BY kind ORDER BY kind")
    )


def newest_alerts() -> dict[str, int]:
    """Return the id of the newest open alert by kind."""
    return dict(query("SELECT kind, max(id) FROM chain_alerts WHERE resolved_at IS NULL GROUP BY kind"))


def resolve_alerts(kind: str, newest_id: int | None = None) -> list[int]:
    """Close the open alerts of a kind, up to an id where given, and return their ids."""
    rows = query(
        "UPDATE chain_alerts SET resolved_at = now() WHERE kind = %s AND resolved_at IS NULL"
        " AND (%s::bigint IS NULL OR id <= %s::bigint) RETURNING id",
        [kind, newest_id, newest_id],
    )
    return [row[0] for row in rows]


def resolve_alert(alert_id: int) -> bool:
    """Close an alert; return whether it was open."""
    return bool(
        query(
            "UPDATE chain_alerts SET resolved_at = now() WHERE id = %s AND resolved_at IS NULL RETURNING id",
            [alert_id],
        )
    )


def resolve_alert_about(kind: str, subject: str) -> int | None:
    """Close the open alert of a kind about a subject and return its id, None if there was none."""
    rows = query(
        "UPDATE chain_alerts SET resolved_at = now() WHERE kind = %s AND subject = %s AND resolved_at IS NULL"
        " RETURNING id",
        [kind, subject],
    )
    return rows[0][0] if rows else None


def find_paying_transaction(payment_hash: str, tx_hash: str) -> ChainTransaction | None:
    """Return the transaction `tx_hash` if this portal sent it with a payment of this hash, or None."""
    payments = ChainTransactionItem.select(ChainTransactionItem.transaction).where(
        ChainTransactionItem.order_ref == payment_hash
    )
    return ChainTransaction.get_or_none(
        ChainTransaction.id.in_(payments) & (ChainTransaction.tx_hash == tx_hash)
    )


def _open_alerts() -> Any:
    return ChainAlert.select().where(ChainAlert.resolved_at.is_null())
