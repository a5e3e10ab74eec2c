"""Claim mintable rewards: choose them, simulate the payment, store the transaction, send it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.chain import checksum, order_ref
from portal.chain.contract.proofs import prove_payments
from portal.chain.contract.rewards import MODE_TRANSFER, TOKEN_DECIMALS, Facts
from portal.chain.errors import ContractMissing
from portal.chain.node.wordings import is_accepted
from portal.chain.sending import sender
from portal.chain.sending.failpoints import failpoint
from portal.chain.sending.fees import Fees
from portal.chain.sending.operations import Waiting, store_draft
from portal.chain.sending.readiness import require_ready
from portal.chain.sending.reserved import Reserved
from portal.chain.state import raise_alert
from portal.flows.minting._audit import heal_paid
from portal.flows.minting._context import MintRound
from portal.flows.minting._setting_aside import forget, set_aside_rewards, work_together
from portal.flows.minting._simulate import limit_gas, payments_of, separate_failing
from portal.rewards import minting
from portal.rewards.errors import TOKEN_CHANGED
from portal.rewards.minting import UNPAYABLE_WEI, MintableReward

_GAS_MARGIN_PERCENT = 125
_IMPOSSIBLE = "the amount is larger than any token amount"
_MAX_REVERTS = 6
_REFILLS = 20


@dataclass(frozen=True)
class _Budget:
    """What may be paid now in wei, and the code of what limits it."""

    code: str
    wei: int


@dataclass(frozen=True)
class _Funds:
    """What may be paid now: the contract's state, less what the unmined transactions may still take of it."""

    facts: Facts
    latest_nonce: int
    reserved: Reserved

    @property
    def reward_caps(self) -> list[int]:
        return [cap for cap in (self.facts.reward_cap, self.facts.daily_cap) if cap is not None]

    @property
    def budget(self) -> _Budget | None:
        """Return the tightest limit of a sum, None without any."""
        limits = [("daily_cap", self.facts.remaining_today)]
        limits += [("treasury_empty", self.facts.treasury)] if self.facts.mode == MODE_TRANSFER else []
        budgets = [
            _Budget(code, max(0, wei - self.reserved.amount_wei)) for code, wei in limits if wei is not None
        ]
        return min(budgets, key=lambda budget: budget.wei, default=None)


def claim_and_send(work: MintRound, limit: int) -> None:
    """Send transactions for the oldest mintable rewards while slots are free; raise Waiting if nothing can be paid."""
    # Read before the state: what is mined in between is counted twice rather than not at all.
    latest_nonce = work.node.nonce(work.key.address, "latest")
    facts = _read_facts(work)
    fees: Fees | None = None
    while work.free_slots and work.submitted < limit:
        funds = _Funds(facts, latest_nonce, work.reserved(latest_nonce, work.contract.address))
        size = min(limit - work.submitted, work.batch_size)
        candidates = _within_budget(_candidates(work, funds, size), funds.budget)
        _note_larger(work, funds)
        if not candidates:
            return
        fees = fees or work.fees()
        work.tried |= {reward.id for reward in candidates}
        _pay_together(work, candidates, funds, fees)


def _pay_together(work: MintRound, candidates: Sequence[MintableReward], funds: _Funds, fees: Fees) -> None:
    work_together(candidates, lambda reward: reward.id, lambda rewards: _pay(work, rewards, funds, fees))


def _read_facts(work: MintRound) -> Facts:
    try:
        facts = work.contract.facts(work.node, work.key.address)
    except ContractMissing as error:
        raise Waiting("contract_missing", str(error)) from None
    require_ready(facts, work.chain, work.key.address, decimals=TOKEN_DECIMALS)
    return facts


def _pay(work: MintRound, rewards: Sequence[MintableReward], funds: _Funds, fees: Fees) -> None:
    """Fail the refused rewards, and send the others in one transaction if a slot is still free."""
    if not work.free_slots:
        return
    result = separate_failing(work, list(rewards))
    gas = limit_gas(work, result) if result.good else 0
    if result.failing:
        _fail(work, result.failing, funds.facts.token)
    if result.good:
        _send(work, result.good, funds, fees, gas)
    work.processed += len(result.good) + len(result.failing)


