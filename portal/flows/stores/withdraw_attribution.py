"""Withdraw the referral of an order, unless it was already decided or paid. See docs/rules/stores.md."""

from __future__ import annotations

from models import Order
from portal.attribution import Guard
from portal.commissions import drop_referral_commission
from portal.db import Actor, record_event, transaction
from portal.flows.webhooks.publish import publish_attribution
from portal.orders import drop_attribution
from portal.rewards import withdraw_reward


class Settled(Exception):
    """What an order earned is decided, on its way or paid, so it stays."""


def withdraw_attribution(order: Order, guard: Guard, reason: str, actor: Actor) -> None:
    """Leave an order uncredited that a guard turns out to refuse; raise Settled, with nothing changed."""
    with transaction():
        if not withdraw_reward(order.order_reference, reason, actor):
            raise Settled
        if not drop_referral_commission(order.order_reference, reason, actor):
            raise Settled
        step = {"guard": guard.value, "passed": False, "reason": reason, "detail": None, "source": None}
        drop_attribution(order.id, reason, [*order.referral_trace, {**step, "stage": "later"}])
        record_event(
            actor,
            "order",
            order.id,
            "attribution_withdrawn",
            reason=reason,
            order_reference=order.order_reference,
        )
        publish_attribution(order.id)
