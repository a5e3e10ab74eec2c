"""Steps of a round for any kind of payment: reopen, follow open transactions, store a new one.

A flow passes callbacks that change its own rows; each runs inside the transaction that changes the chain's rows.
See docs/rules/minting.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from portal.chain.client import Chain
from portal.chain.node.rpc import Block, Node, Receipt
from portal.chain.sending import sender
from portal.chain.sending.failpoints import failpoint
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
    """Nothing more can be sent now; `code` is stable and translated by pages, `detail` is in English."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(kw_only=True)
class SendingContext:
    """The state of one leader's round: node, key, the blocks at its start, and the first problem."""

    chain: Chain
    node: Node
    leader: Leader
    key: OperatorKey
    latest: Block
    finalized: Block
    problem: Waiting | None = None

    def fees(self) -> Fees:
        """Return the fees of a new transaction; raise Waiting while the base fee exceeds the ceiling."""
        fees = first_fees(self.latest.base_fee, self.node.suggested_tip(), self.chain.fees)
        if fees is None:
            raise Waiting("fee_ceiling", f"base fee is {self.latest.base_fee} wei")
        return fees

    def note(self, problem: Waiting) -> None:
        """Keep the first problem, without ending the round."""
        self.problem = self.problem or problem


def reopen_reorganized(
    context: SendingContext, purposes: Sequence[str], on_reopened: Callable[[list[int]], object]
) -> None:
    """Reopen settled transactions whose nonces the account has not used any more after a reorganization.

    `on_reopened` gets the ids of the reopened items.
    """
    latest = context.node.nonce(context.key.address, "latest")
    account = (context.chain.chain_id, context.key.address, latest, purposes)
    if not sender.list_done_from(*account):
        return
    with context.leader.writing():
        on_reopened(sender.reopen(sender.list_done_from(*account), purposes))
    failpoint("reopened")


def follow_open(
    context: SendingContext, purposes: Sequence[str], on_final: Callable[[OpenTransaction, Outcome], object]
) -> bool:
    """Settle final transactions and send unmined ones again; return whether anything is not mined.

    `on_final` opens its own `Leader.writing()` and calls `sender.settle` in it.
    """
    transactions = sender.list_open(context.chain.chain_id, purposes)
    if not transactions:
        return False
    # Nonces are read before receipts, so that a transaction that used a final nonce has its receipt already.
    operators = {transaction.operator for transaction in transactions}
    final_nonces = {
        operator: context.node.nonce(operator, context.finalized.number) for operator in operators
    }
    receipts = context.node.receipts([attempt.tx_hash for t in transactions for attempt in t.attempts])
    canonical = _canonical(context, receipts.values())
    unmined = []
    for transaction in transactions:
        outcome, is_mined = _fate(context, transaction, canonical, final_nonces[transaction.operator])
        if outcome:
            on_final(transaction, outcome)
        elif not is_mined:
            unmined.append(transaction)
    _push(context, unmined)
    return bool(unmined)


def store_draft(context: SendingContext, draft: Draft, fees: Fees, latest_nonce: int) -> Signed:
    """Sign a draft with the next nonce and store it; call `sender.send` after the commit.

    Call it inside `Leader.writing()`.
    """
    nonce = sender.next_nonce(context.chain.chain_id, context.key.address, latest_nonce)
    signed = sender.sign_draft(context.key, context.chain.chain_id, nonce, draft, fees)
    failpoint("signed")
    sender.store_transaction(
        context.leader, context.chain.chain_id, context.key.address, nonce, draft, fees, signed
    )
    return signed


def _canonical(context: SendingContext, receipts: Collection[Receipt]) -> dict[str, Receipt]:
    """Return the receipts whose block is on the current chain, by transaction hash."""
    blocks = context.node.blocks(sorted({receipt.block_number for receipt in receipts}))
    return {
        receipt.tx_hash: receipt
        for receipt in receipts
        if receipt.block_number in blocks and blocks[receipt.block_number].hash == receipt.block_hash
    }


