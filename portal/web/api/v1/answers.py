"""The answers of `/api/v1`, as docs/stores/api.md shows them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from portal.flows.stores.order_answer import AnsweredReward, AnsweredSettlement, OrderAnswer
from portal.flows.stores.receive_snapshot import Applied
from portal.lib.money import major_text
from portal.web.text.messages import guard_text, referral_reason
from portal.web.text.store_events import event_code, event_text, note_text
from portal.web.text.store_sentences import refusal_text

if TYPE_CHECKING:
    from models import Order, PaymentRefund, StoreEvent


def with_ignored(answer: dict[str, Any], ignored_fields: Collection[str]) -> dict[str, Any]:
    """Return an answer that also names the members of the body that the portal does not know, if any."""
    return {**answer, "ignoredFields": list(ignored_fields)} if ignored_fields else answer


def event_answer(event: StoreEvent) -> dict[str, Any]:
    """Return an event of a store's log as JSON."""
    return {
        "id": event.id,
        "receivedAt": event.received_at.isoformat(),
        "kind": event.kind,
        "verified": event.verified,
        "live": event.live,
        "outcome": event.outcome,
        "externalId": event.external_id,
        "orderReference": event.order_reference,
        "explanation": {
            "code": event_code(event.outcome, event.explanation),
            "text": _event_text(event),
            "notes": note_answers(event.explanation.get("notes", ())),
        },
    }


def _event_text(event: StoreEvent) -> str:
    if not event.verified:
        return refusal_text(event.explanation)
    return event_text(event.outcome, event.explanation)


def note_answers(notes: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return facts that came with an outcome, by code and in words."""
    return [{"code": str(note["code"]), "text": note_text(note)} for note in notes]


def applied_answer(applied: Applied, *, live: bool) -> dict[str, Any]:
    """Return what became of a report and the order as it stands now, with facts for an admin if there are any."""
    notes = note_answers(applied.notes)
    answer = {"result": applied.result, "live": live, **applied.answer}
    return {**answer, "notes": notes} if notes else answer


def order_answer(answer: OrderAnswer) -> dict[str, Any]:
    """Return an order of a store as JSON: the decision in words, and both ledgers."""
    order = answer.order
    return {
        "orderId": order.id,
        "orderReference": order.order_reference,
        "externalId": order.external_id,
        **_referral(order),
        "commissionable": {
            "amount": major_text(order.total_minor, order.currency),
            "currency": order.currency,
            "refunded": major_text(order.refunded_minor, order.currency),
        },
        "reward": _reward(answer.reward),
        "settlements": [_settlement(row) for row in answer.settlements],
    }


def order_state(answer: OrderAnswer) -> dict[str, Any]:
    """Return the order's answer with its state and its refunds, for a store that reads it.

    Times are the store's, or those of the report where the store gave none.
    """
    order, times = answer.order, answer.times_of_refunds()
    return {
        **order_answer(answer),
        "status": order.status,
        "createdAt": order.created_at.isoformat(),
        "paidAt": order.paid_at and order.paid_at.isoformat(),
        "paidAmount": major_text(order.paid_minor, order.currency),
        "refunds": [_refund(row, times) for row in answer.refunds()],
    }


def decision_answer(
    code: str | None, reason: str | None, trace: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return whether a code applies and why, with each guard in words."""
    is_applied = reason is None and code is not None
    return {
        "referralApplied": is_applied,
        "referralCode": code if is_applied else None,
        "referralReason": None if is_applied else reason or "no_code",
        "referralReasonText": None if is_applied else referral_reason(reason or "no_code"),
        "trace": [_step(step) for step in trace],
    }


def _referral(order: Order) -> dict[str, Any]:
    return decision_answer(order.referral_code, order.referral_reason, order.referral_trace)


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "guard": step["guard"],
        "stage": step.get("stage", "order"),
        "passed": step["passed"],
        "text": guard_text(step),
    }


def _reward(reward: AnsweredReward | None) -> dict[str, Any] | None:
    if reward is None:
        return None
    return {
        "status": reward.status,
        "percent": f"{reward.percent:f}",
        "usdValue": None if reward.usd_value is None else f"{reward.usd_value:f}",
    }


def _settlement(settlement: AnsweredSettlement) -> dict[str, Any]:
    return {
        "vendorId": settlement.vendor_id,
        "amount": major_text(settlement.amount_minor, settlement.currency),
        "commission": major_text(settlement.commission_minor, settlement.currency),
        "collectedBy": settlement.collected_by,
        "status": settlement.status,
    }


def _refund(refund: PaymentRefund, times: Mapping[str, datetime]) -> dict[str, Any]:
    goods = refund.amount_minor if refund.goods_minor is None else refund.goods_minor
    return {
        "id": refund.external_id,
        "amount": major_text(refund.amount_minor, refund.currency),
        "commissionable": major_text(goods, refund.currency),
        "status": refund.status,
        "at": times.get(refund.external_id or "", refund.created_at).isoformat(),
        "reason": refund.reason,
    }
