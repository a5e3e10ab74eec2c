"""Proof of payments: where a reference was paid, to whom, how much, and that the token itself moved.

See docs/rules/minting.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.chain.contract.rewards import MODE_MINT, PaidEvent, RewardsContract
from portal.chain.errors import LogsUnavailable, NodeRefused, StateUnavailable
from portal.chain.node.answers import Receipt
from portal.chain.node.rpc import Node
from portal.lib.types import Address, Wei

_NO_ADDRESS = "0x" + "00" * 20
_RANGES_BACK = 20


@dataclass(frozen=True)
class ProvenPayment:
    """A `ReferralPaid` event, the token at its block, and whether its own `Transfer` is in the receipt."""

    event: PaidEvent
    is_delivered: bool
    token: str

    def covers(self, wallet: str, amount: int) -> bool:
        """Return whether this wallet got at least this amount."""
        return self.is_delivered and self.event.wallet == wallet and self.event.amount >= amount


def prove_payments(
    node: Node,
    contract: RewardsContract,
    order_refs: Sequence[str],
    final_block: int,
    receipts: Iterable[Receipt] = (),
) -> dict[str, ProvenPayment]:
    """Return the proof of each reference whose event is found; `receipts` are final ones that are known already.

    A payment is left out while its delivery cannot be judged: its receipt or the state of its block is not available.
    The contract says in which block a reference was paid, so the chain is not searched for it.
    """
    by_hash = {str(receipt.tx_hash): receipt for receipt in receipts}
    events = {event.order_ref: event for r in by_hash.values() for event in contract.paid_events_in(r)}
    missing = [ref for ref in order_refs if ref not in events]
    if missing:
        events |= find_paid_events(node, contract, missing, final_block)
    wanted = {ref: events[ref] for ref in order_refs if ref in events}
    hashes = {event.tx_hash for event in wanted.values()}
    unread = sorted(hashes - by_hash.keys())
    if unread:
        by_hash |= node.receipts(unread)
    deliveries = {
        tx_hash: _read_delivery(node, contract, by_hash[tx_hash]) for tx_hash in hashes & by_hash.keys()
    }
    proofs = {}
    for ref, event in wanted.items():
        delivery = deliveries.get(event.tx_hash)
        if delivery is not None:
            is_delivered = (event.wallet, event.amount) not in delivery.missing
            proofs[ref] = ProvenPayment(event, is_delivered, delivery.token)
    return proofs


@dataclass(frozen=True)
class SeenPayment:
    """What a node still shows of a paid reference; None for what it does not.

    `block_number` is what the contract remembers. `is_delivered` and `token` are None while the delivery cannot be
    judged, and `event` where the node has no logs of the block.
    """

    block_number: int | None
    event: PaidEvent | None = None
    is_delivered: bool | None = None
    token: str | None = None


def read_payment(node: Node, contract: RewardsContract, ref: str, last_block: int) -> SeenPayment:
    """Return what a node shows of a reference that is paid at a block, however much of its history it has pruned.

    Raises ChainAway if the node does not answer.
    """
    try:
        proof = prove_payments(node, contract, [ref], last_block).get(ref)
    except (LogsUnavailable, NodeRefused):
        proof = None
    if proof is not None:
        return SeenPayment(proof.event.block_number, proof.event, proof.is_delivered, proof.token)
    block = contract.paid_blocks(node, [ref], last_block)[0]
    try:
        event = find_paid_events(node, contract, [ref], last_block).get(ref)
    except (LogsUnavailable, NodeRefused):
        event = None
    return SeenPayment(event.block_number if event else block or None, event)


def find_paid_events(
    node: Node, contract: RewardsContract, order_refs: Sequence[str], final_block: int
) -> dict[str, PaidEvent]:
    """Return the events of references by asking the contract for their blocks.

    Payments from before version 2.1 have no block: for them the latest blocks are searched, as far back as a bounded
    number of requests goes. The audit finds older ones.
    """
    try:
        blocks = contract.paid_blocks(node, order_refs, final_block)
    except StateUnavailable:
        blocks = contract.paid_blocks(node, order_refs, "latest")
    events: dict[str, PaidEvent] = {}
    for block in sorted({block for block in blocks if 0 < block <= final_block}):
        refs = [ref for ref, at in zip(order_refs, blocks, strict=True) if at == block]
        events |= {event.order_ref: event for event in contract.paid_events(node, block, block, refs)}
    end = final_block
    for _ in range(_RANGES_BACK):
        missing = [ref for ref in order_refs if ref not in events]
        if not missing or end < 0:
            break
        first = max(0, end - node.log_range.length + 1)
        events |= {event.order_ref: event for event in contract.paid_events(node, first, end, missing)}
        end = first - 1
    return events


@dataclass(frozen=True)
class _Delivery:
    """The token of a receipt's payments, and the (wallet, amount) that its transfers do not cover."""

    token: str
    missing: set[tuple[Address, Wei]]


def _read_delivery(node: Node, contract: RewardsContract, receipt: Receipt) -> _Delivery | None:
    """Compare a receipt's payments with the transfers of the contract's token at its block.

    None if the node has pruned the block's state, and the latest token and mode do not explain the receipt.
    """
    try:
        return _delivery(contract, receipt, *contract.token_and_mode(node, receipt.block_number))
    except StateUnavailable:
        delivery = _delivery(contract, receipt, *contract.token_and_mode(node, "latest"))
        return None if delivery.missing else delivery


def _delivery(contract: RewardsContract, receipt: Receipt, token: str, mode: int) -> _Delivery:
    paid = Counter((event.wallet, event.amount) for event in contract.paid_events_in(receipt))
    source = _NO_ADDRESS if mode == MODE_MINT else contract.address
    moved = Counter(contract.transfers_in(receipt, token, source))
    return _Delivery(token, {payment for payment, count in paid.items() if moved[payment] < count})
