"""One round of payouts on chain: settle what is final, compare the history, send what waits.

See docs/rules/payouts.md.
"""

from __future__ import annotations

from portal.chain import (
    ChainAway,
    ContractMissing,
    Leader,
    LeaderLost,
    NodeRefused,
    NotConfigured,
    Treasury,
    WrongChain,
    lead,
)
from portal.chain.contract.rewards import RewardsContract
from portal.chain.sending.operations import Waiting, follow_open, reopen_reorganized
from portal.chain.sending.sender import OpenTransaction, Outcome
from portal.commissions.payout_queries import count_unsent
from portal.commissions.payout_references import assign_references, list_of_other_contracts, move_to_contract
from portal.db import Actor, database_now
from portal.flows.payouts._context import PAYOUT_PURPOSES, PayoutRound, RateReader
from portal.flows.payouts._contract_payments import claim_and_send, settle_payments
from portal.flows.payouts._history import (
    HISTORY_UNKNOWN,
    audit_before_sending,
    audit_when_due,
    require_known_history,
)
from portal.flows.payouts._transfers import settle_transfer


def run_chain_round(
    treasury: Treasury | NotConfigured, actor: Actor, read_rate: RateReader
) -> Waiting | None:
    """Settle final transactions and send waiting payouts; return why nothing more was possible, or None."""
    if isinstance(treasury, NotConfigured):
        return Waiting("not_configured", treasury.reason)
    with lead(treasury.chain.leader_name) as leader:
        if leader is None:
            return Waiting("other_leader")
        try:
            context = _open_round(treasury, leader, actor, read_rate)
            _run(context)
        except Waiting as waiting:
            return waiting
        except (ChainAway, NodeRefused, WrongChain, ContractMissing, LeaderLost) as error:
            return Waiting(error.code, str(error))
    return context.problem


def _open_round(treasury: Treasury, leader: Leader, actor: Actor, read_rate: RateReader) -> PayoutRound:
    node = treasury.chain.node(database_now())
    # The nonce is read first: see PayoutRound.
    nonce = node.nonce(treasury.key.address, "latest")
    return PayoutRound(
        chain=treasury.chain,
        node=node,
        leader=leader,
        key=treasury.key,
        nonce=nonce,
        latest=node.block("latest"),
        finalized=node.block("finalized"),
        treasury=treasury,
        actor=actor,
        read_rate=read_rate,
    )


def _run(context: PayoutRound) -> None:
    reopen_reorganized(context, PAYOUT_PURPOSES, context.reopen)
    followed = follow_open(
        context, PAYOUT_PURPOSES, lambda transaction, outcome: _settle(context, transaction, outcome)
    )
    if context.treasury.contract is None:
        if count_unsent():
            raise Waiting("not_configured", "SETTLEMENT_PAYOUT_CONTRACT_ADDRESS is not set")
        return
    with context.leader.writing():
        assign_references(context.chain.chain_id, context.treasury.token.address, context.contract.address)
    _move_from_other_contracts(context)
    if not followed.unmined and count_unsent():
        audit_before_sending(context)
        claim_and_send(context)
    else:
        audit_when_due(context)
        require_known_history(context)


def _move_from_other_contracts(context: PayoutRound) -> None:
    """Let the configured contract pay what waits for an earlier one, if that one shows it as unpaid."""
    address = context.contract.address
    waiting = list_of_other_contracts(context.chain.chain_id, context.treasury.token.address, address)
    for earlier in sorted({contract for _, _, contract in waiting}):
        rows = [(payout_id, ref) for payout_id, ref, contract in waiting if contract == earlier]
        flags = RewardsContract(earlier).paid(context.node, [ref for _, ref in rows], "latest")
        with context.leader.writing():
            unpaid = [row[0] for row, is_paid in zip(rows, flags, strict=True) if not is_paid]
            move_to_contract(unpaid, address)
        if any(flags):
            context.note(
                Waiting(HISTORY_UNKNOWN, f"the earlier contract {earlier} paid payouts that wait here")
            )


def _settle(context: PayoutRound, transaction: OpenTransaction, outcome: Outcome) -> None:
    """Settle payments of a contract by their references, plain transfers by their receipts."""
    if any(item.order_ref is None for item in transaction.items):
        settle_transfer(context, transaction, outcome)
    else:
        settle_payments(context, transaction, outcome)
