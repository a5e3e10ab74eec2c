"""Steps of a round for any kind of payment: reopen, follow open transactions, store a new one.

A flow passes callbacks that change its own rows; each runs inside the transaction that changes the chain's rows.
See docs/rules/minting.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from portal.chain.client import Chain
from portal.chain.contract.rewards import checksum
from portal.chain.errors import StateUnavailable
from portal.chain.node.answers import Block, Receipt
from portal.chain.node.rpc import Node
from portal.chain.node.wordings import is_accepted
from portal.chain.sending import sender
from portal.chain.sending.failpoints import failpoint
from portal.chain.sending.fees import Fees, bumped_fees, first_fees, is_tip_squeezed
from portal.chain.sending.keys import OperatorKey, Signed
from portal.chain.sending.leadership import Leader
from portal.chain.sending.reserved import Reserved, count_reserved
from portal.chain.sending.sender import Draft, OpenTransaction, Outcome, SettledTransaction

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

    def reserved(self, latest_nonce: int, contract: str) -> Reserved:
        """Return what the account's unmined transactions may still take from it and from a contract."""
        return count_reserved(self.chain.chain_id, self.key.address, contract, latest_nonce)

    def note(self, problem: Waiting) -> None:
        """Keep the first problem, without ending the round."""
        self.problem = self.problem or problem


@dataclass(frozen=True)
class Followed:
    """What a round leaves open: the number of transactions, and those that are not mined.

    `is_refused` is whether the node did not accept one of them when it was sent again.
    """

    open_count: int = 0
    unmined: tuple[OpenTransaction, ...] = ()
    is_refused: bool = False

    def free_slots(self, most_unmined: int, operator: str) -> int:
        """Return how many transactions an account may add.

        None while the node refuses one, or while one of another account could still pay the same rewards.
        """
        if self.is_refused or any(transaction.operator != operator for transaction in self.unmined):
            return 0
        return max(0, min(most_unmined - len(self.unmined), sender.MOST_OPEN - self.open_count))


def reopen_reorganized(
    context: SendingContext, purposes: Sequence[str], on_reopened: Callable[[list[int]], object]
) -> None:
    """Reopen settled transactions that a reorganization removed: their nonces are unused and their blocks replaced.

    A node that lags shows old nonces too, so a nonce alone reopens nothing. `on_reopened` gets the ids of the reopened
    items.
    """
    latest = context.node.nonce(context.key.address, "latest")
    account = (context.chain.chain_id, context.key.address, latest, purposes)
    removed = _removed(context, sender.list_done_from(*account))
    if not removed:
        return
    with context.leader.writing():
        on_reopened(sender.reopen([done.id for done in removed], purposes))
    failpoint("reopened")


def _removed(context: SendingContext, done: Sequence[SettledTransaction]) -> list[SettledTransaction]:
    """Return the transactions whose recorded block is no longer on the chain.

    A transaction without a block gave way to a final one with its nonce. It is open again when the nonce is unused at
    the finalized block too.
    """
    blocks = context.node.blocks(sorted({t.block_number for t in done if t.block_number is not None}))
    has_given_way = any(t.block_number is None for t in done)
    unused_from = context.node.nonce(context.key.address, context.finalized.number) if has_given_way else 0
    return [
        t
        for t in done
        if (
            t.nonce >= unused_from
            if t.block_number is None
            else t.block_number in blocks and blocks[t.block_number].hash != t.block_hash
        )
    ]


