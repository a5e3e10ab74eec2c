"""Reopen reorganized transactions and settle final ones by what the chain proves about each reward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from portal.chain.contract.proofs import prove_payments
from portal.chain.contract.rewards import RewardsContract
from portal.chain.sending import sender
from portal.chain.sending.failpoints import failpoint
from portal.chain.sending.operations import Followed, follow_open, reopen_reorganized
from portal.chain.sending.sender import Item, OpenTransaction, Outcome
from portal.chain.state import raise_alert
from portal.flows.minting._context import REWARD_PURPOSES, MintRound, Verdict, judge_payments
from portal.flows.minting._setting_aside import forget, set_aside_rewards, work_together
from portal.flows.minting._simulate import outside_cause
from portal.rewards import minting


@dataclass(frozen=True)
class _Proof:
    """What the chain proves of a transaction's items; `unknown` references are paid, but their event is not found."""

    verdict: Verdict
    unpaid: list[int]
    unknown: list[str]


def reopen_rewards(work: MintRound) -> None:
    """Move the rewards of transactions that a reorganization removed back to `minting`."""
    reopen_reorganized(work, REWARD_PURPOSES, lambda ids: minting.reopen_minted(ids, work.actor))


def settle_rewards(work: MintRound) -> Followed:
    """Settle final transactions, send unmined ones again; return what is open then."""
    return follow_open(work, REWARD_PURPOSES, lambda transaction, outcome: settle(work, transaction, outcome))


def settle(work: MintRound, transaction: OpenTransaction, outcome: Outcome) -> None:
    """Close a transaction and move each of its rewards by what the finalized block proves.

    A reward that raises is set aside and keeps the transaction open; its other rewards continue.
    """
    if outcome.receipt and outcome.status == sender.REVERTED:
        cause = outside_cause(work, transaction, outcome.receipt.block_number)
        outcome = replace(outcome, outside_cause=cause)
    items = [item for item in transaction.items if item.order_ref and item.is_open]
    aside = set_aside_rewards() & {item.item_id for item in items} if items else set()
    if aside:
        return

    def settle_part(part: Sequence[Item]) -> None:
        _settle_items(work, transaction, outcome, part, closes=len(part) == len(items))

    if items:
        work_together(items, lambda item: item.item_id, settle_part)
    else:
        settle_part(items)
    failpoint("zero balance")


def _settle_items(
    work: MintRound, transaction: OpenTransaction, outcome: Outcome, items: Sequence[Item], *, closes: bool
) -> None:
    proof = _prove(work, transaction, outcome, items)
    for ref in proof.unknown:
        raise_alert("payment_event_missing", ref, contract=transaction.to_address, transaction=transaction.id)
    decided = [item for item in items if item.order_ref not in proof.unknown]
    failpoint("settling")
    with work.leader.writing():
        if closes and not proof.unknown:
            if not sender.settle(transaction.id, outcome):
                return
            work.settled += 1
        else:
            sender.close_items(transaction.id, [item.item_id for item in decided])
        work.record_minted(proof.verdict.minted)
        work.record_differences(proof.verdict)
        reason = f"proven unpaid on chain: transaction {outcome.status}"
        minting.return_to_approved(proof.unpaid, reason, work.actor)
        forget(item.item_id for item in decided)


def _prove(work: MintRound, transaction: OpenTransaction, outcome: Outcome, items: Sequence[Item]) -> _Proof:
    contract = RewardsContract(transaction.to_address)
    by_ref = {item.order_ref: item for item in items if item.order_ref}
    flags = contract.paid_until(work.node, list(by_ref), work.finalized.number, work.latest.number)
    paid = [ref for ref, flag in zip(by_ref, flags, strict=True) if flag]
    receipts = [outcome.receipt] if outcome.receipt else []
    proofs = prove_payments(work.node, contract, paid, work.finalized.number, receipts)
    verdict = judge_payments({by_ref[ref].item_id: (by_ref[ref], proof) for ref, proof in proofs.items()})
    return _Proof(
        verdict,
        unpaid=[item.item_id for ref, item in by_ref.items() if ref not in paid],
        unknown=[ref for ref in paid if ref not in proofs],
    )
