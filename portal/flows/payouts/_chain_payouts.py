"""Send payouts with the treasury's key and follow them until they are final.

A token transfer has no order reference, so only the database records what was paid: a payout belongs to one
transaction permanently, and after a failure only an admin may release its settlements for another payout.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from portal.chain import (
    ChainAway,
    ContractMissing,
    LeaderLost,
    NodeRefused,
    NotConfigured,
    Treasury,
    WrongChain,
    database_now,
    lead,
)
from portal.chain.contract.abi import Revert
from portal.chain.sending import sender
from portal.chain.sending.failpoints import failpoint
from portal.chain.sending.fees import Fees
from portal.chain.sending.operations import (
    FILLER,
    SendingContext,
    Waiting,
    follow_open,
    reopen_reorganized,
    store_draft,
)
from portal.chain.sending.sender import OpenTransaction, Outcome
from portal.chain.state import raise_alert
from portal.commissions import payouts
from portal.commissions.payout_queries import Transfer, list_unsent
from portal.db import Actor
from portal.lib.types import Address, Wei

_PURPOSES = ("payout", FILLER)
_TRANSFERS_PER_ROUND = 20
_GAS_MARGIN_PERCENT = 125

REVERTED = "payout_reverted"
SUPERSEDED = "payout_superseded"
NOT_PROVEN = "payout_not_proven"


@dataclass(kw_only=True)
class PayoutRound(SendingContext):
    """The context of one payout round and the payouts it has sent."""

    treasury: Treasury
    actor: Actor
    sent: list[int] = field(default_factory=list)


def run_chain_round(treasury: Treasury | NotConfigured, actor: Actor) -> Waiting | None:
    """Settle final transactions and send waiting payouts; return why nothing more was possible, or None."""
    if isinstance(treasury, NotConfigured):
        return Waiting("not_configured", treasury.reason)
    with lead(treasury.chain.leader_name) as leader:
        if leader is None:
            return Waiting("other_leader")
        try:
            node = treasury.chain.node(database_now())
            context = PayoutRound(
                chain=treasury.chain,
                node=node,
                leader=leader,
                key=treasury.key,
                latest=node.block("latest"),
                finalized=node.block("finalized"),
                treasury=treasury,
                actor=actor,
            )
            _run(context)
        except Waiting as waiting:
            return waiting
        except (ChainAway, NodeRefused, WrongChain, ContractMissing, LeaderLost) as error:
            return Waiting(error.code, str(error))
    return context.problem


def _run(context: PayoutRound) -> None:
    reopen_reorganized(context, _PURPOSES, lambda ids: _reopen(context, ids))
    is_unmined = follow_open(
        context, _PURPOSES, lambda transaction, outcome: _settle(context, transaction, outcome)
    )
    if is_unmined:
        return
    waiting = list_unsent(context.chain.chain_id, context.treasury.token.address, _TRANSFERS_PER_ROUND)
    if waiting:
        _send_all(context, waiting)


def _reopen(context: PayoutRound, payout_ids: list[int]) -> None:
    for payout_id in payouts.reopen_payouts(payout_ids, context.actor):
        raise_alert("payout_reopened_after_retry", str(payout_id))


# ---------------------------------------------------------------------- settling


def _settle(context: PayoutRound, transaction: OpenTransaction, outcome: Outcome) -> None:
    """Close a final transaction and complete or fail its payout according to the chain."""
    hashes = [attempt.tx_hash for attempt in transaction.attempts]
    if outcome.receipt is None and context.node.known(hashes):
        # The node still has one of the attempts, so the transaction may be mined.
        return
    failures = {item.item_id: _failure(context, transaction, outcome, item) for item in transaction.items}
    tx_hash = outcome.receipt.tx_hash if outcome.receipt else None
    failpoint("payout_settling")
    with context.leader.writing():
        if not sender.settle(transaction.id, outcome):
            return
        for payout_id, reason in failures.items():
            if reason is None and tx_hash:
                payouts.complete_payout(payout_id, tx_hash, context.actor, simulated=False)
            else:
                payouts.fail_payout(payout_id, reason or NOT_PROVEN, context.actor, transaction_id=tx_hash)
    failpoint("payout_settled")


def _failure(
    context: PayoutRound, transaction: OpenTransaction, outcome: Outcome, item: sender.Item
) -> str | None:
    """Return why a final transaction did not pay an item, None if the token's own event shows that it did."""
    receipt = outcome.receipt
    if receipt is None:
        return SUPERSEDED
    if not receipt.succeeded:
        return REVERTED
    token = type(context.treasury.token)(transaction.to_address)
    moved = token.has_moved(
        context.node,
        receipt.block_number,
        [receipt.tx_hash],
        transaction.operator,
        item.recipient,
        item.amount_wei,
    )
    return None if moved else NOT_PROVEN


