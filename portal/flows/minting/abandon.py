"""Abandon transactions of an earlier operator that can no longer be mined, so that the current one pays their rewards.

See docs/rules/minting.md.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from portal.chain import (
    AnyChain,
    Chain,
    ChainNotConfigured,
    Leader,
    OperatorKey,
    checksum,
    lead,
)
from portal.chain.contract.rewards import RewardsContract
from portal.chain.errors import LeaderLost
from portal.chain.sending import sender
from portal.chain.sending.operations import final_nonce
from portal.chain.sending.sender import OpenTransaction, Outcome
from portal.db import Actor, database_now
from portal.flows.minting._context import REWARD_PURPOSES, MintRound, OnMinted
from portal.flows.minting._open_transactions import settle
from portal.settings import Settings


@dataclass(frozen=True)
class Abandonment:
    """A transaction of an earlier operator; `obstacle` says in English what is missing, "" if it is abandoned."""

    operator: str
    nonce: int
    rewards: int
    obstacle: str


def list_foreign_transactions(chain: AnyChain) -> list[OpenTransaction]:
    """Return the open transactions of other operators than the configured one; raise ChainNotConfigured."""
    chain, key = _configured(chain)
    transactions = sender.list_open(chain.chain_id, REWARD_PURPOSES)
    return [transaction for transaction in transactions if transaction.operator != key.address]


def abandon_transactions(
    chain: AnyChain, settings: Settings, actor: Actor, on_minted: OnMinted | None = None
) -> list[Abandonment]:
    """Abandon what the chain proves dead or impossible, and return the rewards that are unpaid to `approved`.

    Raises ChainNotConfigured, ChainAway, WrongChain, NodeRefused or LeaderLost.
    """
    foreign = list_foreign_transactions(chain)
    chain, key = _configured(chain)
    with ExitStack() as stack:
        leader = _take_lead(stack, chain.leader_name)
        # A process that still runs with the earlier key must not send meanwhile.
        for operator in sorted({transaction.operator for transaction in foreign}):
            _take_lead(stack, f"chain:{chain.chain_id}:{operator}")
        node = chain.node(database_now())
        work = MintRound(
            chain=chain,
            node=node,
            leader=leader,
            key=key,
            actor=actor,
            batch_size=settings.referral_mint_batch_size,
            latest=node.block("latest"),
            finalized=node.block("finalized"),
            on_minted=on_minted,
        )
        return [_abandon(work, transaction) for transaction in list_foreign_transactions(chain)]


def _configured(chain: AnyChain) -> tuple[Chain, OperatorKey]:
    if not isinstance(chain, Chain):
        raise ChainNotConfigured(chain.reason)
    if chain.operator is None:
        raise ChainNotConfigured("This process holds no minter key.")
    return chain, chain.operator


def _take_lead(stack: ExitStack, name: str) -> Leader:
    leader = stack.enter_context(lead(name))
    if leader is None:
        raise LeaderLost("Another process is minting right now. Try again in a minute.")
    return leader


def _abandon(work: MintRound, transaction: OpenTransaction) -> Abandonment:
    obstacle = _obstacle(work, transaction)
    if not obstacle:
        settle(work, transaction, Outcome(sender.ABANDONED, None))
        if sender.is_open(transaction.id):
            obstacle = "some of its rewards are paid, but no node has the event, or they are set aside"
    return Abandonment(transaction.operator, transaction.nonce, len(transaction.items), obstacle)


def _obstacle(work: MintRound, transaction: OpenTransaction) -> str:
    """Return why a transaction may still be mined, "" if it cannot be."""
    if work.node.receipts([attempt.tx_hash for attempt in transaction.attempts]):
        return "it is mined; a minting round settles it once it is final"
    if final_nonce(work, transaction.operator) > transaction.nonce or not transaction.items:
        return ""
    contract = RewardsContract(transaction.to_address)
    if contract.is_operator(work.node, transaction.operator, work.finalized.number):
        return (
            f"{checksum(transaction.operator)} still has OPERATOR_ROLE at the finalized block;"
            " revoke it as the contract's admin, wait until that is final, and try again"
        )
    return ""
