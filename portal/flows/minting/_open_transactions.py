"""Reopen reorganized transactions and settle final ones: `paidOrders` decides about each of their rewards."""

from __future__ import annotations

from collections.abc import Sequence

from portal.chain import audits
from portal.chain.contract.rewards import RewardsContract
from portal.chain.sending import sender
from portal.chain.sending.failpoints import failpoint
from portal.chain.sending.operations import follow_open, reopen_reorganized
from portal.chain.sending.sender import OpenTransaction, Outcome
from portal.chain.state import raise_alert
from portal.flows.minting._context import REWARD_PURPOSES, MintRound
from portal.lib.types import TxHash
from portal.rewards import minting


def reopen_rewards(work: MintRound) -> None:
    """Move the rewards of transactions that a reorganization removed back to `minting`."""
    reopen_reorganized(work, REWARD_PURPOSES, lambda ids: minting.reopen_minted(ids, work.actor))


def settle_rewards(work: MintRound) -> bool:
    """Settle final transactions, send unmined ones again; return whether anything is not mined."""
    return follow_open(
        work, REWARD_PURPOSES, lambda transaction, outcome: _settle(work, transaction, outcome)
    )


def _settle(work: MintRound, transaction: OpenTransaction, outcome: Outcome) -> None:
    """Close a transaction and move each of its rewards by `paidOrders` at the finalized block."""
    hashes = _find_payments(work, transaction, outcome)
    if hashes is None:
        return
    unpaid = [item.item_id for item in transaction.items if item.item_id not in hashes]
    failpoint("settling")
    with work.leader.writing():
        if sender.settle(transaction.id, outcome):
            work.record_minted(hashes)
            minting.return_to_approved(
                unpaid, f"proven unpaid on chain: transaction {outcome.status}", work.actor
            )
            work.settled += 1
    failpoint("zero balance")


def _find_payments(
    work: MintRound, transaction: OpenTransaction, outcome: Outcome
) -> dict[int, TxHash] | None:
    """Return the hash that paid each paid item, None if some payment event is missing."""
    items = {item.order_ref: item.item_id for item in transaction.items if item.order_ref}
    if not items:
        return {}
    contract = RewardsContract(transaction.to_address)
    flags = contract.paid(work.node, list(items), work.finalized.number)
    paid = [ref for ref, flag in zip(items, flags, strict=True) if flag]
    hashes: dict[str, TxHash] = {}
    if outcome.receipt:
        block = outcome.receipt.block_number
        hashes = work.hashes_of(contract.paid_events(work.node, block, block, paid)) if paid else {}
    missing = [ref for ref in paid if ref not in hashes]
    if missing:
        hashes |= find_payment_hashes(work, contract, missing)
    unknown = [ref for ref in paid if ref not in hashes]
    if unknown:
        for ref in unknown:
            raise_alert("payment_event_missing", ref, contract=contract.address, transaction=transaction.id)
        return None
    return {items[ref]: hashes[ref] for ref in paid}


def find_payment_hashes(
    work: MintRound, contract: RewardsContract, order_refs: Sequence[str]
) -> dict[str, TxHash]:
    """Return the transactions that paid references, searched from the first audited to the finalized block."""
    mark = audits.find_mark(work.chain.chain_id, contract.address)
    first = mark.first_block if mark else 0
    return work.hashes_of(contract.paid_events(work.node, first, work.finalized.number, order_refs))