# ---------------------------------------------------------------------- sending


def _send_all(context: PayoutRound, waiting: list[Transfer]) -> None:
    """Send one transfer per payout as far as the treasury's tokens and gas allow.

    The treasury has no unmined transaction here, so its balances at the latest block are fully available.
    """
    token, account = context.treasury.token, context.key.address
    tokens, coins = token.balance(context.node, account), context.node.balance(account)
    fees = context.fees()
    latest = context.node.nonce(account, "latest")
    for payout in waiting:
        if payout.amount_wei > tokens:
            context.note(
                Waiting("treasury_empty", f"{tokens} of {payout.amount_wei} base units are in the treasury")
            )
            return
        gas_limit = _check_transfer(context, payout)
        if gas_limit is None:
            continue
        if gas_limit * fees.max_fee > coins:
            raise Waiting("no_gas", f"{account} has {coins} of {gas_limit * fees.max_fee} wei")
        _send(context, payout, gas_limit, fees, latest)
        tokens -= payout.amount_wei
        coins -= gas_limit * fees.max_fee


def _check_transfer(context: PayoutRound, payout: Transfer) -> int | None:
    """Return the gas limit of a transfer; fail the payout and return None if the token refuses its recipient.

    A control transfer from the treasury to itself shows whether the token refuses every transfer: then raise Waiting.
    """
    token, account = context.treasury.token, context.key.address
    refusal = token.simulate(context.node, account, payout.wallet, payout.amount_wei)
    gas: int | Revert = 0
    if refusal is None:
        calldata = token.encode_transfer(payout.wallet, payout.amount_wei)
        gas = context.node.estimate_gas(account, token.address, calldata)
        refusal = gas.text if isinstance(gas, Revert) else None
    if refusal is None and isinstance(gas, int):
        return gas * _GAS_MARGIN_PERCENT // 100
    control = token.simulate(context.node, account, account, 1)
    if control is not None:
        raise Waiting("token_refuses", control)
    with context.leader.writing():
        payouts.fail_payout(
            payout.payout_id, f"the token refuses this payment: {refusal}"[:500], context.actor
        )
    return None


def _send(context: PayoutRound, payout: Transfer, gas_limit: int, fees: Fees, latest: int) -> None:
    """Sign and commit the transfer, and only then send it; skip a payout that another process has sent."""
    token = context.treasury.token
    with context.leader.writing():
        if not payouts.lock_unsent(payout.payout_id):
            return
        calldata = token.encode_transfer(payout.wallet, payout.amount_wei)
        item = sender.Item(payout.payout_id, Address(payout.wallet), Wei(payout.amount_wei))
        draft = sender.Draft("payout", token.address, calldata, gas_limit, (item,))
        signed = store_draft(context, draft, fees, latest)
    failpoint("payout_committed")
    context.sent.append(payout.payout_id)
    sender.send(context.node, signed.tx_hash, signed.raw)
    failpoint("payout_sent")
