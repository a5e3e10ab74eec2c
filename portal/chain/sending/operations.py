"""The sender's rules for any purpose: what the chain took back, what became of the open transactions, one new send.

A flow brings its items' moves as callbacks; each runs inside the transaction that changes the chain's rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from portal.chain.client import Chain
from portal.chain.node.rpc import Block, Node, Receipt
from portal.chain.sending import sender
from portal.chain.sending.failpoints import passed
from portal.chain.sending.fees import Fees, bumped_fees, first_fees, is_tip_squeezed
from portal.chain.sending.keys import OperatorKey, Signed
from portal.chain.sending.leadership import Leader
from portal.chain.sending.sender import Draft, OpenTransaction, Outcome

FILLER = "filler"

_RESEND_AFTER_SECONDS = 30
_SQUEEZED_AFTER_SECONDS = 15
_FINALITY_STALLED_SECONDS = 300
_FILLERS_PER_ROUND = 20
_FILLER_GAS = 30_000


class Waiting(Exception):
    """Nothing more can be sent now. `code` is stable and translated by pages, `detail` is in English."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(kw_only=True)
class Desk:
    """One leader's work on one node: what it saw when it began, and what holds it up."""

    chain: Chain
    node: Node
    leader: Leader
    key: OperatorKey
    latest: Block
    finalized: Block
    problem: Waiting | None = None

    def fees(self) -> Fees:
        """Return the fees of a new transaction; raises Waiting while the chain asks more than the ceiling."""
        fees = first_fees(self.latest.base_fee, self.node.suggested_tip(), self.chain.fees)
        if fees is None:
            raise Waiting("fee_ceiling", f"base fee is {self.latest.base_fee} wei")
        return fees

    def note(self, problem: Waiting) -> None:
        """Remember the first reason that holds something up, without ending the round."""
        self.problem = self.problem or problem


def reopen_reorganised(
    desk: Desk, purposes: Sequence[str], on_reopened: Callable[[list[int]], object]
) -> None:
    """Rule 1: what we recorded as done but the account's nonce no longer counts is open again.

    `on_reopened` gets the ids of the items that are open again.
    """
    latest = desk.node.nonce(desk.key.address, "latest")
    account = (desk.chain.chain_id, desk.key.address, latest, purposes)
    if not sender.list_done_from(*account):
        return
    with desk.leader.writing():
        on_reopened(sender.reopen(sender.list_done_from(*account), purposes))
    passed("reopened")


def follow_open(
    desk: Desk, purposes: Sequence[str], on_final: Callable[[OpenTransaction, Outcome], object]
) -> bool:
    """Rule 2: hand over what is final, send again what is not mined; return whether anything is not mined.

    `on_final` opens its own `Leader.writing()` and calls `sender.settle` in it.
    """
    transactions = sender.list_open(desk.chain.chain_id, purposes)
    if not transactions:
        return False
    # The finalized nonces come first: whatever used them has its receipt by the time receipts are read.
    operators = {transaction.operator for transaction in transactions}
    final_nonces = {operator: desk.node.nonce(operator, desk.finalized.number) for operator in operators}
    receipts = desk.node.receipts([attempt.tx_hash for t in transactions for attempt in t.attempts])
    canonical = _canonical(desk, receipts.values())
    unmined = []
    for transaction in transactions:
        outcome, is_mined = _fate(desk, transaction, canonical, final_nonces[transaction.operator])
        if outcome:
            on_final(transaction, outcome)
        elif not is_mined:
            unmined.append(transaction)
    _push(desk, unmined)
    return bool(unmined)


def store_draft(desk: Desk, draft: Draft, fees: Fees, latest_nonce: int) -> Signed:
    """Sign a draft at the next nonce and write everything ahead.

    Call it inside `Leader.writing()`, and `sender.send` once that is committed.
    """
    nonce = sender.next_nonce(desk.chain.chain_id, desk.key.address, latest_nonce)
    signed = sender.sign_draft(desk.key, desk.chain.chain_id, nonce, draft, fees)
    passed("signed")
    sender.store_transaction(desk.leader, desk.chain.chain_id, desk.key.address, nonce, draft, fees, signed)
    return signed


def _canonical(desk: Desk, receipts: Collection[Receipt]) -> dict[str, Receipt]:
    """Keep the receipts whose block is on the chain now."""
    blocks = desk.node.blocks(sorted({receipt.block_number for receipt in receipts}))
    return {
        receipt.tx_hash: receipt
        for receipt in receipts
        if receipt.block_number in blocks and blocks[receipt.block_number].hash == receipt.block_hash
    }


