"""What webhooks say about orders, refunds and rewards; every function runs in the transaction of the change.

Payloads have codes, references and amounts, and no personal data. See docs/stores/webhooks.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models import CommissionStatement, Order, PaymentRefund, PaymentTransaction, ReferralReward
from portal.db import query
from portal.lib.money import major_text
from portal.rewards import REFUNDED, RewardStatus, remaining_usd_value, whole_percent
from portal.stores import BUILT_IN_STORE_ID
from portal.webhooks import (
    ORDER_ATTRIBUTED,
    ORDER_NOT_ATTRIBUTED,
    REFUND_APPLIED,
    REWARD_APPROVED,
    REWARD_MINTED,
    REWARD_REJECTED,
    STATEMENT_OPENED,
    NewEvent,
    has_endpoints_for,
    publish_event,
    publish_events,
)

_TYPE_OF_STATUS = {
    RewardStatus.APPROVED: REWARD_APPROVED,
    RewardStatus.MINTED: REWARD_MINTED,
    RewardStatus.REJECTED: REWARD_REJECTED,
}


def publish_attribution(order_id: str) -> None:
    """Publish whether a paid order is attributed, and why not."""
    if not has_endpoints_for((ORDER_ATTRIBUTED, ORDER_NOT_ATTRIBUTED)):
        return
    order = Order.get_by_id(order_id)
    outcome = {"referralCode": order.referral_code, "referralReason": order.referral_reason}
    commissionable = {"amount": major_text(order.total_minor, order.currency), "currency": order.currency}
    publish_event(
        order.store_id,
        ORDER_ATTRIBUTED if order.referral_code else ORDER_NOT_ATTRIBUTED,
        order.order_reference,
        {**_order_names(order.order_reference, order), **outcome, "commissionable": commissionable},
    )


def publish_statement(statement: CommissionStatement) -> None:
    """Publish a statement that was opened to each store whose sales it covers."""
    if not has_endpoints_for((STATEMENT_OPENED,)):
        return
    data = {
        "statementId": str(statement.id),
        "vendorId": statement.vendor_id,
        "periodStart": statement.period_start.isoformat(),
        "periodEnd": statement.period_end.isoformat(),
        "amount": major_text(statement.amount_minor, statement.currency),
        "currency": statement.currency,
    }
    stores = query(
        """SELECT DISTINCT o.store_id FROM commission_statement_items i
           JOIN settlements s ON s.id = i.settlement_id JOIN orders o ON o.id = s.order_id
           WHERE i.statement_id = %s ORDER BY 1""",
        [statement.id],
    )
    publish_events([NewEvent(store_id, STATEMENT_OPENED, None, data) for (store_id,) in stores])


def publish_refund(payment: PaymentTransaction, refund: PaymentRefund) -> None:
    """Publish a refund that was applied; `payment` is the row after it."""
    if not has_endpoints_for((REFUND_APPLIED,)):
        return
    order = Order.get_or_none(Order.order_reference == payment.order_reference)
    publish_event(
        order.store_id if order else BUILT_IN_STORE_ID,
        REFUND_APPLIED,
        payment.order_reference,
        {
            **_order_names(payment.order_reference, order),
            "refundId": refund.external_id or str(refund.id),
            "amount": major_text(refund.amount_minor, refund.currency),
            "currency": refund.currency,
            "refundedTotal": major_text(payment.refunded_minor, payment.currency),
            "paidAmount": major_text(payment.amount_minor, payment.currency),
        },
    )


def publish_rewards(reward_ids: Sequence[int]) -> None:
    """Publish that rewards were approved, minted or rejected, whichever each is now; others are left out.

    The number of statements does not depend on the number of rewards.
    """
    if not reward_ids or not has_endpoints_for(tuple(_TYPE_OF_STATUS.values())):
        return
    rewards = list(ReferralReward.select().where(ReferralReward.id.in_(list(reward_ids))))
    orders = _orders_of(rewards)
    publish_events(
        [_reward_event(reward, orders.get(reward.order_id)) for reward in rewards if _has_type(reward)]
    )


def _has_type(reward: ReferralReward) -> bool:
    return reward.status in _TYPE_OF_STATUS


def _reward_event(reward: ReferralReward, order: Order | None) -> NewEvent:
    status, usd_value = RewardStatus(reward.status), remaining_usd_value(reward)
    data: dict[str, Any] = {
        **_order_names(reward.order_reference, order),
        "rewardId": str(reward.id),
        "referralCode": reward.ref_code,
        "status": str(status),
        "percent": f"{whole_percent(reward):f}",
        "usdValue": None if usd_value is None else f"{usd_value:f}",
        "amountWei": None if reward.reward_amount_wei is None else str(reward.reward_amount_wei),
        "chainId": reward.chain_id,
    }
    if status == RewardStatus.MINTED:
        data["txHash"] = reward.tx_hash
    if status == RewardStatus.REJECTED:
        # What an admin wrote may name a person.
        data["reason"] = REFUNDED if reward.failure_reason == REFUNDED else "decided"
    store_id = order.store_id if order else BUILT_IN_STORE_ID
    return NewEvent(store_id, _TYPE_OF_STATUS[status], reward.order_reference, data)


def _order_names(order_reference: str, order: Order | None) -> Mapping[str, Any]:
    """Return what the portal and the store call an order; a membership has no order."""
    return {
        "orderReference": order_reference,
        "orderId": order.id if order else None,
        "externalId": order.external_id if order else None,
    }


def _orders_of(rewards: Sequence[ReferralReward]) -> dict[str | None, Order]:
    ids = [reward.order_id for reward in rewards if reward.order_id is not None]
    return {order.id: order for order in Order.select().where(Order.id.in_(ids))}
