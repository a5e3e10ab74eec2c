"""Settle a payment exactly once per reference: mark it paid, deduct stock, write both ledgers.

See docs/rules/payments.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from models import Order, PaymentTransaction, User
from portal.accounts import grant_membership, lock_user
from portal.catalogue import CartLine, deduct_stock
from portal.chain import AnyChain
from portal.db import Actor, transaction
from portal.flows.checkout.decide_attribution import confirm_attribution, staged_trace
from portal.flows.checkout.open_attempt import open_attempt
from portal.flows.checkout.place_order import place_order
from portal.flows.checkout.size_reward import read_market
from portal.flows.checkout.write_ledgers import LedgerContext, write_ledgers
from portal.flows.refunds.refund_payment import apply_waiting_refunds
from portal.lib.clock import utc_now
from portal.orders import (
    OrderStatus,
    attribute_order,
    drop_attribution,
    find_order_by_checkout_key,
    get_order,
    get_order_of_buyer,
    list_order_items,
    mark_order_paid,
)
from portal.payments import (
    INTERNAL_CREDIT,
    CreditShort,
    Payment,
    credit_balance,
    lock_payment,
    move_payment,
)
from portal.settings import Settings


def pay_with_credit(order_id: str, buyer: User, chain: AnyChain, settings: Settings) -> Order:
    """Pay a buyer's order from internal credit and settle it in one transaction.

    Raises OrderUnknown, AlreadyPaid, PaymentInProgress or CreditShort, with nothing changed.
    """
    order = get_order_of_buyer(order_id, buyer.id)
    _require_credit(order, buyer.id)
    market = read_market(chain, settings, order.currency)
    actor = Actor.user(buyer.id)
    with transaction():
        lock_user(buyer.id)
        payment = open_attempt(order.id, buyer, INTERNAL_CREDIT, actor)
        INTERNAL_CREDIT.charge(Payment.of(payment), buyer.id)
        settle_locked(payment, LedgerContext(settings, market, actor))
    return get_order(order_id)


def _require_credit(order: Order, buyer_id: int) -> None:
    """Raise CreditShort before a slow price or rate is read; the debit decides again under its lock."""
    balance = credit_balance(buyer_id, order.currency)
    if order.status == OrderStatus.CREATED and balance < order.total_minor:
        raise CreditShort(balance_minor=balance, needed_minor=order.total_minor, currency=order.currency)


def buy_with_credit(
    buyer: User,
    lines: Sequence[CartLine],
    cookie_code: str | None,
    chain: AnyChain,
    settings: Settings,
    *,
    checkout_key: str | None = None,
    entered_code: str | None = None,
) -> Order:
    """Place an order and pay it from credit in one transaction; a repeated checkout key returns the same order.

    Raises what `price_cart` and `pay_with_credit` raise, with nothing changed.
    """
    existing = find_order_by_checkout_key(buyer.id, checkout_key) if checkout_key else None
    if existing is not None and existing.status != "created":
        return existing
    with transaction():
        placed = place_order(
            buyer, lines, cookie_code, settings, checkout_key=checkout_key, entered_code=entered_code
        )
        return pay_with_credit(placed.order.id, buyer, chain, settings)


def settle_locked(payment: PaymentTransaction, context: LedgerContext) -> bool:
    """Settle a payment whose buyer and row the caller has locked; return whether this call did it.

    The buyer's lock serializes payments of one customer, so only one can be the first purchase.
    A failed ledger is recorded and retried, and the payment remains paid.
    """
    paid_at = utc_now()
    if not move_payment(payment, "paid", actor=context.actor, paid_at=paid_at):
        return False
    payment = lock_payment(payment.order_reference)
    if payment.purpose == "store_order":
        _fulfil_order(payment, context.actor)
    else:
        assert payment.user_id is not None
        grant_membership(payment.user_id, payment.detail["tier"], context.actor, payment.order_reference)
    write_ledgers(payment, context)
    apply_waiting_refunds(payment, context.actor)
    return True


def _fulfil_order(payment: PaymentTransaction, actor: Actor) -> None:
    order = get_order(payment.entity_id)
    _confirm_attribution(order)
    mark_order_paid(order.id, payment.paid_at, payment.amount_minor, actor)
    deduct_stock(order.id, _product_quantities(order.id), get_order(order.id).referral_code)


def _product_quantities(order_id: str) -> dict[int, int]:
    """Return the quantity of each catalogue product; lines of connected stores have no stock here."""
    items = list_order_items(order_id)
    return {item.product_id: item.quantity for item in items if item.product_id is not None}


def _confirm_attribution(order: Order) -> None:
    if order.referral_code is None:
        return
    source = next(
        (step.get("source") for step in order.referral_trace if step["guard"] == "code_known"), None
    )
    attribution = confirm_attribution(order, source)
    trace = [*order.referral_trace, *staged_trace(attribution.decision, "payment")]
    if attribution.code:
        code = attribution.code
        attribute_order(order.id, code.code, code.owner_user_id, code.wallet_address, trace)
    else:
        drop_attribution(order.id, attribution.decision.reason or "unknown_code", trace)
