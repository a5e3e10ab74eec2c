"""The block up to which a contract's events were compared with the ledger, with its hash."""

from __future__ import annotations

from dataclasses import dataclass

from portal.chain.node.rpc import Block
from portal.db import query


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


def store_mark(chain_id: int, contract_address: str, first_block: int, block: Block, epoch: int) -> None:
    """Store the last audited block; call it inside `Leader.writing()`."""
    query(
        "INSERT INTO chain_audit (chain_id, contract_address, first_block, block_number, block_hash, epoch)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (chain_id, contract_address) DO UPDATE SET"
        " block_number = excluded.block_number, block_hash = excluded.block_hash, epoch = excluded.epoch,"
        " audited_at = clock_timestamp()",
        [chain_id, contract_address, first_block, block.number, block.hash, epoch],
    )


def touch_mark(chain_id: int, contract_address: str, epoch: int) -> None:
    """Record an audit without new blocks; call it inside `Leader.writing()`."""
    query(
        "UPDATE chain_audit SET epoch = %s, audited_at = clock_timestamp()"
        " WHERE chain_id = %s AND contract_address = %s",
        [epoch, chain_id, contract_address],
    )
