"""Smoke check of rewards: a membership upgrade, its approval, a real mint, then a refund of the payment.

A mint cannot be rolled back, so the rows stay and are marked: accounts at smoke.example, callbacks with a reason. The
tokens go to the minter's own account. The payment is refunded in full, so the journal balances as before except for
the debit that the minted reward leaves on the smoke account.
"""

from __future__ import annotations

import time

from models import PaymentTransaction, ReferralReward, User
from portal.chain import AnyChain, read_paid_event
from portal.codes import issue_code, set_code_active
from portal.db import connection
from portal.flows.approvals import decide_reward
from portal.flows.audit.audit_reference import audit_reference
from portal.flows.checkout.begin_payment import begin_membership_payment
from portal.flows.checkout.receive_callback import receive_callback
from portal.flows.minting.mint_rewards import mint_rewards
from portal.flows.smoke.steps import ACTOR, Steps, clearing_of, smoke_account, smoke_callback
from portal.payments import get_payment
from portal.rewards import RewardStatusConflict, find_reward_by_reference, get_reward
from portal.settings import Settings

_TIER = "MEMBER"
_PAUSE_SECONDS = 0.5
# Used where the minter's account is unknown: an address without a known key.
_BURN_ADDRESS = f"0x{'dead':0>40}"


def smoke_growth(chain: AnyChain, settings: Settings, steps: Steps, *, seconds: int) -> None:
    """Upgrade, approve, mint within `seconds`, and refund whatever happened; raise SmokeFailed."""
    member = _member(chain)
    _refund_leftovers(member, chain, settings)
    form = begin_membership_payment(_TIER, member, "en", settings)
    code = str(member.referred_by_code)
    # An inactive code earns nothing; the smoke check's own is active only meanwhile.
    set_code_active(code, True, ACTOR, "smoke check")
    try:
        _walk(form.order_reference, chain, settings, steps, seconds)
    finally:
        set_code_active(code, False, ACTOR, "smoke check")
        _refund(get_payment(form.order_reference), chain, settings)
    _check_refund(form.order_reference, steps)
    steps.left.append(
        f"{form.order_reference}: paid and refunded in full on the accounts at smoke.example, no money moved"
    )


def _member(chain: AnyChain) -> User:
    """Return the member of the minter's account: another minter gets another pair of accounts."""
    wallet = chain.operator.address.lower() if chain.operator else _BURN_ADDRESS
    name = wallet[2:10]
    referrer = smoke_account(f"referrer-{name}")
    code = issue_code(referrer.id, wallet, ACTOR)
    if code.active:
        set_code_active(code.code, False, ACTOR, "smoke check")
    return smoke_account(f"member-{name}", code)


def _walk(reference: str, chain: AnyChain, settings: Settings, steps: Steps, seconds: int) -> None:
    receive_callback(smoke_callback(get_payment(reference), "paid", settings), chain, settings)
    payment = get_payment(reference)
    steps.check("a signed callback pays the upgrade", payment.status == "paid", payment.status)
    member = User.get_by_id(payment.user_id)
    steps.check("the membership is granted", member.membership_tier == _TIER, member.membership_tier)
    reward = find_reward_by_reference(reference)
    steps.check("one reward of the same reference, without an order", reward and reward.order_id is None)
    if reward is None or reward.status == "failed":
        steps.skip("approval and mint", f"the reward has no size ({reward and reward.failure_reason})")
        return
    steps.check("it waits for an admin", reward.status == "pending_approval", reward.status)
    _approve(reward.id, settings)
    steps.check("it is approved", get_reward(reward.id).status in ("approved", "minting", "minted"))
    if not chain.configured:
        steps.skip("the mint", "no chain is configured")
        return
    _mint(reward.id, chain, settings, steps, seconds)
    _check_chain(get_reward(reward.id), chain, settings, steps)


def _approve(reward_id: int, settings: Settings) -> None:
    for number in ("first", "second"):
        if get_reward(reward_id).status == "pending_approval":
            try:
                decide_reward.approve(reward_id, smoke_account(f"{number}-approver").id, settings)
            except RewardStatusConflict:
                return


def _mint(reward_id: int, chain: AnyChain, settings: Settings, steps: Steps, seconds: int) -> None:
    """Run rounds for this reward until it is minted, here or by another process."""
    deadline = time.monotonic() + seconds
    reported: set[str] = set()
    while (reward := get_reward(reward_id)).status in ("approved", "minting"):
        reason = mint_rewards(chain, settings, 1, ACTOR, reward_ids=[reward_id]).waiting_reason
        # A running portal mints too: that another process leads is no news.
        state = (
            f"{reward.status}, waiting: {reason}" if reason not in (None, "other_leader") else reward.status
        )
        if state not in reported:
            steps.say(f"  ...   {state}")
            reported.add(state)
        steps.require(time.monotonic() < deadline, f"the mint is not final after {seconds} s ({state})")
        time.sleep(_PAUSE_SECONDS)
    steps.check("the reward is minted", reward.status == "minted", reward.failure_reason or reward.status)


def _check_chain(reward: ReferralReward, chain: AnyChain, settings: Settings, steps: Steps) -> None:
    event = read_paid_event(chain, reward.order_reference)
    steps.check("the contract paid the reference", event)
    if event:
        paid = (event.wallet, event.amount, event.tx_hash)
        promised = (reward.referrer_wallet, reward.reward_amount_wei, reward.tx_hash)
        steps.check("its event has the wallet, amount and transaction", paid == promised, paid)
    differences = audit_reference(reward.order_reference, chain, settings).differences
    steps.check("the audit finds no difference", not differences, differences)
    steps.left.append(
        f"{reward.reward_amount_wei} base units of the token, minted to the minter's own account"
    )


def _check_refund(reference: str, steps: Steps) -> None:
    payment = get_payment(reference)
    steps.check("the refund closes the payment", payment.status == "refunded", payment.status)
    member = User.get_by_id(payment.user_id)
    steps.check("and the membership", member.membership_tier == "SUBSCRIBER", member.membership_tier)
    steps.check("the clearing account is empty", clearing_of(reference) == 0)


def _refund_leftovers(member: User, chain: AnyChain, settings: Settings) -> None:
    """Refund what an interrupted run left open."""
    rows = PaymentTransaction.select().where(PaymentTransaction.user_id == member.id)
    for payment in rows.where(PaymentTransaction.status != "refunded"):
        _refund(payment, chain, settings)


def _refund(payment: PaymentTransaction, chain: AnyChain, settings: Settings) -> None:
    # An unpaid reference is closed as well: a late Approved cannot revive it.
    with connection():
        receive_callback(smoke_callback(payment, "refunded", settings), chain, settings)
