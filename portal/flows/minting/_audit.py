"""Audit: compare the payments on chain with the reward ledger, from the last audited block on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from portal.chain import AnyChain, Chain, audits, order_ref
from portal.chain.audits import AuditMark
from portal.chain.contract.rewards import PaidEvent
from portal.chain.deployment import find_record
from portal.chain.sending import sender
from portal.chain.sending.failpoints import failpoint
from portal.chain.state import raise_alert
from portal.db import query
from portal.flows.minting._context import REWARD_PURPOSES, MintRound
from portal.lib.types import TxHash
from portal.rewards import RewardStatus, minting

_AUDIT_EVERY_SECONDS = 60
_BLOCKS_PER_ROUND = 200_000
_REWIND_BLOCKS = 2_000
_UNRECORDED_HISTORY = 50_000


@dataclass(frozen=True)
class _Paid:
    """A reward of the ledger, for comparison with its event."""

    id: int
    status: str
    tx_hash: str | None
    wallet: str
    amount_wei: Decimal
    order_reference: str


def audit_before_sending(work: MintRound) -> None:
    """Audit first if another leader audited last, or if the database was restored from a backup."""
    mark = audits.find_mark(work.chain.chain_id, work.contract.address)
    if mark is None or mark.epoch != work.leader.epoch:
        audit(work)


def audit_when_due(work: MintRound) -> None:
    """Audit after something was settled, and once a minute."""
    mark = audits.find_mark(work.chain.chain_id, work.contract.address)
    if work.settled or mark is None or mark.age_seconds >= _AUDIT_EVERY_SECONDS:
        audit(work)


def is_idle(chain: AnyChain) -> bool:
    """Return whether a round has nothing to do: no mintable or open reward, and an audit younger than a minute."""
    if (
        not isinstance(chain, Chain)
        or minting.count_mintable(chain.chain_id)[0]
        or sender.has_open(chain.chain_id)
    ):
        return False
    mark = audits.find_mark(chain.chain_id, chain.contract.address)
    return mark is not None and mark.age_seconds < _AUDIT_EVERY_SECONDS


def audit(work: MintRound) -> None:
    """Compare `ReferralPaid` events up to the finalized block with the ledger and store the position."""
    mark = audits.find_mark(work.chain.chain_id, work.contract.address)
    first_block, start = _audit_range_start(work, mark)
    if start > work.finalized.number:
        with work.leader.writing():
            audits.touch_mark(work.chain.chain_id, work.contract.address, work.leader.epoch)
        return
    end = min(work.finalized.number, start + _BLOCKS_PER_ROUND)
    events = work.contract.paid_events(work.node, start, end)
    _compare_events(work, events)
    _compare_records(work, {event.order_ref for event in events}, start, end)
    block = work.finalized if end == work.finalized.number else work.node.block(end)
    with work.leader.writing():
        audits.store_mark(work.chain.chain_id, work.contract.address, first_block, block, work.leader.epoch)
    failpoint("audited")


def _audit_range_start(work: MintRound, mark: AuditMark | None) -> tuple[int, int]:
    """Return the contract's first block and the next block to audit; a reorganization rewinds the audit."""
    if mark is None:
        record = find_record(work.chain.chain_id, work.contract.address)
        first = record.block if record else max(0, work.finalized.number - _UNRECORDED_HISTORY)
        return first, first
    known = work.node.blocks([mark.block_number]).get(mark.block_number)
    if mark.block_number > work.finalized.number or known is None or known.hash != mark.block_hash:
        return mark.first_block, max(
            mark.first_block, min(mark.block_number, work.finalized.number) - _REWIND_BLOCKS
        )
    return mark.first_block, mark.block_number + 1


def _compare_events(work: MintRound, events: Sequence[PaidEvent]) -> None:
    """Correct every reward that a final event proves paid; raise an alert where no transition is allowed."""
    ids = _rewards_of([event.order_ref for event in events])
    rewards = {
        row[0]: _Paid(*row)
        for row in query(
            "SELECT id, status, tx_hash, referrer_wallet, coalesce(reward_amount_wei, 0), order_reference"
            " FROM referral_rewards WHERE id = ANY(%s)",
            [list(ids.values())],
        )
    }
    for event in events:
        reward = rewards.get(ids.get(event.order_ref, 0))
        if reward is None:
            _alert("paid_unknown", event.order_ref, event)
        else:
            _compare_reward(work, reward, event)


def _compare_reward(work: MintRound, reward: _Paid, event: PaidEvent) -> None:
    if (reward.wallet, int(reward.amount_wei)) != (event.wallet, event.amount):
        _alert("paid_differently", reward.order_reference, event)
    if reward.status == RewardStatus.MINTED and reward.tx_hash != event.tx_hash:
        with work.leader.writing():
            minting.correct_tx_hash(reward.id, event.tx_hash, work.actor)
    elif reward.status in (RewardStatus.APPROVED, RewardStatus.FAILED):
        heal_paid(work, {reward.id: event.tx_hash})
    elif reward.status in (RewardStatus.PENDING_APPROVAL, RewardStatus.REJECTED):
        _alert("paid_unapproved", reward.order_reference, event)


def _alert(kind: str, subject: str, event: PaidEvent) -> None:
    raise_alert(kind, subject, tx_hash=event.tx_hash, wallet=event.wallet, wei=str(event.amount))


def heal_paid(work: MintRound, tx_hashes: Mapping[int, TxHash]) -> None:
    """Move rewards that a final event proves paid to `minted`, through each status in between."""
    if not tx_hashes:
        return
    reward_ids = list(tx_hashes)
    token = work.contract.facts(work.node, work.key.address).token
    with work.leader.writing():
        claimed = [
            reward
            for claim in (minting.claim_paid, minting.claim_failed_paid)
            for reward in claim(reward_ids, chain_id=work.chain.chain_id, token=token, actor=work.actor)
        ]
        work.record_minted({reward.id: tx_hashes[reward.id] for reward in claimed})


def _rewards_of(order_refs: Sequence[str]) -> dict[str, int]:
    """Return reward ids by on-chain reference: from our transactions, otherwise by hashing rewards never sent."""
    ids: dict[str, int] = dict(
        query(
            "SELECT order_ref, max(item_id) FROM chain_transaction_items"
            " WHERE order_ref = ANY(%s) AND purpose = 'reward' GROUP BY order_ref",
            [list(order_refs)],
        )
    )
    missing = set(order_refs) - ids.keys()
    if missing:
        unsent = query(
            "SELECT id, order_reference FROM referral_rewards r WHERE NOT EXISTS ("
            "SELECT 1 FROM chain_transaction_items i WHERE i.purpose = 'reward' AND i.item_id = r.id)"
        )
        ids |= {ref: row[0] for row in unsent if (ref := order_ref(row[1])) in missing}
    return ids


def _compare_records(work: MintRound, seen: set[str], start: int, end: int) -> None:
    """Reopen transactions that our records call paid in these blocks but the chain does not."""
    recorded = sender.list_settled_payments(work.chain.chain_id, work.contract.address, start, end)
    doubtful = [(transaction_id, ref) for transaction_id, _, ref in recorded if ref not in seen]
    if not doubtful:
        return
    paid = work.contract.paid(work.node, [ref for _, ref in doubtful], work.finalized.number)
    lost = sorted(
        {transaction_id for (transaction_id, _), flag in zip(doubtful, paid, strict=True) if not flag}
    )
    if lost:
        with work.leader.writing():
            minting.reopen_minted(sender.reopen(lost, REWARD_PURPOSES), work.actor)
