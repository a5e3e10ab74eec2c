"""The block up to which a contract's events were compared with the ledger, with its hash."""

from __future__ import annotations

from dataclasses import dataclass

from portal.chain.deployment import find_record
from portal.chain.node.answers import Block
from portal.db import query

_UNRECORDED_HISTORY = 50_000


@dataclass(frozen=True)
class AuditMark:
    """The last audited block of a contract, seconds since the audit, and the epoch of its leader."""

    first_block: int
    block_number: int
    block_hash: str
    epoch: int
    age_seconds: int


def find_mark(chain_id: int, contract_address: str) -> AuditMark | None:
    """Return the last audited block, None before the first audit."""
    rows = query(
        "SELECT first_block, block_number, block_hash, epoch,"
        " extract(epoch FROM clock_timestamp() - audited_at)::bigint"
        " FROM chain_audit WHERE chain_id = %s AND contract_address = %s",
        [chain_id, contract_address],
    )
    return AuditMark(*rows[0]) if rows else None


def first_block(chain_id: int, contract_address: str, finalized: int) -> int:
    """Return the block from which a contract is audited: its deployment where recorded, else a recent one."""
    record = find_record(chain_id, contract_address)
    return record.block if record else max(0, finalized - _UNRECORDED_HISTORY)


def next_block(chain_id: int, contract_address: str, finalized: int) -> int:
    """Return the block that the next audit begins with, unless a reorganization rewinds it."""
    mark = find_mark(chain_id, contract_address)
    if mark is None:
        return first_block(chain_id, contract_address, finalized)
    return mark.block_number + 1


def store_mark(chain_id: int, contract_address: str, first: int, block: Block, epoch: int) -> None:
    """Store the last audited block; call it inside `Leader.writing()`."""
    query(
        "INSERT INTO chain_audit (chain_id, contract_address, first_block, block_number, block_hash, epoch)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (chain_id, contract_address) DO UPDATE SET"
        " block_number = excluded.block_number, block_hash = excluded.block_hash, epoch = excluded.epoch,"
        " audited_at = clock_timestamp()",
        [chain_id, contract_address, first, block.number, block.hash, epoch],
    )


def touch_mark(chain_id: int, contract_address: str, epoch: int) -> None:
    """Record an audit without new blocks; call it inside `Leader.writing()`."""
    query(
        "UPDATE chain_audit SET epoch = %s, audited_at = clock_timestamp()"
        " WHERE chain_id = %s AND contract_address = %s",
        [epoch, chain_id, contract_address],
    )
