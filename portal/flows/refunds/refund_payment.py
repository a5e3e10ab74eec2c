"""A refund, full or partial, at any time: the payment, the order, its stock, and both ledgers.

Everything happens in one transaction, locks taken in the documented order. Both ledgers are reduced to what is left
of the payment, computed from the original amounts, so repeating a refund changes nothing. See docs/rules/refunds.md.
"""

from __future__ import annotations

from models import PaymentEvent, PaymentRefund, PaymentTransaction
from portal.accounts import revoke_membership
from portal.catalogue import return_stock
from portal.commissions import reduce_settlements
from portal.db import Actor, transaction, work_through
from portal.flows.checkout.lock_buyer import lock_buyer
from portal.flows.statements.decide_statement import free_rewards
from portal.flows.webhooks.publish import publish_refund, publish_rewards
from portal.notifications import notify
from portal.orders import count_refunded_goods, get_order, mark_order_refunded, refunded_lines_by_vendor
from portal.payments import (
    STATEMENT_PURPOSE,
    UNPAID,
    Payment,
    count_refund,
    find_admin_refund,
    find_payment,
    find_refund_by_fingerprint,
    find_synchronous,
    is_paid_twice,
    last_refund_id,
    link_callback,
    list_waiting_refunds,
    lock_payment,
    lock_refund,
    move_refund,
    record_refund,
)
from portal.rewards import (
    DUE_REFUND_QUEUE,
    NETTING_QUEUE,
    RewardRefunded,
    is_refund_due,
    list_due_references,
    list_nettable_rewards,
    net_debits,
    refund_reward,
)


class RefundStillDue(Exception):
    """The refund of a reward is postponed, but no payment of its reference was refunded."""


EXCEEDS = "refund_exceeds"
WAITS = "refund_waits"
_KINDS = {
    "reduced": "referral_reward_reduced",
    "rejected": "referral_reward_rejected",
    "debited": "referral_reward_debited",
}


def apply_provider_refund(
    payment: PaymentTransaction, amount_minor: int, event: PaymentEvent, actor: Actor
) -> tuple[str, str | None]:
    """Apply a refund the provider reports and return the outcome; the caller holds the buyer and the payment locked.

    Equal signed fields are one refund. A refund of the amount an admin requested confirms that one; one larger than
    what is left stays unmatched; one that arrives before its payment waits for it.
    """
    if find_refund_by_fingerprint(event.fingerprint):
        return "duplicate", None
    requested = find_admin_refund(payment.order_reference, amount_minor)
    if requested is not None:
        return _confirm_admin_refund(payment, lock_refund(requested.id), event, actor)
    if payment.status == "refunded":
        is_whole = amount_minor == payment.amount_minor
        return ("duplicate", None) if is_whole else ("unmatched", EXCEEDS)
    origin = {"source": "provider", "fingerprint": event.fingerprint, "payment_event_id": event.id}
    if payment.status in UNPAID:
        return _refund_unpaid(payment, amount_minor, origin, actor)
    if amount_minor > payment.amount_minor - payment.refunded_minor:
        return "unmatched", EXCEEDS
    refund_locked(payment, record_refund(payment, amount_minor, "requested", actor, **origin), actor)
    return "applied", None


def refund_locked(payment: PaymentTransaction, refund: PaymentRefund, actor: Actor) -> bool:
    """Apply a refund that is not applied yet; the caller holds the buyer, the payment and the refund locked.

    Return False, with nothing changed, if it is applied already or more than is left.
    """
    with transaction():
        if refund.status == "applied":
            return False
        if is_paid_twice(payment):
            return _refund_second_payment(payment, refund, actor)
        if payment.status != "paid":
            return False
        if not count_refund(payment, refund.amount_minor, actor):
            return False
        move_refund(refund, "applied", actor)
        if method := find_synchronous(payment.processor):
            assert payment.user_id is not None
            method.give_back(Payment.of(payment), payment.user_id, refund.amount_minor, refund.id)
        payment = lock_payment(payment.order_reference)
        if payment.purpose == "store_order":
            _count_goods(payment, refund)
        if payment.status == "refunded":
            _undo_sale(payment, actor)
        publish_refund(payment, refund)
        refund_ledgers(payment, actor, refund.id)
    return True


def _count_goods(payment: PaymentTransaction, refund: PaymentRefund) -> None:
    """Add to the order what a refund took back of its commissionable total; everything once all money went back."""
    goods = refund.amount_minor if refund.goods_minor is None else refund.goods_minor
    count_refunded_goods(payment.entity_id, goods, is_all=payment.status == "refunded")


def _refund_second_payment(payment: PaymentTransaction, refund: PaymentRefund, actor: Actor) -> bool:
    """Apply a refund of money that no order took; the order, its stock and its ledgers stay as they are."""
    return count_refund(payment, refund.amount_minor, actor) and move_refund(refund, "applied", actor)


