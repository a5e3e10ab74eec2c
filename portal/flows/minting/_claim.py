"""Claim mintable rewards: choose them, simulate the payment, store the transaction, send it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from portal.chain import Payment, order_ref
from portal.chain.contract.abi import Revert
from portal.chain.contract.rewards import MODE_TRANSFER, Facts
from portal.chain.errors import ContractMissing
from portal.chain.sending import sender
from portal.chain.sending.failpoints import failpoint
from portal.chain.sending.fees import Fees
from portal.chain.sending.operations import Waiting, store_draft
from portal.flows.minting._audit import heal_paid
from portal.flows.minting._context import MintRound
from portal.flows.minting._open_transactions import find_payment_hashes
from portal.lib.types import Wei
from portal.rewards import minting
from portal.rewards.minting import MintableReward

_GAS_MARGIN_PERCENT = 125
_MAX_REVERTS = 6
_REFILLS = 20

# Reverts that affect every reward, with the codes that pages translate.
_WAITING_CODES = {
    "EnforcedPause": "paused",
    "ReferralRewards__DailyCapExceeded": "daily_cap",
    "ReferralRewards__RewardCapExceeded": "reward_cap",
    "ReferralRewards__InsufficientBalance": "treasury_empty",
    "AccessControlUnauthorizedAccount": "minter_missing",
    "OwnableUnauthorizedAccount": "minter_missing",
    "ERC20ExceededCap": "token_cap",
}
# Reverts that are not the fault of the reward: it stays approved.
TRANSIENT_REVERTS = {*_WAITING_CODES, "ReferralRewards__AlreadyPaid"}


@dataclass
class _SimulationResult:
    """Candidates that can be sent together, and those that fail on their own with their reasons."""

    good: list[MintableReward] = field(default_factory=list)
    failing: dict[int, str] = field(default_factory=dict)


def claim_and_send(work: MintRound, limit: int) -> None:
    """Send one transaction for the oldest mintable rewards; raise Waiting while nothing can be paid."""
    try:
        facts = work.contract.facts(work.node, work.key.address)
    except ContractMissing as error:
        raise Waiting("contract_missing", str(error)) from None
    _require_ready(facts, work)
    candidates = _within_budget(_candidates(work, facts, min(limit, work.batch_size)), facts)
    if not candidates:
        return
    fees = work.fees()
    result = _separate_failing(work, candidates)
    work.processed += len(result.good) + len(result.failing)
    if result.failing:
        _fail(work, result.failing, facts.token)
    if result.good:
        _send(work, result.good, facts, fees)


def _require_ready(facts: Facts, work: MintRound) -> None:
    if facts.is_paused:
        raise Waiting("paused", "the contract's admin has paused payments")
    if not facts.is_operator:
        raise Waiting("role_missing", f"{work.key.address} lacks OPERATOR_ROLE")
    if facts.operator_balance == 0:
        raise Waiting("no_gas", f"{work.key.address} has no native currency")


# ---------------------------------------------------------------------- choosing


def _candidates(work: MintRound, facts: Facts, size: int) -> list[MintableReward]:
    """Return the oldest mintable rewards that the chain does not show as paid, all with the same revert count."""
    caps = [cap for cap in (facts.reward_cap, facts.daily_cap) if cap is not None]
    skip: set[int] = set()
    for _ in range(_REFILLS):
        rewards = minting.list_mintable(
            size,
            chain_id=work.chain.chain_id,
            max_amount_wei=min(caps) if caps else None,
            reward_ids=work.reward_ids,
            skip_ids=sorted(skip),
        )
        if not rewards:
            if caps and not skip:
                _note_cap(work)
            return []
        dropped = sender.open_items("reward", [reward.id for reward in rewards]) | _drop_paid(work, rewards)
        if not dropped:
            return _with_equal_reverts(work, rewards, facts.token)
        skip |= dropped
    return []


def _note_cap(work: MintRound) -> None:
    if minting.list_mintable(1, chain_id=work.chain.chain_id, reward_ids=work.reward_ids):
        work.note(Waiting("reward_cap", "every mintable reward is larger than the contract's caps"))


def _drop_paid(work: MintRound, rewards: Sequence[MintableReward]) -> set[int]:
    """Record rewards whose payment is final as minted; return all that the chain shows as paid."""
    refs = {order_ref(reward.order_reference): reward for reward in rewards}
    flags = work.contract.paid(work.node, list(refs), "latest")
    paid = [ref for ref, flag in zip(refs, flags, strict=True) if flag]
    if paid:
        hashes = find_payment_hashes(work, work.contract, paid)
        heal_paid(work, {refs[ref].id: tx_hash for ref, tx_hash in hashes.items()})
        work.processed += len(hashes)
    return {refs[ref].id for ref in paid}


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


def _within_budget(rewards: list[MintableReward], facts: Facts) -> list[MintableReward]:
    """Return the oldest rewards that the daily cap and the treasury allow; raise Waiting if they allow none."""
    limits = [("daily_cap", facts.remaining_today)]
    limits += [("treasury_empty", facts.treasury)] if facts.mode == MODE_TRANSFER else []
    code, budget = min(
        ((c, b) for c, b in limits if b is not None), key=lambda limit: limit[1], default=("", None)
    )
    if budget is None or not rewards:
        return rewards
    total, fitting = 0, []
    for reward in rewards:
        total += reward.amount_wei
        if total > budget:
            break
        fitting.append(reward)
    if not fitting:
        raise Waiting(code, f"{budget} wei are left, the next reward needs {rewards[0].amount_wei}")
    return fitting


# ---------------------------------------------------------------------- simulating


def _separate_failing(work: MintRound, rewards: list[MintableReward]) -> _SimulationResult:
    """Separate payable rewards from failing ones by simulation.

    A control payment distinguishes a refusal that concerns all rewards from the fault of one.
    """
    if _simulate(work, rewards) is None:
        return _SimulationResult(good=rewards)
    control = Payment(work.key.address, Wei(1), order_ref(f"control:{work.latest.hash}"))
    refusal = work.contract.simulate(work.node, work.key.address, [control])
    if refusal is not None:
        raise Waiting(_WAITING_CODES.get(refusal.root.name, "contract_refuses"), refusal.text)
    result = _SimulationResult()
    groups = _bisect(work, rewards, result)
    together = [reward for group in groups for reward in group]
    # Each group passes alone; the budgets already limit their sum.
    result.good = together if len(groups) < 2 or _simulate(work, together) is None else groups[0]
    return result


def _bisect(
    work: MintRound, rewards: list[MintableReward], result: _SimulationResult
) -> list[list[MintableReward]]:
    """Return groups that pass the simulation and collect the rewards that fail it."""
    if not rewards:
        return []
    revert = _simulate(work, rewards)
    if revert is None:
        return [rewards]
    if len(rewards) == 1:
        _record_failure(work, rewards[0], revert, result)
        return []
    first, second = _split(rewards, revert)
    return _bisect(work, first, result) + _bisect(work, second, result)


def _split(
    rewards: list[MintableReward], revert: Revert
) -> tuple[list[MintableReward], list[MintableReward]]:
    """Split off the rewards that the revert names, otherwise split in halves."""
    named = {"0x" + argument.hex() for argument in revert.arguments if isinstance(argument, bytes)}
    culprits = [reward for reward in rewards if order_ref(reward.order_reference) in named]
    if culprits and len(culprits) < len(rewards):
        return culprits, [reward for reward in rewards if reward not in culprits]
    middle = len(rewards) // 2
    return rewards[:middle], rewards[middle:]


def _record_failure(
    work: MintRound, reward: MintableReward, revert: Revert, result: _SimulationResult
) -> None:
    if revert.root.name in TRANSIENT_REVERTS:
        work.note(Waiting(_WAITING_CODES.get(revert.root.name, "contract_refuses"), revert.text))
    else:
        result.failing[reward.id] = f"the contract refuses this payment: {revert.text}"[:500]


def _simulate(work: MintRound, rewards: Sequence[MintableReward]) -> Revert | None:
    return work.contract.simulate(work.node, work.key.address, _payments(rewards))


def _payments(rewards: Sequence[MintableReward]) -> list[Payment]:
    return [
        Payment(reward.wallet, reward.amount_wei, order_ref(reward.order_reference)) for reward in rewards
    ]


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


def _send(work: MintRound, rewards: list[MintableReward], facts: Facts, fees: Fees) -> None:
    """Sign and commit the transaction, and only then send it."""
    calldata = work.contract.encode_payment(_payments(rewards))
    gas = work.node.estimate_gas(work.key.address, work.contract.address, calldata)
    if isinstance(gas, Revert):
        raise Waiting("contract_refuses", gas.text)
    gas_limit = gas * _GAS_MARGIN_PERCENT // 100
    if facts.operator_balance < gas_limit * fees.max_fee:
        raise Waiting(
            "no_gas", f"{work.key.address} has {facts.operator_balance} of {gas_limit * fees.max_fee} wei"
        )
    latest = work.node.nonce(work.key.address, "latest")
    with work.leader.writing():
        claimed = minting.claim_mintable(
            [reward.id for reward in rewards],
            chain_id=work.chain.chain_id,
            token=facts.token,
            actor=work.actor,
        )
        if not claimed:
            return
        items = tuple(
            sender.Item(reward.id, payment.wallet, payment.amount, payment.order_ref)
            for reward, payment in zip(claimed, _payments(claimed), strict=True)
        )
        # A reward may have been reduced or rejected since the simulation: only the claimed rows count.
        calldata = work.contract.encode_payment(_payments(claimed))
        draft = sender.Draft("reward", work.contract.address, calldata, gas_limit, items)
        signed = store_draft(work, draft, fees, latest)
    failpoint("committed")
    work.submitted += len(claimed)
    sender.send(work.node, signed.tx_hash, signed.raw)
    failpoint("sent")
