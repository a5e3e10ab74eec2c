"""Settle plain token transfers, which paid vendors before there was a payout contract.

A transfer has no reference, so only its own receipt proves it. See docs/rules/payouts.md.
"""

from __future__ import annotations

from portal.chain import ChainAway, NodeRefused
from portal.chain.contract.rewards import RewardsContract
from portal.chain.sending import sender
from portal.chain.sending.failpoints import failpoint
from portal.chain.sending.sender import Item, OpenTransaction, Outcome
from portal.commissions import payouts
from portal.commissions.payout_rules import NOT_PROVEN, REVERTED, SUPERSEDED
from portal.flows.payouts._context import PayoutRound

# A node whose parts disagree shows a newer nonce without the receipt, but not for this long.
_SUPERSEDED_AFTER_SECONDS = 600


def settle_transfer(context: PayoutRound, transaction: OpenTransaction, outcome: Outcome) -> None:
    """Close a final transfer and complete or fail its payout by its receipt."""
    if outcome.receipt is None and not _is_superseded(context, transaction):
        return
    failures = {item.item_id: _failure(transaction, outcome, item) for item in transaction.items}
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


def _is_superseded(context: PayoutRound, transaction: OpenTransaction) -> bool:
    """Return whether another transaction used the nonce: for ten minutes, and no node knows one of the attempts."""
    hashes = [attempt.tx_hash for attempt in transaction.attempts]
    try:
        if any(node.known(hashes) or node.receipts(hashes) for node in context.chain.rpc.nodes):
            return False
    except (ChainAway, NodeRefused):
        return False
    with context.leader.writing():
        return sender.seconds_superseded(transaction.id) >= _SUPERSEDED_AFTER_SECONDS


def _failure(transaction: OpenTransaction, outcome: Outcome, item: Item) -> str | None:
    """Return why a final transfer did not pay an item, None if the token's event in its receipt shows that it did."""
    if outcome.receipt is None:
        return SUPERSEDED
    if not outcome.receipt.succeeded:
        return REVERTED
    token = RewardsContract(transaction.to_address)
    moved = token.transfers_in(outcome.receipt, transaction.to_address, transaction.operator)
    return None if (item.recipient, item.amount_wei) in moved else NOT_PROVEN
