"""Send payouts with the treasury's key and follow them until they are final.

A token keeps no record of references as the rewards contract does, so the rows are the proof: a payout stands in
one transaction for ever, and only an admin may let its settlements be paid by another after it failed.
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
from portal.chain.sending.failpoints import passed
from portal.chain.sending.fees import Fees
from portal.chain.sending.operations import (
    FILLER,
    Desk,
    Waiting,
    follow_open,
    reopen_reorganised,
    store_draft,
)
from portal.chain.sending.sender import OpenTransaction, Outcome
from portal.chain.state import raise_alert
from portal.commissions import payouts
from portal.commissions.payout_queries import Transfer, list_unsent
from portal.db import Actor

_PURPOSES = ("payout", FILLER)
_TRANSFERS_A_ROUND = 20
_GAS_MARGIN_PERCENT = 125

REVERTED = "payout_reverted"
SUPERSEDED = "payout_superseded"
NOT_PROVEN = "payout_not_proven"


@dataclass(kw_only=True)
class PayoutDesk(Desk):
    """One leader's round for payouts."""

    treasury: Treasury
    actor: Actor
    sent: list[int] = field(default_factory=list)


def run_chain_round(treasury: Treasury | NotConfigured, actor: Actor) -> Waiting | None:
    """Settle what is final, send what is written; return why nothing more was possible, None when all went well."""
    if isinstance(treasury, NotConfigured):
        return Waiting("not_configured", treasury.reason)
    with lead(treasury.chain.leader_name) as leader:
        if leader is None:
            return Waiting("other_leader")
        try:
            node = treasury.chain.node(database_now())
            desk = PayoutDesk(
                chain=treasury.chain,
                node=node,
                leader=leader,
                key=treasury.key,
                latest=node.block("latest"),
                finalized=node.block("finalized"),
                treasury=treasury,
                actor=actor,
            )
            _run(desk)
        except Waiting as waiting:
            return waiting
        except (ChainAway, NodeRefused, WrongChain, ContractMissing, LeaderLost) as error:
            return Waiting(error.code, str(error))
    return desk.problem


def _run(desk: PayoutDesk) -> None:
    reopen_reorganised(desk, _PURPOSES, lambda ids: _reopen(desk, ids))
    is_unmined = follow_open(
        desk, _PURPOSES, lambda transaction, outcome: _settle(desk, transaction, outcome)
    )
    if is_unmined:
        return
    waiting = list_unsent(desk.chain.chain_id, desk.treasury.token.address, _TRANSFERS_A_ROUND)
    if waiting:
        _send_all(desk, waiting)


def _reopen(desk: PayoutDesk, payout_ids: list[int]) -> None:
    for payout_id in payouts.reopen_payouts(payout_ids, desk.actor):
        raise_alert("payout_reopened_after_retry", str(payout_id))


# ---------------------------------------------------------------------- settling


def _settle(desk: PayoutDesk, transaction: OpenTransaction, outcome: Outcome) -> None:
    """Close a final transaction and move its payout by what the chain shows."""
    hashes = [attempt.tx_hash for attempt in transaction.attempts]
    if outcome.receipt is None and desk.node.known(hashes):
        # The node still holds one of them, so it is not proven dead.
        return
    failures = {item.item_id: _failure(desk, transaction, outcome, item) for item in transaction.items}
    tx_hash = outcome.receipt.tx_hash if outcome.receipt else None
    passed("payout_settling")
    with desk.leader.writing():
        if not sender.settle(transaction.id, outcome):
            return
        for payout_id, reason in failures.items():
            if reason is None and tx_hash:
                payouts.complete_payout(payout_id, tx_hash, desk.actor, simulated=False)
            else:
                payouts.fail_payout(payout_id, reason or NOT_PROVEN, desk.actor, transaction_id=tx_hash)
    passed("payout_settled")


def _failure(
    desk: PayoutDesk, transaction: OpenTransaction, outcome: Outcome, item: sender.Item
) -> str | None:
    """Return why a final transaction paid nothing, None when the token's own event shows that it did."""
    receipt = outcome.receipt
    if receipt is None:
        return SUPERSEDED
    if not receipt.succeeded:
        return REVERTED
    token = type(desk.treasury.token)(transaction.to_address)
    moved = token.has_moved(
        desk.node,
        receipt.block_number,
        [receipt.tx_hash],
        transaction.operator,
        item.recipient,
        item.amount_wei,
    )
    return None if moved else NOT_PROVEN


# ---------------------------------------------------------------------- sending


def _send_all(desk: PayoutDesk, waiting: list[Transfer]) -> None:
    """Send payouts one transfer each, as far as the treasury's tokens and gas reach.

    Nothing of ours is unmined here, so the balances at the head are what is left.
    """
    token, account = desk.treasury.token, desk.key.address
    tokens, coins = token.balance(desk.node, account), desk.node.balance(account)
    fees = desk.fees()
    latest = desk.node.nonce(account, "latest")
    for payout in waiting:
        if payout.amount_wei > tokens:
            desk.note(
                Waiting("treasury_empty", f"{tokens} of {payout.amount_wei} base units are in the treasury")
            )
            return
        gas_limit = _prove(desk, payout)
        if gas_limit is None:
            continue
        if gas_limit * fees.max_fee > coins:
            raise Waiting("no_gas", f"{account} has {coins} of {gas_limit * fees.max_fee} wei")
        _send(desk, payout, gas_limit, fees, latest)
        tokens -= payout.amount_wei
        coins -= gas_limit * fees.max_fee


def _prove(desk: PayoutDesk, payout: Transfer) -> int | None:
    """Return the gas limit of a transfer that would work; a payout that the token refuses by itself becomes failed.

    A control transfer to the treasury itself tells one recipient's fault from a token that refuses everybody.
    """
    token, account = desk.treasury.token, desk.key.address
    refusal = token.simulate(desk.node, account, payout.wallet, payout.amount_wei)
    gas: int | Revert = 0
    if refusal is None:
        calldata = token.encode_transfer(payout.wallet, payout.amount_wei)
        gas = desk.node.estimate_gas(account, token.address, calldata)
        refusal = gas.text if isinstance(gas, Revert) else None
    if refusal is None and isinstance(gas, int):
        return gas * _GAS_MARGIN_PERCENT // 100
    control = token.simulate(desk.node, account, account, 1)
    if control is not None:
        raise Waiting("token_refuses", control)
    with desk.leader.writing():
        payouts.fail_payout(payout.payout_id, f"the token refuses this payment: {refusal}"[:500], desk.actor)
    return None


def _send(desk: PayoutDesk, payout: Transfer, gas_limit: int, fees: Fees, latest: int) -> None:
    """Sign and commit, and only then send; a payout that somebody else has sent meanwhile is left alone."""
    token = desk.treasury.token
    with desk.leader.writing():
        if not payouts.lock_unsent(payout.payout_id):
            return
        calldata = token.encode_transfer(payout.wallet, payout.amount_wei)
        item = sender.Item(payout.payout_id, payout.wallet, payout.amount_wei)
        draft = sender.Draft("payout", token.address, calldata, gas_limit, (item,))
        signed = store_draft(desk, draft, fees, latest)
    passed("payout_committed")
    desk.sent.append(payout.payout_id)
    sender.send(desk.node, signed.tx_hash, signed.raw)
    passed("payout_sent")
