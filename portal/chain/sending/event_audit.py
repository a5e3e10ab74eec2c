"""Read a contract's payments from the last audited block on, for comparison with a ledger.

See docs/rules/minting.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

from portal.chain import audits
from portal.chain.audits import AuditMark
from portal.chain.contract.rewards import PaidEvent, RewardsContract
from portal.chain.sending.failpoints import failpoint
from portal.chain.sending.operations import SendingContext

AUDIT_EVERY_SECONDS = 60
_RANGES_PER_ROUND = 40
_REWIND_BLOCKS = 2_000

_REFERENCES_PER_CALL = 500
# A final transaction of another sender counts only so many blocks later: a node may show its events late.
LATE_LOGS_BLOCKS = 32

# Compares the events of a range of blocks with the ledger: events, first and last block.
Compare = Callable[[Sequence[PaidEvent], int, int], None]
# Returns (block, order ref) of the payments that the ledger has before a block.
Recorded = Callable[[int], Sequence[tuple[int, str]]]


def audit_events(
    context: SendingContext,
    contract: RewardsContract,
    compare: Compare,
    recorded: Recorded,
    *,
    overlap: int = 0,
) -> bool:
    """Compare `ReferralPaid` events up to the finalized block; return whether that block was reached.

    The last `overlap` audited blocks are read again. The position is stored after each range of blocks, so that a node
    which refuses every tenth request is still audited to the end. A round reads a bounded number of ranges; the next
    one continues.
    """
    chain_id, finalized = context.chain.chain_id, context.finalized
    mark = audits.find_mark(chain_id, contract.address)
    first_block, start = _range_start(context, contract, mark, recorded)
    start = max(first_block, start - overlap)
    if start > finalized.number:
        with context.leader.writing():
            audits.touch_mark(chain_id, contract.address, context.leader.epoch)
        return True
    scan = contract.scan_paid_events(context.node, start, finalized.number)
    for end, events in islice(scan, _RANGES_PER_ROUND):
        compare(events, start, end)
        block = finalized if end == finalized.number else context.node.block(end)
        with context.leader.writing():
            audits.store_mark(chain_id, contract.address, first_block, block, context.leader.epoch)
        failpoint("audited")
        start = end + 1
    return start > finalized.number


def is_audit_due(context: SendingContext, contract: RewardsContract) -> bool:
    """Return whether the last audit is a minute old or has not caught up."""
    mark = audits.find_mark(context.chain.chain_id, contract.address)
    if mark is None or mark.age_seconds >= AUDIT_EVERY_SECONDS:
        return True
    return mark.block_number + context.node.log_range.length < context.finalized.number


def _range_start(
    context: SendingContext, contract: RewardsContract, mark: AuditMark | None, recorded: Recorded
) -> tuple[int, int]:
    """Return the contract's first block and the next block to audit; a reorganization rewinds the audit.

    It is rewound by 2,000 blocks, and further if the contract no longer has an older payment.
    """
    if mark is None:
        first = audits.first_block(context.chain.chain_id, contract.address, context.finalized.number)
        return first, first
    known = context.node.blocks([mark.block_number]).get(mark.block_number)
    # A node that lags does not have the block yet; only another block at its number shows a reorganization.
    if known is not None and known.hash != mark.block_hash:
        last = min(mark.block_number, context.finalized.number)
        start = max(mark.first_block, last - _REWIND_BLOCKS)
        return mark.first_block, min([start, *_lost_blocks(context, contract, recorded(start))])
    return mark.first_block, mark.block_number + 1


def _lost_blocks(
    context: SendingContext, contract: RewardsContract, payments: Sequence[tuple[int, str]]
) -> list[int]:
    """Return the blocks of recorded payments that the contract does not know at the finalized block."""
    lost: list[int] = []
    for first in range(0, len(payments), _REFERENCES_PER_CALL):
        part = payments[first : first + _REFERENCES_PER_CALL]
        flags = contract.paid(context.node, [ref for _, ref in part], context.finalized.number)
        lost += [block for (block, _), is_paid in zip(part, flags, strict=True) if not is_paid]
    return lost
