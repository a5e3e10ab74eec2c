"""Reads for pages and audits; None means that the chain could not be read."""

from __future__ import annotations

from collections.abc import Sequence

from portal.chain.client import AnyChain, Chain
from portal.chain.contract.rewards import PaidEvent, order_ref
from portal.chain.deployment import find_record
from portal.chain.errors import ChainAway, ContractMissing, NodeRefused, WrongChain
from portal.chain.sending.leadership import database_now
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


def read_paid_event(chain: AnyChain, order_reference: str) -> PaidEvent | None:
    """Return the `ReferralPaid` event of a reference, None if there is none or the chain cannot be read.

    Looks from the block of the deployment's record on, or at the last 50,000 blocks without one.
    """
    if not isinstance(chain, Chain):
        return None
    try:
        node = chain.node(database_now())
        head = node.block("latest").number
        record = find_record(chain.chain_id, chain.contract.address)
        first = record.block if record else max(0, head - 50_000)
        events = chain.contract.paid_events(node, first, head, [order_ref(order_reference)])
    except _AWAY:
        return None
    return events[0] if events else None
