"""Settle a payment exactly once per reference: mark it paid, deduct stock, write both ledgers.

See docs/rules/payments.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from models import Order, PaymentTransaction, User
from portal.accounts import grant_membership, lock_enabled_user
from portal.catalogue import CartLine
from portal.chain import AnyChain
from portal.db import Actor, transaction
from portal.flows.checkout.check_order import require_payable, reserve_goods
from portal.flows.checkout.decide_paid import LedgerContext
from portal.flows.checkout.open_attempt import open_attempt
from portal.flows.checkout.paid_parts import MembershipLedgers, PaymentPart, paid_events
from portal.flows.checkout.place_order import NO_DELIVERY, prepare_order, write_order
from portal.flows.checkout.review import (
    Review,
    ReviewChanged,
    referral_change,
    require_same,
    review_order,
)
from portal.flows.checkout.size_reward import NO_MARKET, read_market
from portal.flows.checkout.write_paid import write_ledgers, write_paid, write_payment
from portal.flows.refunds.refund_payment import apply_waiting_refunds
from portal.flows.statements.decide_statement import record_statement_payment
from portal.lib.clock import utc_now
from portal.orders import (
    Delivery,
    OrderStatus,
    find_order_by_checkout_key,
    get_order,
    get_order_of_buyer,
)
from portal.payments import (
    INTERNAL_CREDIT,
    STATEMENT_PURPOSE,
    AlreadyPaid,
    CreditShort,
    Payment,
    credit_balance,
    is_payable,
)
from portal.settings import Settings


def pay_with_credit(
    order_id: str, buyer: User, chain: AnyChain, settings: Settings, *, reviewed: Review | None = None
) -> Order:
    """Pay a buyer's order from internal credit and settle it in one transaction.

    Raises OrderUnknown, PaymentInProgress, CreditShort, what `require_payable` raises, and ReviewChanged if the buyer
    has reviewed something else; then nothing has changed. A free order is completed.
    """
    order = get_order_of_buyer(order_id, buyer.id)
    if complete_if_free(order, buyer, settings):
        return get_order(order_id)
    require_payable(order, settings)
    if reviewed is not None:
        require_same(reviewed, review_order(order, settings))
    _require_credit(buyer.id, order.total_minor, order.currency)
    market = read_market(chain, settings, order.currency)
    return _charge(order, buyer, LedgerContext(settings, market, Actor.user(buyer.id)), reviewed)


def complete_if_free(order: Order, buyer: User, settings: Settings) -> bool:
    """Settle an order of 0.00 without a provider and return whether it is one; completing it twice changes nothing.

    Raises what `require_payable` raises, except that the order may be paid already.
    """
    if order.total_minor:
        return False
    if order.status not in (OrderStatus.PAID, OrderStatus.REFUNDED):
        with suppress(AlreadyPaid):
            _charge(order, buyer, LedgerContext(settings, NO_MARKET, Actor.user(buyer.id)))
    return True


def _charge(order: Order, buyer: User, context: LedgerContext, reviewed: Review | None = None) -> Order:
    """Debit the buyer and settle the order; of two buyers of the last piece one is refused."""
    with transaction():
        lock_enabled_user(buyer.id)
        require_payable(get_order_of_buyer(order.id, buyer.id), context.settings)
        payment = open_attempt(order.id, buyer, INTERNAL_CREDIT, context.actor)
        INTERNAL_CREDIT.charge(Payment.of(payment), buyer.id)
        reserve_goods(order)
        settle_locked(payment, context)
        paid = get_order(order.id)
        if reviewed is not None and paid.referral_code != reviewed.referral_code:
            raise ReviewChanged({"referral": referral_change(reviewed, paid.referral_code)})
    return paid


def _require_credit(buyer_id: int, total_minor: int, currency: str) -> None:
    """Raise CreditShort before a slow price or rate is read; the debit decides again under its lock."""
    balance = credit_balance(buyer_id, currency)
    if balance < total_minor:
        raise CreditShort(balance_minor=balance, needed_minor=total_minor, currency=currency)


def buy_with_credit(
    buyer: User,
    lines: Sequence[CartLine],
    cookie_code: str | None,
    chain: AnyChain,
    settings: Settings,
    *,
    checkout_key: str | None = None,
    entered_code: str | None = None,
    link_label: str | None = None,
    reviewed: Review | None = None,
    delivery: Delivery = NO_DELIVERY,
) -> Order:
    """Place an order and pay it from credit in one transaction; a repeated checkout key returns the same order.

    Raises what `place_order` and `pay_with_credit` raise, with nothing changed.
    """
    existing = find_order_by_checkout_key(buyer.id, checkout_key) if checkout_key else None
    if existing is not None:
        return _pay_existing(existing, buyer, chain, settings, reviewed)
    prepared = prepare_order(
        buyer,
        lines,
        cookie_code,
        settings,
        entered_code=entered_code,
        link_label=link_label,
        reviewed=reviewed,
    ).to_be_delivered(delivery)
    total, currency = prepared.review.total_minor, prepared.review.currency
    _require_credit(buyer.id, total, currency)
    market = read_market(chain, settings, currency) if total else NO_MARKET
    context = LedgerContext(settings, market, Actor.user(buyer.id))
    with transaction():
        order = write_order(buyer, prepared, checkout_key).order
        # The same form, sent twice at once: the first one has paid.
        return order if order.status == OrderStatus.PAID else _charge(order, buyer, context, reviewed)


def _pay_existing(
    order: Order, buyer: User, chain: AnyChain, settings: Settings, reviewed: Review | None
) -> Order:
    if order.status in (OrderStatus.PAID, OrderStatus.REFUNDED):
        return order
    return pay_with_credit(order.id, buyer, chain, settings, reviewed=reviewed)


def settle_locked(
    payment: PaymentTransaction, context: LedgerContext, *, paid_at: datetime | None = None
) -> bool:
    """Settle a payment whose buyer and row the caller has locked; return whether this call did it.

    The buyer's lock serializes payments of one customer, so only one can be the first purchase.
    A failed ledger is recorded and retried, and the payment remains paid. It was paid now unless a store reports
    when.
    """
    if not is_payable(payment):
        return False
    if payment.purpose == "store_order":
        settle_orders([payment], [context], paid_at=paid_at)
    else:
        _settle_other(payment, context, paid_at or utc_now())
    return True


def settle_orders(
    payments: Sequence[PaymentTransaction],
    contexts: Sequence[LedgerContext],
    *,
    paid_at: datetime | None = None,
    callback_ids: Sequence[int] = (),
) -> None:
    """Settle payable payments of orders, of different buyers and one actor, as `settle_locked` does, but together.

    The callbacks by which they are paid become applied with them.
    """
    actor = contexts[0].actor
    events = paid_events(payments, [paid_at or utc_now() for _ in payments], contexts, callback_ids)
    write_paid(events, actor)
    for payment, event in zip(payments, events, strict=True):
        if event.has_refunds:
            apply_waiting_refunds(payment, actor)


def _settle_other(payment: PaymentTransaction, context: LedgerContext, paid_at: datetime) -> None:
    write_payment(PaymentPart(payment, paid_at), context.actor)
    if payment.purpose == STATEMENT_PURPOSE:
        # It pays what the ledgers of orders owe.
        record_statement_payment(int(payment.entity_id), payment.order_reference, context.actor)
    else:
        assert payment.user_id is not None
        grant_membership(payment.user_id, payment.detail["tier"], context.actor, payment.order_reference)
        write_ledgers(payment.order_reference, MembershipLedgers(payment, paid_at, context), context.actor)
    apply_waiting_refunds(payment, context.actor)
