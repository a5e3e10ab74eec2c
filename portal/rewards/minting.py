"""The reward's moves around a mint: batch statements, each a guarded UPDATE with its event rows.

The flow calls them inside its own transaction, so a reward and the chain transaction that pays it change together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models import database
from portal.db import Actor, transaction


@dataclass(frozen=True)
class Mintable:
    """An approved reward as the minter sees it; the amount in wei."""

    id: int
    order_reference: str
    wallet: str
    amount_wei: int


def list_mintable(
    limit: int,
    *,
    chain_id: int,
    max_amount_wei: int | None = None,
    reward_ids: Sequence[int] | None = None,
    skip_ids: Sequence[int] = (),
) -> list[Mintable]:
    """Return approved rewards of a chain, oldest first; locks nothing.

    Rewards of a stopped mint job wait until somebody asks for them again: then pass their `reward_ids`.
    """
    rows = _rows(
        "SELECT r.id, r.order_reference, r.referrer_wallet, r.reward_amount_wei FROM referral_rewards r"
        " WHERE r.status = 'approved' AND NOT r.refund_due AND (r.chain_id IS NULL OR r.chain_id = %(chain)s)"
        " AND (%(most)s::numeric IS NULL OR r.reward_amount_wei <= %(most)s::numeric)"
        " AND NOT r.id = ANY(%(skip)s::bigint[])"
        " AND CASE WHEN %(ids)s::bigint[] IS NULL THEN coalesce((SELECT NOT j.stop_requested FROM mint_job_items i"
        "  JOIN mint_jobs j ON j.id = i.job_id WHERE i.reward_id = r.id ORDER BY i.job_id DESC LIMIT 1), true)"
        "  ELSE r.id = ANY(%(ids)s::bigint[]) END"
        " ORDER BY r.created_at, r.id LIMIT %(limit)s",
        {
            "chain": chain_id,
            "most": max_amount_wei,
            "skip": list(skip_ids),
            "ids": None if reward_ids is None else list(reward_ids),
            "limit": limit,
        },
    )
    return [_mintable(row) for row in rows]


def claim_approved(reward_ids: Sequence[int], *, chain_id: int, token: str, actor: Actor) -> list[Mintable]:
    """Move approved rewards to `minting`, oldest first, and return them as they are now.

    Rows that somebody else is deciding about this very moment are skipped (FOR UPDATE SKIP LOCKED), and so are
    those that a refund reached while the chain was deciding: they are reduced first.
    """
    with transaction():
        rows = _rows(
            "WITH picked AS (SELECT id FROM referral_rewards WHERE id = ANY(%(ids)s::bigint[]) AND status = 'approved'"
            "  AND NOT refund_due ORDER BY created_at, id FOR UPDATE SKIP LOCKED),"
            " moved AS (UPDATE referral_rewards r SET status = 'minting', chain_id = %(chain)s,"
            "  reward_token = %(token)s,"
            "  failure_reason = NULL, updated_at = now() FROM picked WHERE r.id = picked.id AND r.status = 'approved'"
            "  RETURNING r.id, r.order_reference, r.referrer_wallet, r.reward_amount_wei, r.created_at)"
            " SELECT id, order_reference, referrer_wallet, reward_amount_wei FROM moved ORDER BY created_at, id",
            {"ids": list(reward_ids), "chain": chain_id, "token": token},
        )
        _log(actor, "reward_minting", "minting", [_Move(row[0], row[1], "approved") for row in rows])
    return [_mintable(row) for row in rows]


def record_minted(tx_hashes: Mapping[int, str], actor: Actor) -> list[int]:
    """Move rewards from `minting` to `minted`, each with the hash that paid it; return those that moved."""
    with transaction():
        rows = _rows(
            "UPDATE referral_rewards r SET status = 'minted', tx_hash = paid.tx_hash, failure_reason = NULL,"
            " updated_at = now() FROM unnest(%(ids)s::bigint[], %(hashes)s::text[]) AS paid (id, tx_hash)"
            " WHERE r.id = paid.id AND r.status = 'minting' RETURNING r.id, r.order_reference, r.tx_hash",
            {"ids": list(tx_hashes.keys()), "hashes": list(tx_hashes.values())},
        )
        _log(actor, "reward_minted", "minted", [_Move(row[0], row[1], "minting", row[2]) for row in rows])
    return [row[0] for row in rows]


def return_to_approved(reward_ids: Sequence[int], reason: str, actor: Actor) -> list[int]:
    """Move rewards that the chain proves unpaid from `minting` back to `approved`."""
    return _move(reward_ids, ("minting",), "approved", "reward_mint_undone", reason, actor)


def fail_mint(reasons: Mapping[int, str], actor: Actor) -> list[int]:
    """Move rewards from `minting` to `failed`, each for its permanent reason."""
    moved: list[int] = []
    for reward_id, reason in reasons.items():
        moved += _move(
            [reward_id], ("minting",), "failed", "reward_mint_failed", reason, actor, failure_reason=reason
        )
    return moved


def reopen_minted(reward_ids: Sequence[int], actor: Actor) -> list[int]:
    """Move rewards whose transaction is open again to `minting` (CHAIN.md section 2, rule 1).

    The one way out of `minted`: the chain took back a block that was final.
    """
    reason = "the chain took the transaction back"
    return _move(
        reward_ids, ("minted", "approved"), "minting", "reward_reopened", reason, actor, clear_hash=True
    )


def retry_failed_mints(reward_ids: Sequence[int], reason: str, actor: Actor) -> list[int]:
    """Move failed rewards that have an amount back to `approved`."""
    return _move(reward_ids, ("failed",), "approved", "reward_retried", reason, actor, only_sized=True)


def correct_tx_hash(reward_id: int, tx_hash: str, actor: Actor) -> bool:
    """Set the hash the chain proves for a minted reward; return whether it differed."""
    with transaction():
        rows = _rows(
            "UPDATE referral_rewards SET tx_hash = %(hash)s, updated_at = now() WHERE id = %(id)s"
            " AND status = 'minted' AND tx_hash <> %(hash)s RETURNING id, order_reference",
            {"id": reward_id, "hash": tx_hash},
        )
        _log(
            actor, "reward_tx_corrected", "minted", [_Move(row[0], row[1], "minted", tx_hash) for row in rows]
        )
    return bool(rows)


def count_approved(chain_id: int) -> tuple[int, int]:
    """Return how many approved rewards are this chain's, and how many another's; both counts stop at 1,001."""
    rows = _rows(
        "SELECT count(*) FILTER (WHERE mine), count(*) FILTER (WHERE NOT mine) FROM ("
        " SELECT chain_id IS NULL OR chain_id = %(chain)s AS mine FROM referral_rewards"
        " WHERE status = 'approved' AND NOT refund_due LIMIT 1001) a",
        {"chain": chain_id},
    )
    return rows[0][0], rows[0][1]


@dataclass(frozen=True)
class _Move:
    """What an event row tells of one reward."""

    id: int
    order_reference: str
    from_status: str
    reason: str | None = None


def _move(
    reward_ids: Sequence[int],
    from_statuses: tuple[str, ...],
    to_status: str,
    event: str,
    reason: str,
    actor: Actor,
    *,
    failure_reason: str | None = None,
    clear_hash: bool = False,
    only_sized: bool = False,
) -> list[int]:
    with transaction():
        rows = _rows(
            "WITH was AS (SELECT id, status FROM referral_rewards WHERE id = ANY(%(ids)s::bigint[])"
            "  AND status = ANY(%(from)s) AND (NOT %(sized)s OR reward_amount_wei IS NOT NULL) ORDER BY id FOR UPDATE)"
            " UPDATE referral_rewards r SET status = %(to)s, failure_reason = %(failure)s,"
            " tx_hash = CASE WHEN %(clear)s THEN NULL ELSE r.tx_hash END, updated_at = now()"
            " FROM was WHERE r.id = was.id AND r.status = was.status RETURNING r.id, r.order_reference, was.status",
            {
                "ids": list(reward_ids),
                "from": list(from_statuses),
                "sized": only_sized,
                "to": to_status,
                "failure": failure_reason,
                "clear": clear_hash,
            },
        )
        _log(actor, event, to_status, [_Move(row[0], row[1], row[2], reason) for row in rows])
    return [row[0] for row in rows]


def _log(actor: Actor, event: str, to_status: str, moves: Sequence[_Move]) -> None:
    """Append one event row a move, in one statement."""
    _rows(
        "INSERT INTO event_log (actor, actor_user_id, entity, entity_id, event, from_status, to_status, reason,"
        " order_reference) SELECT %(actor)s, %(user)s, 'reward', m.id, %(event)s, m.was, %(to)s, m.reason, m.reference"
        " FROM unnest(%(ids)s::text[], %(was)s::text[], %(reasons)s::text[], %(references)s::text[])"
        " AS m (id, was, reason, reference)",
        {
            "actor": actor.label,
            "user": actor.user_id,
            "event": event,
            "to": to_status,
            "ids": [str(move.id) for move in moves],
            "was": [move.from_status for move in moves],
            "reasons": [move.reason for move in moves],
            "references": [move.order_reference for move in moves],
        },
    )


def _mintable(row: tuple[Any, ...]) -> Mintable:
    return Mintable(row[0], row[1], row[2], int(row[3]))


def _rows(sql: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Run a statement with named parameters, because these statements name the same value often."""
    cursor = database.execute_sql(sql, parameters)
    return cursor.fetchall() if cursor.description else []