# ---------------------------------------------------------------------- choosing


def _candidates(work: MintRound, funds: _Funds, size: int) -> list[MintableReward]:
    """Return the oldest mintable rewards that the chain does not show as paid, all with the same revert count."""
    token, budget = funds.facts.token, funds.budget
    # A reward that is too large now must not stop the smaller ones behind it.
    limits = [*funds.reward_caps, budget.wei] if budget else funds.reward_caps
    passed_over = _passed_over(work)
    skip = set(passed_over)
    for _ in range(_REFILLS):
        rewards = minting.list_mintable(
            size,
            chain_id=work.chain.chain_id,
            max_amount_wei=min(limits) if limits else None,
            reward_ids=work.reward_ids,
            skip_ids=sorted(skip),
        )
        if not rewards:
            if limits and skip == passed_over:
                _note_limits(work, funds.reward_caps, budget)
            return []
        impossible = [reward.id for reward in rewards if reward.amount_wei >= UNPAYABLE_WEI]
        if impossible:
            _fail(work, dict.fromkeys(impossible, _IMPOSSIBLE), token)
            work.processed += len(impossible)
            continue
        dropped = sender.open_items("reward", [reward.id for reward in rewards]) | _drop_paid(work, rewards)
        dropped |= _drop_outdated(work, [reward for reward in rewards if reward.id not in dropped], token)
        if not dropped:
            return _with_equal_reverts(work, rewards, token)
        skip |= dropped
    return []


def _note_limits(work: MintRound, caps: list[int], budget: _Budget | None) -> None:
    """Report which limit keeps every mintable reward waiting, if one waits at all."""
    below_caps = _oldest(work, min(caps)) if caps else _oldest(work, None)
    if below_caps and budget:
        raise Waiting(
            budget.code, f"{budget.wei} wei are left, the next reward needs {below_caps[0].amount_wei}"
        )
    if _oldest(work, None):
        work.note(Waiting("reward_cap", "every mintable reward is larger than the contract's caps"))


def _note_larger(work: MintRound, funds: _Funds) -> None:
    """Report a reward that waits because it is too large now, while smaller ones are paid."""
    budget = funds.budget
    oldest = _oldest(work, min(funds.reward_caps, default=None)) if budget else []
    if budget and oldest and oldest[0].amount_wei > budget.wei:
        work.note(
            Waiting(budget.code, f"{budget.wei} wei are left, the next reward needs {oldest[0].amount_wei}")
        )


def _oldest(work: MintRound, max_amount_wei: int | None) -> list[MintableReward]:
    return minting.list_mintable(
        1,
        chain_id=work.chain.chain_id,
        max_amount_wei=max_amount_wei,
        reward_ids=work.reward_ids,
        skip_ids=sorted(_passed_over(work)),
    )


def _passed_over(work: MintRound) -> set[int]:
    """Return the rewards that are set aside, and those that this round has tried to pay."""
    return set_aside_rewards() | work.tried


def _drop_paid(work: MintRound, rewards: Sequence[MintableReward]) -> set[int]:
    """Record rewards whose payment is final as minted; return all that the chain shows as paid."""
    refs = {order_ref(reward.payment_reference): reward for reward in rewards}
    flags = work.contract.paid(work.node, list(refs), "latest")
    paid = [ref for ref, flag in zip(refs, flags, strict=True) if flag]
    if paid:
        proofs = prove_payments(work.node, work.contract, paid, work.finalized.number)
        heal_paid(work, {refs[ref].id: (refs[ref], proof) for ref, proof in proofs.items()})
        work.processed += len(proofs)
        _report_unproven(work, [ref for ref in paid if ref not in proofs])
    return {refs[ref].id for ref in paid}


def _drop_outdated(work: MintRound, rewards: Sequence[MintableReward], token: str) -> set[int]:
    """Fail rewards that were sized in another token than the contract pays, and return their ids.

    The same number of tokens would be worth something else. A retry sizes them at the price of the new token; what is
    left of a reward that was paid in part stays as it is.
    """
    outdated = {reward.id for reward in rewards if reward.sized_in not in (None, token.lower())}
    whole = [reward.id for reward in rewards if reward.id in outdated and reward.is_first_payment]
    if whole:
        _fail(work, dict.fromkeys(whole, TOKEN_CHANGED), token)
        work.processed += len(whole)
    return outdated


