"""Write the commission and the reward ledger of a paid reference; both writes can be repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models import Order, OrderItem, PaymentTransaction
from portal.accounts import get_user, list_wallet_addresses
from portal.catalogue import products_by_id, vendors_by_id
from portal.codes import find_code
from portal.commissions import (
    PaidOrder,
    merchant_configs,
    slice_by_vendor,
    vendor_terms,
    write_settlement,
)
from portal.db import Actor, transaction
from portal.db.connection import DATABASE_ERRORS
from portal.flows.checkout.size_reward import Market, size_reward_of
from portal.logs import get_logger
from portal.orders import get_order, list_order_items
from portal.payments import record_rail_failure, resolve_rail_failure
from portal.programme import (
    PaidSale,
    ReferralLine,
    RewardDecision,
    RewardRail,
    approvals_rule,
    decide_reward,
    get_percent_policy,
    get_programme_at,
    resolve_referral_commission_percent,
)
from portal.rewards import LinePercent, RewardClaim, RewardTerms, record_reward
from portal.settings import Settings

log = get_logger(__name__)


@dataclass(frozen=True)
class LedgerContext:
    """The settings, prices and actor with which both ledgers of a payment are written."""

    settings: Settings
    market: Market
    actor: Actor


def write_ledgers(payment: PaymentTransaction, context: LedgerContext) -> None:
    """Write both ledgers of a paid payment; a failed one is recorded for retry and does not affect the other."""
    ledgers: dict[str, Callable[[PaymentTransaction, LedgerContext], None]] = {"reward": write_reward_ledger}
    if payment.purpose == "store_order":
        ledgers = {"commission": write_commission_ledger, **ledgers}
    for ledger, write in ledgers.items():
        write_ledger(ledger, write, payment, context)


def write_ledger(
    ledger: str,
    write: Callable[[PaymentTransaction, LedgerContext], None],
    payment: PaymentTransaction,
    context: LedgerContext,
) -> bool:
    """Write one ledger inside a savepoint; return whether it succeeded."""
    try:
        with transaction():
            write(payment, context)
    except DATABASE_ERRORS:
        raise
    except Exception as error:  # no failure here may undo the payment
        log.exception("ledger write failed", ledger=ledger, order_reference=payment.order_reference)
        record_rail_failure(payment.order_reference, ledger, f"{type(error).__name__}: {error}"[:500])
        return False
    resolve_rail_failure(payment.order_reference, ledger)
    return True


def write_commission_ledger(payment: PaymentTransaction, context: LedgerContext) -> None:
    """Write one settlement per vendor of a paid order, and its assist if attributed.

    See docs/rules/settlements.md.
    """
    order = get_order(payment.entity_id)
    items = list_order_items(order.id)
    vendor_ids = [item.vendor_id for item in items]
    configs, vendors = merchant_configs(vendor_ids), vendors_by_id(vendor_ids)
    paid = PaidOrder(
        order.order_reference,
        order.id,
        order.currency,
        payment.paid_at,
        order.referral_code,
        order.referrer_user_id,
    )
    for vendor_id, lines in slice_by_vendor(cart_lines(items, context.settings)).items():
        terms = vendor_terms(vendors[vendor_id], configs.get(vendor_id))
        write_settlement(paid, terms, lines, context.settings.timezone, context.actor)


def write_reward_ledger(payment: PaymentTransaction, context: LedgerContext) -> None:
    """Write the one reward of a paid reference if it is attributed. See docs/rules/rewards.md."""
    if payment.purpose == "store_order":
        _write_order_reward(payment, get_order(payment.entity_id), context)
    else:
        _write_membership_reward(payment, context)


def cart_lines(items: list[OrderItem], settings: Settings) -> list[ReferralLine]:
    """Return order lines with their resolved referral percents."""
    policy = get_percent_policy(settings)
    configs = merchant_configs([item.vendor_id for item in items])
    products = products_by_id(item.product_id for item in items if item.product_id is not None)
    lines = []
    for item in items:
        product = products.get(item.product_id) if item.product_id is not None else None
        resolved = resolve_referral_commission_percent(product, configs.get(item.vendor_id), policy)
        lines.append(
            ReferralLine(
                item.product_id, item.vendor_id, item.subtotal_minor, resolved.percent, resolved.source
            )
        )
    return lines


def _write_order_reward(payment: PaymentTransaction, order: Order, context: LedgerContext) -> None:
    if order.referral_code is None or order.referrer_user_id is None or order.referrer_wallet is None:
        return
    lines = tuple(cart_lines(list_order_items(order.id), context.settings))
    rail: RewardRail = "crypto" if payment.rail == "internal_credit" else "fiat"
    decision = _decide(PaidSale(payment.paid_at, rail, lines), context.settings)
    claim = RewardClaim(
        order_reference=order.order_reference,
        order_id=order.id,
        ref_code=order.referral_code,
        referrer_user_id=order.referrer_user_id,
        referrer_wallet=order.referrer_wallet,
        referee_user_id=order.buyer_user_id,
        order_total_minor=order.total_minor,
        currency=order.currency,
        rail=rail,
        reward_token=_token(context.settings),
        chain_id=_chain_id(context.settings),
    )
    _record(claim, decision, lines, context)


def _write_membership_reward(payment: PaymentTransaction, context: LedgerContext) -> None:
    assert payment.user_id is not None
    buyer = get_user(payment.user_id)
    code, referrer, wallet = buyer.referred_by_code, buyer.referred_by_user_id, buyer.referred_by_wallet
    if code is None or referrer is None or wallet is None or not _is_creditable(buyer.id, code, wallet):
        return
    decision = _decide(PaidSale(payment.paid_at, "fiat"), context.settings)
    claim = RewardClaim(
        order_reference=payment.order_reference,
        order_id=None,
        ref_code=code,
        referrer_user_id=referrer,
        referrer_wallet=wallet,
        referee_user_id=buyer.id,
        order_total_minor=payment.amount_minor,
        currency=payment.currency,
        rail="fiat",
        reward_token=_token(context.settings),
        chain_id=_chain_id(context.settings),
    )
    _record(claim, decision, (), context)


def _is_creditable(buyer_id: int, code: str, wallet: str) -> bool:
    """Return whether the referrer of an account is still credited: a deactivated code attributes nothing new."""
    row = find_code(code)
    return (row is None or row.active) and wallet not in list_wallet_addresses(buyer_id)


def _decide(sale: PaidSale, settings: Settings) -> RewardDecision:
    return decide_reward(sale, get_percent_policy(settings), get_programme_at(sale.paid_at))


def _record(
    claim: RewardClaim, decision: RewardDecision, lines: tuple[ReferralLine, ...], context: LedgerContext
) -> None:
    line_percents = [
        LinePercent(line.product_id, line.subtotal_minor, line.percent, line.source) for line in lines
    ]
    sized = size_reward_of(
        claim.order_total_minor,
        claim.currency,
        decision.percent,
        line_percents,
        context.market,
        percent_source=decision.source,
    )
    terms = RewardTerms(
        needs_approval=decision.approval == "manual",
        bonus_percent=decision.bonus.percent,
        programme_version_id=decision.version_id,
        mintable_from=decision.mintable_from,
    )
    rule = approvals_rule(context.settings.referral_second_approval_usd)
    record_reward(claim, sized, terms, context.actor, approvals_needed=rule)


def _token(settings: Settings) -> str | None:
    return settings.referral_reward_token_address or None


def _chain_id(settings: Settings) -> int | None:
    return settings.referral_chain_id if settings.chain_configured else None
