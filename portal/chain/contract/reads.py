"""Reads for pages and audits; None means that the chain could not be read."""

from __future__ import annotations

from collections.abc import Sequence

from portal.chain.client import AnyChain, Chain
from portal.chain.contract.proofs import find_paid_events
from portal.chain.contract.rewards import PaidEvent, order_ref
from portal.chain.errors import ChainAway, ContractMissing, NodeRefused, WrongChain
from portal.db import database_now
from portal.lib.clock import utc_now

_AWAY = (ChainAway, WrongChain, NodeRefused, ContractMissing)


def is_chain_reachable(chain: AnyChain) -> bool:
    """Return whether a node of the right chain responds with a recent block; the database is not read."""
    if not isinstance(chain, Chain):
        return False
    try:
        chain.node(utc_now())
    except _AWAY:
        return False
    return True


def read_paid_orders(chain: AnyChain, order_references: Sequence[str]) -> dict[str, bool] | None:
    """Return `paidOrders` per reference at the latest block, None if the chain cannot be read."""
    if not isinstance(chain, Chain):
        return None
    try:
        flags = chain.contract.paid(
            chain.node(database_now()), [order_ref(ref) for ref in order_references], "latest"
        )
    except _AWAY:
        return None
    return dict(zip(order_references, flags, strict=True))


def read_paid_order(chain: AnyChain, order_reference: str) -> bool | None:
    """Return whether the contract records a reference as paid, None if the chain cannot be read."""
    paid = read_paid_orders(chain, [order_reference])
    return None if paid is None else paid[order_reference]


def read_paid_event(chain: AnyChain, order_reference: str, tx_hash: str | None = None) -> PaidEvent | None:
    """Return the `ReferralPaid` event of a reference, None if there is none or the chain cannot be read.

    Looks into the receipt of `tx_hash`, the transaction that is said to have paid, and else asks the contract.
    """
    if not isinstance(chain, Chain):
        return None
    ref = order_ref(order_reference)
    try:
        node = chain.node(database_now())
        receipt = node.receipts([tx_hash]).get(tx_hash) if tx_hash else None
        for event in chain.contract.paid_events_in(receipt) if receipt else ():
            if event.order_ref == ref:
                return event
        return find_paid_events(node, chain.contract, [ref], node.block("latest").number).get(ref)
    except _AWAY:
        return None
