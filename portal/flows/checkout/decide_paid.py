"""Decide what a paid event changes: the referral of its order, the commissions, the reward. Pure.

See docs/rules/payments.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from portal.attribution import AttributionFacts, run_guards
from portal.commissions import NewSettlement, decide_settlement, slice_by_vendor
from portal.commissions import PaidOrder as SettledOrder
from portal.db import Actor
from portal.flows.checkout.decide_attribution import is_buyer_known, is_same_mailbox, source_in, staged_trace
from portal.flows.checkout.read_paid import PaidOrder, ProgrammeFacts
from portal.flows.checkout.size_reward import Market, size_reward_of
from portal.orders import UNPAID, OrderReferral
from portal.programme import (
    PaidSale,
    PercentPolicy,
    bonus_as_json,
    decide_reward,
    needs_an_admin,
)
from portal.rewards import AmountZero, LinePercent, RewardClaim, RewardTerms, Sized
from portal.settings import Settings


@dataclass(frozen=True)
class LedgerContext:
    """The settings, prices and actor with which both ledgers of a payment are written."""

    settings: Settings
    market: Market
    actor: Actor


@dataclass(frozen=True)
class NewReward:
    """The reward of a paid event: who earns it, its size and its terms.

    `is_free` is whether the programme may approve it without an admin.
    """

    claim: RewardClaim
    sized: Sized
    terms: RewardTerms
    is_free: bool


@dataclass(frozen=True)
class NothingEarned:
    """An attributed sale that earns its referrer nothing, which is no failure."""

    order_reference: str


def decide_referral(order: PaidOrder) -> OrderReferral | None:
    """Run the guards of an order again, which is being paid; None where nothing is to be decided."""
    if order.referral_code is None or order.status not in UNPAID:
        return None
    code = order.code
    decision = run_guards(
        AttributionFacts(
            code=order.referral_code,
            code_source=source_in(order.referral_trace),
            code_state=code.state if code else None,
            referrer_user_id=code.owner_user_id if code else None,
            referrer_wallet=code.wallet if code else None,
            buyer_user_id=order.buyer_user_id,
            buyer_wallets=order.buyer_wallets,
            has_earlier_paid_order=order.has_earlier_paid_order,
            is_known_buyer=is_buyer_known(order.referral_trace),
            is_same_mailbox=is_same_mailbox(order.referral_trace),
        )
    )
    trace = [*order.referral_trace, *staged_trace(decision, "payment")]
    if not decision.applied or code is None:
        return OrderReferral(None, None, None, decision.reason or "unknown_code", trace)
    return OrderReferral(order.referral_code, code.owner_user_id, code.wallet, None, trace)


def referred(order: PaidOrder, referral: OrderReferral | None) -> PaidOrder:
    """Return an order with the referral that was decided."""
    if referral is None:
        return order
    return replace(
        order,
        referral_code=referral.code,
        referrer_user_id=referral.referrer_user_id,
        referrer_wallet=referral.referrer_wallet,
    )


def with_referrals(order: PaidOrder, more: int) -> PaidOrder:
    """Return an order whose referrer had this many more referrals, where levels count them."""
    facts = order.programme
    if not more or facts.programme is None or not facts.programme.rules.levels:
        return order
    # Not counted beyond the highest level, like those that were read.
    referrals = min(facts.referrals + more, facts.programme.rules.levels[-1].referrals)
    return replace(order, programme=replace(facts, referrals=referrals))


def settled_order(order: PaidOrder) -> SettledOrder:
    """Return what settlements keep of their order."""
    return SettledOrder(
        order.order_reference,
        order.id,
        order.currency,
        order.paid_at,
        order.referral_code,
        order.referrer_user_id,
        order.collected_by,
    )


def decide_settlements(order: PaidOrder, context: LedgerContext) -> list[NewSettlement]:
    """Return one settlement per vendor; a vendor of free lines only has none. See docs/rules/settlements.md."""
    return [
        decide_settlement(settled_order(order), order.terms(vendor_id), lines, context.settings.timezone)
        for vendor_id, lines in slice_by_vendor(order.lines).items()
        if any(line.subtotal_minor for line in lines)
    ]


def decide_order_reward(
    order: PaidOrder, context: LedgerContext, *, owes_commission: bool
) -> NewReward | NothingEarned | None:
    """Return the reward of an order, None if it is not attributed. See docs/rules/rewards.md.

    Raises LookupError or ValidationError where the programme cannot be read.
    """
    if order.referral_code is None or order.referrer_user_id is None or order.referrer_wallet is None:
        return None
    claim = new_claim(
        context.settings,
        order_reference=order.order_reference,
        order_id=order.id,
        ref_code=order.referral_code,
        referrer_user_id=order.referrer_user_id,
        referrer_wallet=order.referrer_wallet,
        referee_user_id=order.buyer_user_id,
        order_total_minor=order.total_minor,
        currency=order.currency,
        rail=order.rail,
    )
    sale = PaidSale(
        order.paid_at, order.rail, order.lines, order.referral_code, order.store_id, order.referrer_user_id
    )
    # It is minted only when the vendors have paid the commission of the order, if its store wants that.
    waits = order.collected_by == "store" and order.reward_waits_for == "statement" and owes_commission
    return decide_earned(claim, sale, order.policy, order.programme, context, waits_for_statement=waits)


def new_claim(settings: Settings, **facts: Any) -> RewardClaim:
    """Return a claim to a reward in the token and on the chain of the settings."""
    return RewardClaim(
        **facts,
        reward_token=settings.referral_reward_token_address or None,
        chain_id=settings.referral_chain_id if settings.chain_configured else None,
    )


def decide_earned(
    claim: RewardClaim,
    sale: PaidSale,
    policy: PercentPolicy,
    programme: ProgrammeFacts,
    context: LedgerContext,
    *,
    waits_for_statement: bool = False,
) -> NewReward | NothingEarned:
    """Return what a sale earns; raise why the programme cannot be read."""
    if programme.programme is None:
        raise programme.problem or LookupError("no programme was read")
    sale = replace(sale, referrals=programme.referrals)
    decision = decide_reward(sale, policy, programme.programme)
    if claim.order_total_minor == 0 or decision.percent == 0:
        return NothingEarned(claim.order_reference)
    sized = size_reward_of(
        claim.order_total_minor,
        claim.currency,
        decision.percent,
        [LinePercent(line.product_id, line.subtotal_minor, line.percent, line.source) for line in sale.lines],
        context.market,
        percent_source=decision.source,
        bonus=bonus_as_json(decision.bonus),
    )
    if sized.failure_reason == AmountZero.code:
        return NothingEarned(claim.order_reference)
    is_attended = programme.is_credit_giver or needs_an_admin(
        sized.usd_value, context.settings.referral_unattended_approval_usd
    )
    is_free = decision.approval != "manual" and not is_attended
    terms = RewardTerms(
        # A reward of a card payment is approved by its version, which is then the actor.
        needs_approval=claim.rail == "fiat" or not is_free,
        bonus_percent=decision.bonus.percent,
        programme_version_id=decision.version_id,
        mintable_from=decision.mintable_from,
        waits_for_statement=waits_for_statement,
        campaign_id=decision.bonus.campaign.number if decision.bonus.campaign else None,
    )
    return NewReward(claim, sized, terms, is_free)