def _report_unproven(work: MintRound, order_refs: list[str]) -> None:
    """Raise an alert for each reference that a final block shows as paid, though its event is not found."""
    flags = work.contract.paid_until(work.node, order_refs, work.finalized.number, work.latest.number)
    for ref in (ref for ref, flag in zip(order_refs, flags, strict=True) if flag):
        raise_alert("payment_event_missing", ref, contract=work.contract.address)


def _with_equal_reverts(work: MintRound, rewards: list[MintableReward], token: str) -> list[MintableReward]:
    """Return rewards with equal revert counts, in batches that shrink with the count so one cannot block the rest."""
    reverts = sender.count_reverts("reward", [reward.id for reward in rewards])
    exhausted = {
        r.id: f"reverted on chain {reverts[r.id]} times"
        for r in rewards
        if reverts.get(r.id, 0) >= _MAX_REVERTS
    }
    if exhausted:
        _fail(work, exhausted, token)
        rewards = [reward for reward in rewards if reward.id not in exhausted]
    if not rewards:
        return []
    count = reverts.get(rewards[0].id, 0)
    batch_size = max(1, work.batch_size >> (2 * count))
    return [reward for reward in rewards if reverts.get(reward.id, 0) == count][:batch_size]


def _within_budget(rewards: list[MintableReward], budget: _Budget | None) -> list[MintableReward]:
    """Return the oldest rewards that the daily cap and the treasury allow together."""
    if budget is None:
        return rewards
    total, fitting = 0, []
    for reward in rewards:
        if total + reward.amount_wei <= budget.wei:
            total += reward.amount_wei
            fitting.append(reward)
    return fitting


# ---------------------------------------------------------------------- storing and sending


def _fail(work: MintRound, reasons: dict[int, str], token: str) -> None:
    """Record permanent refusals; a reward can move from `approved` to `failed` only through `minting`."""
    with work.leader.writing():
        claimed = minting.claim_mintable(
            list(reasons), chain_id=work.chain.chain_id, token=token, actor=work.actor
        )
        work.failed += len(
            minting.fail_mint({reward.id: reasons[reward.id] for reward in claimed}, work.actor)
        )


def _send(work: MintRound, rewards: list[MintableReward], funds: _Funds, fees: Fees, gas: int) -> None:
    """Sign and commit the transaction, and only then send it; a node that does not take it gets no further one."""
    gas_limit = gas * _GAS_MARGIN_PERCENT // 100
    if not _can_pay_gas(work, funds, gas_limit * fees.max_fee):
        work.free_slots = 0
        return
    with work.leader.writing():
        claimed = minting.claim_mintable(
            [reward.id for reward in rewards],
            chain_id=work.chain.chain_id,
            token=funds.facts.token,
            actor=work.actor,
        )
        if not claimed:
            return
        items = tuple(
            sender.Item(reward.id, payment.wallet, payment.amount, payment.order_ref)
            for reward, payment in zip(claimed, payments_of(claimed), strict=True)
        )
        # A reward may have been reduced or rejected since the simulation: only the claimed rows count.
        calldata = work.contract.encode_payment(payments_of(claimed))
        draft = sender.Draft("reward", work.contract.address, calldata, gas_limit, items)
        signed = store_draft(work, draft, fees, funds.latest_nonce)
    work.free_slots -= 1
    work.submitted += len(claimed)
    failpoint("committed")
    forget(reward.id for reward in claimed)
    if not is_accepted(sender.send(work.node, signed.tx_hash, signed.raw)):
        work.free_slots = 0
    failpoint("sent")


def _can_pay_gas(work: MintRound, funds: _Funds, cost: int) -> bool:
    """Return whether the operator can pay the gas in addition to that of its unmined transactions.

    Unmined ones cost less than they reserve, so Waiting is raised only if the balance cannot pay this one alone.
    """
    reserved = work.reserved(funds.latest_nonce, work.contract.address).gas_wei
    balance = funds.facts.operator_balance
    if balance < cost:
        raise Waiting("no_gas", f"{checksum(work.key.address)} has {balance} of {cost} wei")
    return balance - reserved >= cost
