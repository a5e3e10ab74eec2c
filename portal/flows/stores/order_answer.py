"""What a store sees of one of its orders: the decision, both ledgers and the refunds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg2.extras import Json

from models import Order, PaymentRefund
from portal.db import Prepared, query
from portal.orders import OrderUnknown, find_store_order
from portal.payments import list_refunds
from portal.stores import stored_snapshot

_ORDER = [
    *[
        "id",
        "order_reference",
        "store_id",
        "external_id",
        "status",
        "total_minor",
        "paid_minor",
        "refunded_minor",
    ],
    *["currency", "referral_code", "referral_reason", "referral_trace", "created_at", "paid_at"],
]
# Every report is answered with them, so they are read by one statement that is not built again.
_COLUMNS = f"""
{", ".join(f"o.{column}" for column in _ORDER)},
r.status AS reward_status, r.reward_percent + r.bonus_percent AS percent,
round(r.usd_value * coalesce((r.reward_amount_wei + r.netted_wei) / r.granted_wei, 1), 6) AS usd_value,
(SELECT jsonb_agg(jsonb_build_array(vendor_id, amount_minor, currency, commission_minor, collected_by,
        status) ORDER BY id)
    FROM settlements WHERE order_reference = o.order_reference) AS settlements
"""  # noqa: S608 - constants
_REWARD = "LEFT JOIN referral_rewards r ON r.order_reference = o.order_reference"
_BY_ID = f"SELECT {_COLUMNS} FROM orders o {_REWARD} WHERE o.id = %(order)s"  # noqa: S608 - constants
_BY_EXTERNAL_ID = Prepared(f"""
SELECT s.snapshot_sha256, s.snapshot -> 'customerKeys', {_COLUMNS}
FROM store_orders s JOIN orders o ON o.id = s.order_id {_REWARD}
WHERE s.store_id = %(store)s AND s.external_id = %(external_id)s
""")  # noqa: S608 - constants
_CLOSE = Prepared(f"""
WITH answer AS MATERIALIZED ({_BY_ID}),
decided AS MATERIALIZED (
    SELECT order_reference, jsonb_build_object('code', referral_code, 'reason', referral_reason)
        || jsonb_strip_nulls(jsonb_build_object('percent', percent::text)) AS decision FROM answer
),
closed AS (
    UPDATE store_events SET outcome = %(outcome)s, order_reference = decided.order_reference,
        explanation = jsonb_build_object('notes', %(notes)s::jsonb, 'decision', decision)
    FROM decided WHERE store_events.id = %(event)s
)
SELECT decided.decision, answer.* FROM decided, answer
""")  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class AnsweredReward:
    """The reward of an order: its percent with the bonus, and what refunds left of its value.

    The value is rounded to six decimals; None while the reward has no size.
    """

    status: str
    percent: Decimal
    usd_value: Decimal | None


@dataclass(frozen=True, slots=True)
class AnsweredSettlement:
    """What one vendor earned by an order, amounts in minor units."""

    vendor_id: int
    amount_minor: int
    currency: str
    commission_minor: int
    collected_by: str
    status: str


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """An order of a store with what both ledgers say, settlements in the order in which they were written."""

    order: Order
    settlements: list[AnsweredSettlement]
    reward: AnsweredReward | None

    def refunds(self) -> list[PaymentRefund]:
        """Return the refunds of the order."""
        return list_refunds(self.order.order_reference)

    def times_of_refunds(self) -> dict[str, datetime]:
        """Return when refunds were made by the store's own clock, by their ids, as far as the store reported it."""
        stored = find_store_order(self.order.store_id, self.order.external_id or "")
        if stored is None:
            return {}
        snapshot = stored_snapshot(stored.snapshot).snapshot
        return {refund.id: refund.at for refund in snapshot.refunds if refund.at is not None}


@dataclass(frozen=True, slots=True)
class ReportedOrder:
    """An order that was reported before: the hash of its state and the keys by which its buyer is known."""

    answer: OrderAnswer
    snapshot_sha256: str
    customer_keys: tuple[str, ...]


def find_reported_order(store_id: int, external_id: str) -> ReportedOrder | None:
    """Return an order by the store's id with what identifies its last report, or None."""
    rows = query(_BY_EXTERNAL_ID, {"store": store_id, "external_id": external_id})
    if not rows:
        return None
    sha256, keys, *row = rows[0]
    return ReportedOrder(_answer(row), sha256, tuple(keys))


def read_answer(order_id: str) -> OrderAnswer:
    """Return what the store of an order sees of it; raise OrderUnknown."""
    rows = query(_BY_ID, {"order": order_id})
    if not rows:
        raise OrderUnknown
    return _answer(rows[0])


def close_and_answer(
    event_id: int | None, result: str, order_id: str, notes: Iterable[Mapping[str, Any]]
) -> tuple[OrderAnswer, dict[str, Any]]:
    """Record what became of an event, None for no event; return the order's answer and the explanation.

    The explanation is what the log says: the facts for an admin, and who is credited. Call it in the transaction that
    applied the report.
    """
    facts = list(notes)
    values = {"event": event_id, "outcome": result, "order": order_id, "notes": Json(facts)}
    ((decision, *row),) = query(_CLOSE, values)
    return _answer(row), {"notes": facts, "decision": decision}


def read_order(store_id: int, order_id: str) -> OrderAnswer:
    """Return what a store sees of its order; raise OrderUnknown for an order of another store."""
    answer = read_answer(order_id)
    if answer.order.store_id != store_id:
        raise OrderUnknown
    return answer


def read_order_by_external_id(store_id: int, external_id: str) -> OrderAnswer:
    """Return what a store sees of the order that it calls so; raise OrderUnknown."""
    known = find_reported_order(store_id, external_id)
    if known is None:
        raise OrderUnknown
    return known.answer


def _answer(row: Sequence[Any]) -> OrderAnswer:
    status, percent, usd_value, settlements = row[len(_ORDER) :]
    return OrderAnswer(
        Order(**dict(zip(_ORDER, row, strict=False))),
        [AnsweredSettlement(*each) for each in settlements or ()],
        None if status is None else AnsweredReward(status, percent, usd_value),
    )