def refund_ledgers(payment: PaymentTransaction, actor: Actor, refund_id: int | None = None) -> None:
    """Reduce both ledgers of a locked payment to what its refunds leave, and notify the referrer.

    `refund_id` is the refund that was just applied; without it, the newest one explains the difference.
    """
    if not payment.refunded_minor or payment.purpose == STATEMENT_PURPOSE:
        return
    amounts = (payment.order_reference, *_refunded_part(payment))
    if payment.purpose == "store_order":
        of_lines = refunded_lines_by_vendor(payment.entity_id)
        explains = refund_id or last_refund_id(payment.order_reference)
        reduce_settlements(*amounts, explains, actor, of_lines=of_lines)
    change = refund_reward(*amounts, actor)
    free_rewards([payment.order_reference], actor)
    if change is not None and change.kind in _KINDS:
        _notify_referrer(change, payment)
    if change is not None and change.kind == "rejected":
        publish_rewards([change.reward.id])


def _refunded_part(payment: PaymentTransaction) -> tuple[int, int]:
    """Return the amount that the ledgers were computed from and how much of it refunds took back."""
    if payment.purpose != "store_order":
        return payment.amount_minor, payment.refunded_minor
    order = get_order(payment.entity_id)
    return order.total_minor, order.refunded_minor


def apply_waiting_refunds(payment: PaymentTransaction, actor: Actor) -> None:
    """Apply, right after a payment settled, the refunds that were reported before it."""
    for refund in list_waiting_refunds(payment.order_reference):
        refund_locked(lock_payment(payment.order_reference), lock_refund(refund.id), actor)


def settle_refunds(actor: Actor) -> int:
    """Finish what refunds left for later: rewards whose mint has ended, debits not netted yet.

    Return how many rewards were checked.
    """
    references, nettable = list_due_references(), list_nettable_rewards()
    work_through(DUE_REFUND_QUEUE, references, str, lambda reference: _settle_due(reference, actor))
    work_through(NETTING_QUEUE, nettable, int, lambda reward_id: net_debits(reward_id, actor))
    return len(references) + len(nettable)


def _settle_due(order_reference: str, actor: Actor) -> None:
    settle_due_refund(order_reference, actor)
    if is_refund_due(order_reference):
        raise RefundStillDue(order_reference)


def settle_due_refund(order_reference: str, actor: Actor) -> None:
    """Reduce the ledgers of one reference, taking locks in their order; without a payment, do nothing."""
    payment = find_payment(order_reference)
    if payment is None:
        return
    with transaction():
        lock_buyer(payment)
        refund_ledgers(lock_payment(order_reference), actor)


def _confirm_admin_refund(
    payment: PaymentTransaction, refund: PaymentRefund, event: PaymentEvent, actor: Actor
) -> tuple[str, str | None]:
    if refund.status == "applied":
        link_callback(refund, event.fingerprint, event.id)
        return "duplicate", None
    if not refund_locked(payment, refund, actor):
        return "unmatched", EXCEEDS
    link_callback(refund, event.fingerprint, event.id)
    return "applied", None


def _refund_unpaid(
    payment: PaymentTransaction, amount_minor: int, origin: dict[str, object], actor: Actor
) -> tuple[str, str | None]:
    """Close a reference that was refunded in full before it was paid, so that a late Approved cannot revive it."""
    waiting = list_waiting_refunds(payment.order_reference)
    waits = sum(row.amount_minor for row in waiting)
    if amount_minor == payment.amount_minor:
        for row in waiting:
            move_refund(row, "refused", actor, reason="refunded_in_full")
    elif waits + amount_minor > payment.amount_minor:
        return "unmatched", EXCEEDS
    elif waits + amount_minor < payment.amount_minor:
        record_refund(payment, amount_minor, "waiting", actor, **origin)
        return "applied", WAITS
    else:
        for row in waiting:
            count_refund(payment, row.amount_minor, actor)
            move_refund(row, "applied", actor)
    count_refund(payment, amount_minor, actor)
    record_refund(payment, amount_minor, "applied", actor, **origin)
    return "applied", None


def _undo_sale(payment: PaymentTransaction, actor: Actor) -> None:
    if payment.purpose == "store_order":
        if mark_order_refunded(payment.entity_id, actor):
            return_stock(payment.entity_id)
    elif payment.purpose != STATEMENT_PURPOSE:
        assert payment.user_id is not None
        revoke_membership(payment.user_id, payment.detail["tier"], actor, payment.order_reference)


def _notify_referrer(change: RewardRefunded, payment: PaymentTransaction) -> None:
    reward, kind = change.reward, _KINDS[change.kind]
    notify(
        reward.referrer_user_id,
        kind,
        f"{kind}:{reward.id}:refund:{payment.refunded_minor}",
        orderReference=reward.order_reference,
        amountWei=str(change.amount_wei),
        reason=reward.failure_reason,
    )