def follow_open(
    context: SendingContext, purposes: Sequence[str], on_final: Callable[[OpenTransaction, Outcome], object]
) -> Followed:
    """Settle final transactions and send unmined ones again; return what is open then.

    `on_final` opens its own `Leader.writing()` and calls `sender.settle` in it.
    """
    transactions = sender.list_open(context.chain.chain_id, purposes)
    if not transactions:
        return Followed()
    receipts = context.node.receipts([attempt.tx_hash for t in transactions for attempt in t.attempts])
    canonical = _canonical(context, receipts.values())
    # The finalized block is older than the receipts, so what used a nonce in it has its receipt.
    unseen = {t.operator for t in transactions if not any(a.tx_hash in canonical for a in t.attempts)}
    final_nonces = {operator: final_nonce(context, operator) for operator in unseen}
    unmined, mined = [], 0
    for transaction in transactions:
        outcome, is_mined = _fate(context, transaction, canonical, final_nonces.get(transaction.operator, 0))
        if outcome:
            on_final(transaction, outcome)
        elif is_mined:
            mined += 1
        else:
            unmined.append(transaction)
    is_accepted = _push(context, unmined)
    return Followed(mined + len(unmined), tuple(unmined), is_refused=not is_accepted)


def final_nonce(context: SendingContext, operator: str) -> int:
    """Return the nonce of an account at the finalized block, 0 while the node lacks that block's state.

    Without it nothing is superseded, and receipts still settle what they prove.
    """
    try:
        return context.node.nonce(operator, context.finalized.number)
    except StateUnavailable:
        return 0


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


def _push(context: SendingContext, unmined: Sequence[OpenTransaction]) -> bool:
    """Send unmined transactions again in nonce order, bump what holds the others up, and fill a nonce gap below them.

    Return whether the node has accepted all of them. Only the first transaction of an account is bumped for its age;
    a later one may just wait for the first, unless the base fee leaves it too low a tip.
    """
    is_accepted = True
    known = context.node.known([transaction.last_attempt.tx_hash for transaction in unmined])
    ordered = sorted(unmined, key=lambda transaction: (transaction.operator, transaction.nonce))
    for operator, group in groupby(ordered, key=lambda transaction: transaction.operator):
        transactions = list(group)
        is_own = operator == context.key.address
        if is_own:
            _fill_gap(context, transactions[0].nonce)
        for position, transaction in enumerate(transactions):
            if not (is_own and _bump(context, transaction, is_first=position == 0)):
                is_known = transaction.last_attempt.tx_hash in known
                is_accepted = _send_again(context, transaction, is_known) and is_accepted
    return is_accepted


def _send_again(context: SendingContext, transaction: OpenTransaction, is_known: bool) -> bool:
    """Send the same bytes if the node lacks them or it is time; return whether the node has them now."""
    attempt = transaction.last_attempt
    if is_known and attempt.idle_seconds is not None and attempt.idle_seconds < _RESEND_AFTER_SECONDS:
        return True
    answer = sender.send(context.node, attempt.tx_hash, attempt.raw)
    failpoint("resent")
    if "insufficient funds" in answer.lower():
        context.note(
            Waiting(
                "no_gas", f"{checksum(transaction.operator)} cannot pay for the gas of its open transaction"
            )
        )
    return is_known or is_accepted(answer)


def _bump(context: SendingContext, transaction: OpenTransaction, *, is_first: bool) -> bool:
    """Commit and send the same payment with higher fees if it has waited long enough."""
    last = transaction.last_attempt
    is_squeezed = is_tip_squeezed(last.fees, context.latest.base_fee, context.chain.fees)
    if not (is_first or is_squeezed):
        return False
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
    if not _can_pay_more(context, transaction.gas_limit * (fees.max_fee - last.fees.max_fee)):
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


def _can_pay_more(context: SendingContext, more_wei: int) -> bool:
    """Return whether the account can pay for all of its unmined transactions if they cost this much more."""
    latest = context.node.nonce(context.key.address, "latest")
    reserved = context.reserved(latest, context.key.address)
    balance = context.node.balance(context.key.address)
    if balance >= reserved.gas_wei + more_wei:
        return True
    needed = reserved.gas_wei + more_wei
    context.note(
        Waiting("no_gas", f"{checksum(context.key.address)} has {balance} of {needed} wei for higher fees")
    )
    return False


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