def _fate(
    desk: Desk, transaction: OpenTransaction, receipts: dict[str, Receipt], final_nonce: int
) -> tuple[Outcome | None, bool]:
    """Return the final outcome if there is one, and whether the transaction is mined at all."""
    receipt = next((receipts[a.tx_hash] for a in transaction.attempts if a.tx_hash in receipts), None)
    if receipt is None:
        return (Outcome(sender.SUPERSEDED, None), True) if final_nonce > transaction.nonce else (None, False)
    if receipt.block_number > desk.finalized.number:
        if desk.latest.timestamp - desk.finalized.timestamp > _FINALITY_STALLED_SECONDS:
            desk.note(Waiting("finality_stalled", f"block {desk.finalized.number} is the last final one"))
        return None, True
    return Outcome(sender.SUCCEEDED if receipt.succeeded else sender.REVERTED, receipt), True


def _push(desk: Desk, unmined: Sequence[OpenTransaction]) -> None:
    """Send the unmined again, raise the fees of each account's first one, and close a gap below it."""
    known = desk.node.known([transaction.last_attempt.tx_hash for transaction in unmined])
    ordered = sorted(unmined, key=lambda transaction: (transaction.operator, transaction.nonce))
    for operator, group in groupby(ordered, key=lambda transaction: transaction.operator):
        transactions = list(group)
        if operator == desk.key.address:
            _fill_gap(desk, transactions[0].nonce)
        for position, transaction in enumerate(transactions):
            if not (position == 0 and operator == desk.key.address and _bump(desk, transaction)):
                _send_again(desk, transaction, transaction.last_attempt.tx_hash in known)


def _send_again(desk: Desk, transaction: OpenTransaction, is_known: bool) -> None:
    attempt = transaction.last_attempt
    if is_known and attempt.idle_seconds is not None and attempt.idle_seconds < _RESEND_AFTER_SECONDS:
        return
    answer = sender.send(desk.node, attempt.tx_hash, attempt.raw)
    passed("resent")
    if "insufficient funds" in answer.lower():
        desk.note(Waiting("no_gas", f"{transaction.operator} cannot pay for the gas of its open transaction"))


def _bump(desk: Desk, transaction: OpenTransaction) -> bool:
    """Commit and send the same payment with higher fees when it has waited long enough."""
    last = transaction.last_attempt
    is_squeezed = is_tip_squeezed(last.fees, desk.latest.base_fee, desk.chain.fees)
    patience = (
        min(_SQUEEZED_AFTER_SECONDS, desk.chain.bump_after_seconds)
        if is_squeezed
        else desk.chain.bump_after_seconds
    )
    if last.age_seconds < patience or last.idle_seconds is None:
        return False
    fees = bumped_fees(last.fees, desk.latest.base_fee, desk.node.suggested_tip(), desk.chain.fees)
    if fees is None:
        desk.note(Waiting("fee_ceiling", f"{last.tx_hash} waits at {last.fees.max_fee} wei"))
        return False
    draft = Draft(
        transaction.purpose,
        transaction.to_address,
        transaction.calldata,
        transaction.gas_limit,
        transaction.items,
    )
    signed = sender.sign_draft(desk.key, desk.chain.chain_id, transaction.nonce, draft, fees)
    with desk.leader.writing():
        if not sender.is_open(transaction.id):
            return True
        sender.store_attempt(transaction.id, fees, signed)
    passed("bump_committed")
    sender.send(desk.node, signed.tx_hash, signed.raw)
    passed("bump_sent")
    return True


def _fill_gap(desk: Desk, first_open: int) -> None:
    """Fill nonces between the account's own and our first open one: nobody else will, and ours cannot be mined.

    Such a gap is left by a foreign transaction of the same account that the chain took back.
    """
    latest = desk.node.nonce(desk.key.address, "latest")
    gap = range(latest, min(first_open, latest + _FILLERS_PER_ROUND))
    used = sender.used_nonces(desk.chain.chain_id, desk.key.address, latest) if gap else set()
    for nonce in (nonce for nonce in gap if nonce not in used):
        fees = desk.fees()
        draft = Draft(FILLER, desk.key.address, b"", _FILLER_GAS, ())
        signed = sender.sign_draft(desk.key, desk.chain.chain_id, nonce, draft, fees)
        with desk.leader.writing():
            sender.store_transaction(
                desk.leader, desk.chain.chain_id, desk.key.address, nonce, draft, fees, signed
            )
        passed("filler_committed")
        sender.send(desk.node, signed.tx_hash, signed.raw)
