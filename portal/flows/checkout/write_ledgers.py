"""Write the commission and the reward ledger of a paid reference; both writes can be repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from models import Order, PaymentTransaction
from portal.accounts import get_user, list_wallet_addresses
from portal.catalogue import products_by_id, vendors_by_id
from portal.codes import find_code
from portal.commissions import (
    PaidOrder,
    merchant_configs,
    owes_commission,
    slice_by_vendor,
    vendor_terms,
    write_settlement,
)
from portal.db import Actor, record_event, transaction
from portal.db.failing import require_database
from portal.flows.accounts.code_state import code_state
from portal.flows.approvals.approve_by_rule import approve_by_rule, is_attended
from portal.flows.checkout.size_reward import Market, size_reward_of
from portal.flows.checkout.waiting_codes import find_waiting_code, with_current_referrer
from portal.flows.programme.referrals import count_referrals
from portal.flows.statements.decide_statement import free_rewards
from portal.flows.webhooks.publish import publish_rewards
from portal.logs import get_logger
from portal.orders import get_order, list_order_items
from portal.payments import STATEMENT_PURPOSE, record_rail_failure, resolve_rail_failure
from portal.programme import (
    PaidSale,
    ReferralLine,
    RewardDecision,
    RewardRail,
    approvals_rule,
    bonus_as_json,
    decide_reward,
    get_percent_policy,
    get_programme_at,
    resolve_referral_commission_percent,
)
from portal.rewards import AmountZero, LinePercent, RewardClaim, RewardTerms, record_reward
from portal.settings import Settings
from portal.stores import BUILT_IN_STORE_ID, get_store, rates_of_skus

log = get_logger(__name__)

# The event of an attributed sale that earns nothing.
REWARD_NOT_DUE = "reward_not_due"


class SoldLine(Protocol):
    """A line of a cart or an order; its subtotal is in minor units."""

    @property
    def product_id(self) -> int | None: ...
    @property
    def sku(self) -> str: ...
    @property
    def vendor_id(self) -> int: ...
    @property
    def subtotal_minor(self) -> int: ...


@dataclass(frozen=True)
class LedgerContext:
    """The settings, prices and actor with which both ledgers of a payment are written."""

    settings: Settings
    market: Market
    actor: Actor


def write_ledgers(payment: PaymentTransaction, context: LedgerContext) -> None:
    """Write both ledgers of a paid payment; a failed one is recorded for retry and does not affect the other."""
    if payment.purpose == STATEMENT_PURPOSE:
        return  # it pays what the ledgers of orders owe
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
    except (
        Exception
    ) as error:  # no failure here may undo the payment, a lock that was not released in time neither
        require_database(error)
        log.exception("ledger write failed", ledger=ledger, order_reference=payment.order_reference)
        record_rail_failure(payment.order_reference, ledger, f"{type(error).__name__}: {error}"[:500])
        return False
    resolve_rail_failure(payment.order_reference, ledger)
    return True


def write_commission_ledger(payment: PaymentTransaction, context: LedgerContext) -> None:
    """Write one settlement per vendor of a paid order, and its assist if attributed.

    A vendor of free lines only has no settlement. See docs/rules/settlements.md.
    """
    order = with_current_referrer(get_order(payment.entity_id))
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
        order.collected_by,
    )
    for vendor_id, lines in slice_by_vendor(order_lines(order, context.settings)).items():
        if not any(line.subtotal_minor for line in lines):
            continue  # free lines owe their vendor nothing
        terms = vendor_terms(vendors[vendor_id], configs.get(vendor_id))
        write_settlement(paid, terms, lines, context.settings.timezone, context.actor)
    if order.collected_by == "store":
        # The reward may be older than a commission ledger that failed at first.
        free_rewards([order.order_reference], context.actor)


def write_reward_ledger(payment: PaymentTransaction, context: LedgerContext) -> None:
    """Write the one reward of a paid reference if it is attributed. See docs/rules/rewards.md."""
    if payment.purpose == "store_order":
        _write_order_reward(payment, with_current_referrer(get_order(payment.entity_id)), context)
    else:
        _write_membership_reward(payment, context)


def order_lines(order: Order, settings: Settings) -> list[ReferralLine]:
    """Return the lines of an order with their resolved referral percents."""
    items = list_order_items(order.id)
    if order.store_id == BUILT_IN_STORE_ID:
        return cart_lines(items, settings)
    return cart_lines(items, settings, rates_of_skus(order.store_id, [item.sku for item in items]))


def cart_lines(
    items: Sequence[SoldLine], settings: Settings, rates: Mapping[str, Decimal] | None = None
) -> list[ReferralLine]:
    """Return lines with their resolved referral percents; `rates` are those of a connected store by SKU."""
    policy = get_percent_policy(settings)
    configs = merchant_configs([item.vendor_id for item in items])
    products = products_by_id(item.product_id for item in items if item.product_id is not None)
    lines = []
    for item in items:
        product = products.get(item.product_id) if item.product_id is not None else None
        resolved = resolve_referral_commission_percent(
            product, configs.get(item.vendor_id), policy, store_rate=(rates or {}).get(item.sku)
        )
        lines.append(
            ReferralLine(
                item.product_id, item.vendor_id, item.subtotal_minor, resolved.percent, resolved.source
            )
        )
    return lines


def earns_reward(lines: Sequence[ReferralLine], paid_at: datetime, settings: Settings) -> bool:
    """Return whether a sale of these lines earns its referrer anything. See docs/rules/rewards.md."""
    if not any(line.subtotal_minor for line in lines):
        return False
    try:
        decision = decide_reward(
            PaidSale(paid_at, "fiat", tuple(lines)), get_percent_policy(settings), get_programme_at(paid_at)
        )
    except LookupError:  # no version of the programme is in force, which must not stop a purchase
        return False
    return decision.percent > 0


def _write_order_reward(payment: PaymentTransaction, order: Order, context: LedgerContext) -> None:
    if order.referral_code is None or order.referrer_user_id is None or order.referrer_wallet is None:
        return
    lines = tuple(order_lines(order, context.settings))
    rail: RewardRail = "crypto" if payment.rail == "internal_credit" else "fiat"
    sale = PaidSale(payment.paid_at, rail, lines, order.referral_code, order.store_id, order.referrer_user_id)
    decision = decide_sale(sale, context.settings)
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
    _record(claim, decision, lines, context, waits_for_statement=_waits_for_statement(order))


def _waits_for_statement(order: Order) -> bool:
    """Return whether a reward is minted only when the vendors have paid the commission of the order."""
    if order.collected_by != "store" or get_store(order.store_id).reward_waits_for != "statement":
        return False
    return owes_commission(order.order_reference)


def _write_membership_reward(payment: PaymentTransaction, context: LedgerContext) -> None:
    assert payment.user_id is not None
    buyer = get_user(payment.user_id)
    code, referrer, wallet = buyer.referred_by_code, buyer.referred_by_user_id, buyer.referred_by_wallet
    if row := find_waiting_code(code, wallet):
        referrer, wallet = row.owner_user_id, row.wallet_address
    if code is None or referrer is None or wallet is None or not _is_creditable(buyer.id, code, wallet):
        return
    if referrer == buyer.id:
        return
    sale = PaidSale(payment.paid_at, "fiat", code=code, referrer_user_id=referrer)
    decision = decide_sale(sale, context.settings)
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
    return (row is None or code_state(row) == "active") and wallet not in list_wallet_addresses(buyer_id)


def decide_sale(sale: PaidSale, settings: Settings) -> RewardDecision:
    """Decide the reward of a paid sale, with the referrals that its referrer had before."""
    programme = get_programme_at(sale.paid_at, sale.referrer_user_id)
    if sale.referrer_user_id is not None:
        sale = replace(sale, referrals=count_referrals(sale.referrer_user_id, sale.paid_at, programme))
    return decide_reward(sale, get_percent_policy(settings), programme)


def _record(
    claim: RewardClaim,
    decision: RewardDecision,
    lines: tuple[ReferralLine, ...],
    context: LedgerContext,
    *,
    waits_for_statement: bool = False,
) -> None:
    line_percents = [
        LinePercent(line.product_id, line.subtotal_minor, line.percent, line.source) for line in lines
    ]
    if claim.order_total_minor == 0 or decision.percent == 0:
        _note_nothing_earned(claim, context.actor)
        return
    sized = size_reward_of(
        claim.order_total_minor,
        claim.currency,
        decision.percent,
        line_percents,
        context.market,
        percent_source=decision.source,
        bonus=bonus_as_json(decision.bonus),
    )
    if sized.failure_reason == AmountZero.code:
        _note_nothing_earned(claim, context.actor)
        return
    is_free = decision.approval != "manual" and not is_attended(
        sized.usd_value, claim.referrer_user_id, claim.referee_user_id, context.settings
    )
    terms = RewardTerms(
        # A reward of a card payment is approved by its version, which is then the actor.
        needs_approval=claim.rail == "fiat" or not is_free,
        bonus_percent=decision.bonus.percent,
        programme_version_id=decision.version_id,
        mintable_from=decision.mintable_from,
        waits_for_statement=waits_for_statement,
        campaign_id=decision.bonus.campaign.number if decision.bonus.campaign else None,
    )
    rule = approvals_rule(context.settings.referral_second_approval_usd)
    reward_id = record_reward(claim, sized, terms, context.actor, approvals_needed=rule)
    if reward_id is None:
        return
    publish_rewards([reward_id])
    if claim.rail == "fiat" and is_free and not sized.failure_reason:
        approve_by_rule(reward_id, context.settings)


def _note_nothing_earned(claim: RewardClaim, actor: Actor) -> None:
    """Record why an attributed sale has no reward: it earns nothing, which is no failure."""
    record_event(
        actor, "reward", claim.order_reference, REWARD_NOT_DUE, order_reference=claim.order_reference
    )


def _token(settings: Settings) -> str | None:
    return settings.referral_reward_token_address or None


def _chain_id(settings: Settings) -> int | None:
    return settings.referral_chain_id if settings.chain_configured else None