def _fate(
    context: SendingContext, transaction: OpenTransaction, receipts: dict[str, Receipt], final_nonce: int
) -> tuple[Outcome | None, bool]:
    """Return the final outcome if there is one, and whether the transaction is mined at all."""
    receipt = next((receipts[a.tx_hash] for a in transaction.attempts if a.tx_hash in receipts), None)
    if receipt is None:
        return (Outcome(sender.SUPERSEDED, None), True) if final_nonce > transaction.nonce else (None, False)
    if receipt.block_number > context.finalized.number:
        if context.latest.timestamp - context.finalized.timestamp > _FINALITY_STALLED_SECONDS:
            context.note(
                Waiting("finality_stalled", f"block {context.finalized.number} is the last final one")
            )
        return None, True
    return Outcome(sender.SUCCEEDED if receipt.succeeded else sender.REVERTED, receipt), True


def _push(context: SendingContext, unmined: Sequence[OpenTransaction]) -> None:
    """Send unmined transactions again, bump the first of each account, and fill a nonce gap below it."""
    known = context.node.known([transaction.last_attempt.tx_hash for transaction in unmined])
    ordered = sorted(unmined, key=lambda transaction: (transaction.operator, transaction.nonce))
    for operator, group in groupby(ordered, key=lambda transaction: transaction.operator):
        transactions = list(group)
        if operator == context.key.address:
            _fill_gap(context, transactions[0].nonce)
        for position, transaction in enumerate(transactions):
            if not (position == 0 and operator == context.key.address and _bump(context, transaction)):
                _send_again(context, transaction, transaction.last_attempt.tx_hash in known)


def _send_again(context: SendingContext, transaction: OpenTransaction, is_known: bool) -> None:
    attempt = transaction.last_attempt
    if is_known and attempt.idle_seconds is not None and attempt.idle_seconds < _RESEND_AFTER_SECONDS:
        return
    answer = sender.send(context.node, attempt.tx_hash, attempt.raw)
    failpoint("resent")
    if "insufficient funds" in answer.lower():
        context.note(
            Waiting("no_gas", f"{transaction.operator} cannot pay for the gas of its open transaction")
        )


def _bump(context: SendingContext, transaction: OpenTransaction) -> bool:
    """Commit and send the same payment with higher fees if it has waited long enough."""
    last = transaction.last_attempt
    is_squeezed = is_tip_squeezed(last.fees, context.latest.base_fee, context.chain.fees)
    patience = (
        min(_SQUEEZED_AFTER_SECONDS, context.chain.bump_after_seconds)
        if is_squeezed
        else context.chain.bump_after_seconds
    )
    if last.age_seconds < patience or last.idle_seconds is None:
        return False
    fees = bumped_fees(last.fees, context.latest.base_fee, context.node.suggested_tip(), context.chain.fees)
    if fees is None:
        context.note(Waiting("fee_ceiling", f"{last.tx_hash} waits at {last.fees.max_fee} wei"))
        return False
    draft = Draft(
        transaction.purpose,
        transaction.to_address,
        transaction.calldata,
        transaction.gas_limit,
        transaction.items,
    )
    signed = sender.sign_draft(context.key, context.chain.chain_id, transaction.nonce, draft, fees)
    with context.leader.writing():
        if not sender.is_open(transaction.id):
            return True
        sender.store_attempt(transaction.id, fees, signed)
    failpoint("bump_committed")
    sender.send(context.node, signed.tx_hash, signed.raw)
    failpoint("bump_sent")
    return True


def _fill_gap(context: SendingContext, first_open: int) -> None:
    """Fill the nonces below our first open transaction, which could not be mined otherwise.

    A reorganization that removes a foreign transaction of the same account leaves such a gap.
    """
    latest = context.node.nonce(context.key.address, "latest")
    gap = range(latest, min(first_open, latest + _FILLERS_PER_ROUND))
    used = sender.used_nonces(context.chain.chain_id, context.key.address, latest) if gap else set()
    for nonce in (nonce for nonce in gap if nonce not in used):
        fees = context.fees()
        draft = Draft(FILLER, context.key.address, b"", _FILLER_GAS, ())
        signed = sender.sign_draft(context.key, context.chain.chain_id, nonce, draft, fees)
        with context.leader.writing():
            sender.store_transaction(
                context.leader, context.chain.chain_id, context.key.address, nonce, draft, fees, signed
            )
        failpoint("filler_committed")
        sender.send(context.node, signed.tx_hash, signed.raw)
