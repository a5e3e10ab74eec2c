"""Find out before sending which payments the contract would refuse or let cost too much, and afterwards why it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from portal.chain import Payment, order_ref
from portal.chain.contract.abi import Revert
from portal.chain.contract.rewards import RewardsContract
from portal.chain.errors import StateUnavailable
from portal.chain.sending.operations import Waiting
from portal.chain.sending.readiness import TRANSIENT_REVERTS, WAITING_CODES
from portal.chain.sending.sender import OpenTransaction
from portal.flows.minting._context import MintRound
from portal.lib.types import Wei
from portal.rewards.minting import MintableReward

# What a payment to a new wallet needs in a batch; beyond it the payments of a batch are estimated one by one.
_USUAL_GAS = 55_000


@dataclass
class SimulationResult:
    """Candidates that can be sent together, and those that fail on their own with their reasons."""

    good: list[MintableReward] = field(default_factory=list)
    failing: dict[int, str] = field(default_factory=dict)


def separate_failing(work: MintRound, rewards: list[MintableReward]) -> SimulationResult:
    """Separate payable rewards from failing ones by simulation.

    A control payment distinguishes a refusal that concerns all rewards from the fault of one.
    """
    if _simulate(work, rewards) is None:
        return SimulationResult(good=rewards)
    refusal = work.contract.simulate(work.node, work.key.address, [_control(work)])
    if refusal is not None:
        raise Waiting(WAITING_CODES.get(refusal.root.name, "contract_refuses"), refusal.text)
    result = SimulationResult()
    groups = _bisect(work, rewards, result)
    together = [reward for group in groups for reward in group]
    # Each group passes alone; the budgets already limit their sum.
    result.good = together if len(groups) < 2 or _simulate(work, together) is None else groups[0]
    return result


def _bisect(
    work: MintRound, rewards: list[MintableReward], result: SimulationResult
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
    culprits = [reward for reward in rewards if order_ref(reward.payment_reference) in named]
    if culprits and len(culprits) < len(rewards):
        return culprits, [reward for reward in rewards if reward not in culprits]
    middle = len(rewards) // 2
    return rewards[:middle], rewards[middle:]


def _record_failure(
    work: MintRound, reward: MintableReward, revert: Revert, result: SimulationResult
) -> None:
    if revert.root.name in TRANSIENT_REVERTS:
        work.note(Waiting(WAITING_CODES.get(revert.root.name, "contract_refuses"), revert.text))
    else:
        result.failing[reward.id] = f"the contract refuses this payment: {revert.text}"[:500]


def _simulate(work: MintRound, rewards: Sequence[MintableReward]) -> Revert | None:
    return work.contract.simulate(work.node, work.key.address, payments_of(rewards))


def payments_of(rewards: Sequence[MintableReward]) -> list[Payment]:
    return [
        Payment(reward.recipient, reward.amount_wei, order_ref(reward.payment_reference))
        for reward in rewards
    ]


def _control(work: MintRound) -> Payment:
    """Return a payment that only a general obstacle can refuse."""
    return Payment(work.key.address, Wei(1), order_ref(f"control:{work.latest.hash}"))


# ---------------------------------------------------------------------- gas


def limit_gas(work: MintRound, result: SimulationResult) -> int:
    """Return the gas of the good payments together, after setting those aside that need more than the ceiling.

    Raises Waiting if every payment would need more.
    """
    ceiling = work.chain.max_gas_per_reward
    gas = _estimate(work, payments_of(result.good))
    if isinstance(gas, int) and gas <= ceiling + (len(result.good) - 1) * _USUAL_GAS:
        return gas
    control = _estimate(work, [_control(work)])
    if isinstance(control, int) and control > ceiling:
        raise Waiting("gas_ceiling", f"a payment needs {control} gas, the ceiling is {ceiling}")
    candidates, result.good = result.good, []
    for reward in candidates:
        alone = _estimate(work, payments_of([reward]))
        if isinstance(alone, Revert):
            _record_failure(work, reward, alone, result)
        elif alone > ceiling:
            result.failing[reward.id] = f"the payment needs {alone} gas, the ceiling is {ceiling}"
        else:
            result.good.append(reward)
    if not result.good:
        return 0
    gas = _estimate(work, payments_of(result.good))
    if isinstance(gas, Revert):
        raise Waiting("contract_refuses", gas.text)
    return gas


def _estimate(work: MintRound, payments: Sequence[Payment]) -> int | Revert:
    calldata = work.contract.encode_payment(payments)
    return work.node.estimate_gas(work.key.address, work.contract.address, calldata)


# ---------------------------------------------------------------------- reverts on chain


def outside_cause(work: MintRound, transaction: OpenTransaction, block: int) -> str | None:
    """Return the code of why the contract refused any payment around a block, None if the transaction is at fault.

    A pause or a cap between simulation and mining is not counted against the rewards.
    """
    control = RewardsContract(transaction.to_address).encode_payment([_control(work)])
    for tag in (block, block - 1):
        try:
            own, general = work.node.eth_calls(
                [(transaction.to_address, transaction.calldata), (transaction.to_address, control)],
                tag,
                transaction.operator,
            )
        except StateUnavailable:
            continue
        if isinstance(own, Revert) and own.root.name in TRANSIENT_REVERTS:
            return WAITING_CODES.get(own.root.name, "contract_refuses")
        if isinstance(general, Revert):
            return WAITING_CODES.get(general.root.name, "contract_refuses")
    return None
