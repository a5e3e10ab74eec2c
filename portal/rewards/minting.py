"""Changes of rewards around a mint: batch statements, each a guarded UPDATE with its event rows.

The minting flow calls them inside its own transaction, so that a reward and the chain transaction that pays it
change together. See docs/rules/minting.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.db import Actor, query, transaction
from portal.lib.transitions import Transition
from portal.lib.types import Address, OrderReference, TxHash, Wei
from portal.rewards.errors import RewardUnknown, mint_refusal
from portal.rewards.mintable import (
    MINTABLE,
    MINTABLE_ON_ANY_CHAIN,
    OBSTACLE,
    ON_THIS_CHAIN,
    PAYMENT_AMOUNT,
    PAYMENT_REFERENCE,
    WAITING_TO_MINT,
)
from portal.rewards.status_rules import TRANSITIONS, RewardStatus

# More than any call of a contract can carry.
UNPAYABLE_WEI = 2**256


@dataclass(frozen=True)
class MintableReward:
    """What the minter needs to know of a reward: the payment that is due, and the reference it is made under.

    `sized_in` is the token whose price sized the reward, None where no token was configured then.
    """

    id: int
    payment_reference: OrderReference
    recipient: Address
    amount_wei: Wei
    sized_in: Address | None

    @property
    def is_first_payment(self) -> bool:
        """Return whether nothing of the reward was paid before."""
        return "#" not in self.payment_reference


# A reward named by a mint job that was stopped waits until it is requested by id.
_LIST_MINTABLE = f"""
    SELECT r.id, {PAYMENT_REFERENCE}, r.referrer_wallet, {PAYMENT_AMOUNT}, lower(r.reward_token)
    FROM referral_rewards r
    WHERE {MINTABLE}
      AND (%(max_amount)s::numeric IS NULL OR {PAYMENT_AMOUNT} <= %(max_amount)s::numeric)
      AND NOT r.id = ANY(%(skip)s::bigint[])
      AND CASE WHEN %(ids)s::bigint[] IS NULL
          THEN coalesce((
              SELECT NOT j.stop_requested FROM mint_job_items i JOIN mint_jobs j ON j.id = i.job_id
              WHERE i.reward_id = r.id ORDER BY i.job_id DESC LIMIT 1), true)
          ELSE r.id = ANY(%(ids)s::bigint[]) END
    ORDER BY r.created_at, r.id
    LIMIT %(limit)s
"""  # noqa: S608 - conditions of this package


def list_mintable(
    limit: int,
    *,
    chain_id: int,
    max_amount_wei: int | None = None,
    reward_ids: Sequence[int] | None = None,
    skip_ids: Sequence[int] = (),
) -> list[MintableReward]:
    """Return rewards that may be minted on a chain now, oldest first, without locking them.

    Rewards of a stopped mint job are left out unless `reward_ids` names them.
    """
    rows = query(
        _LIST_MINTABLE,
        {
            "chain": chain_id,
            "max_amount": max_amount_wei,
            "skip": list(skip_ids),
            "ids": None if reward_ids is None else list(reward_ids),
            "limit": limit,
        },
    )
    return [_mintable_reward(row) for row in rows]


_COUNT_MINTABLE = f"""
    SELECT count(*) FILTER (WHERE here), count(*) FILTER (WHERE NOT here)
    FROM (
        SELECT {ON_THIS_CHAIN} AS here FROM referral_rewards r WHERE {MINTABLE_ON_ANY_CHAIN} LIMIT 1001
    ) mintable
"""  # noqa: S608


def count_mintable(chain_id: int) -> tuple[int, int]:
    """Return how many rewards may be minted on this chain and how many on others; both counts stop at 1,001."""
    rows = query(_COUNT_MINTABLE, {"chain": chain_id})
    return rows[0][0], rows[0][1]


_OBSTACLE = f"SELECT r.status, {OBSTACLE} FROM referral_rewards r WHERE r.id = %(id)s"  # noqa: S608


def require_mintable(reward_id: int, chain_id: int) -> None:
    """Raise RewardUnknown, RewardStatusConflict or RewardNotMintable unless a reward may be minted on a chain now."""
    rows = query(_OBSTACLE, {"id": reward_id, "chain": chain_id})
    if not rows:
        raise RewardUnknown
    status, obstacle = rows[0]
    if obstacle is not None:
        raise mint_refusal(obstacle, status)


def claim_mintable(
    reward_ids: Sequence[int], *, chain_id: int, token: str, actor: Actor
) -> list[MintableReward]:
    """Move rewards that may be minted to `minting` and return them as they are now, oldest first.

    Rows that another transaction has locked are skipped, and so is a reward that was rejected, refunded or put on
    hold since it was listed.
    """
    return _claim(_CLAIM_MINTABLE, reward_ids, chain_id, token, actor)


def claim_paid(reward_ids: Sequence[int], *, chain_id: int, token: str, actor: Actor) -> list[MintableReward]:
    """Move approved rewards that the chain shows as paid to `minting`, whatever their hold or chain says."""
    return _claim(_CLAIM_PAID, reward_ids, chain_id, token, actor)


def claim_failed_paid(
    reward_ids: Sequence[int], *, chain_id: int, token: str, actor: Actor
) -> list[MintableReward]:
    """Move failed rewards that the chain shows as paid to `minting`; the proof is no approval."""
    return _claim(_CLAIM_FAILED_PAID, reward_ids, chain_id, token, actor, TRANSITIONS["prove"])


def record_minted(tx_hashes: Mapping[int, TxHash], actor: Actor) -> list[int]:
    """Move rewards to `minted`, each with the hash of the transaction that paid it; return the ids that moved."""
    mint = TRANSITIONS["mint"]
    with transaction():
        rows = query(
            """
            WITH before AS (
                SELECT id, status FROM referral_rewards
                WHERE id = ANY(%(ids)s::bigint[]) AND status = ANY(%(from)s) ORDER BY id FOR UPDATE
            )
            UPDATE referral_rewards r
            SET status = %(to)s, tx_hash = paid.tx_hash, failure_reason = NULL, updated_at = now()
            FROM before, unnest(%(ids)s::bigint[], %(hashes)s::text[]) AS paid (id, tx_hash)
            WHERE r.id = before.id AND r.id = paid.id AND r.status = before.status
            RETURNING r.id, r.order_reference, before.status, r.tx_hash
            """,
            {
                "ids": list(tx_hashes.keys()),
                "hashes": list(tx_hashes.values()),
                "from": list(mint.from_statuses),
                "to": mint.to_status,
            },
        )
        _record_events(actor, mint.event, mint.to_status, [_Move(*row) for row in rows])
    return [row[0] for row in rows]


def return_to_approved(reward_ids: Sequence[int], reason: str, actor: Actor) -> list[int]:
    """Move rewards that the chain proves unpaid back to `approved`; return the ids that moved."""
    return _apply(TRANSITIONS["return"], reward_ids, reason, actor)


def fail_mint(reasons: Mapping[int, str], actor: Actor) -> list[int]:
    """Move rewards from `minting` to `failed`, each with its permanent reason; return the ids that moved."""
    moved: list[int] = []
    for reward_id, reason in reasons.items():
        moved += _apply(TRANSITIONS["fail"], [reward_id], reason, actor, failure_reason=reason)
    return moved


def reopen_minted(reward_ids: Sequence[int], actor: Actor) -> list[int]:
    """Move the rewards of a reopened chain transaction back to `minting`; return the ids that moved."""
    reason = "a chain reorganisation reopened the transaction"
    return _apply(TRANSITIONS["reopen"], reward_ids, reason, actor, clear_hash=True)


def correct_tx_hash(reward_id: int, tx_hash: TxHash, actor: Actor) -> bool:
    """Store the hash that the chain proves for a minted reward; return whether it was another one."""
    minted = RewardStatus.MINTED
    with transaction():
        rows = query(
            """
            UPDATE referral_rewards SET tx_hash = %(hash)s, updated_at = now()
            WHERE id = %(id)s AND status = %(minted)s AND tx_hash <> %(hash)s
            RETURNING id, order_reference
            """,
            {"id": reward_id, "hash": tx_hash, "minted": minted},
        )
        _record_events(
            actor, "reward_tx_corrected", minted, [_Move(row[0], row[1], minted, tx_hash) for row in rows]
        )
    return bool(rows)


@dataclass(frozen=True)
class _Move:
    """What an event row says about one reward."""

    id: int
    order_reference: str
    from_status: str
    reason: str | None = None


_CLAIM = f"""
    WITH picked AS (
        SELECT r.id, r.status FROM referral_rewards r
        WHERE r.id = ANY(%(ids)s::bigint[]) AND {{condition}}
        ORDER BY r.created_at, r.id FOR UPDATE SKIP LOCKED
    ), moved AS (
        UPDATE referral_rewards r
        SET status = %(to)s, chain_id = %(chain)s, reward_token = %(token)s, failure_reason = NULL, updated_at = now()
        FROM picked
        WHERE r.id = picked.id AND r.status = picked.status AND r.status = ANY(%(from)s)
        RETURNING r.id, {PAYMENT_REFERENCE} AS payment_reference, r.referrer_wallet, {PAYMENT_AMOUNT} AS amount,
            r.reward_token, r.order_reference, picked.status, r.created_at
    )
    SELECT id, payment_reference, referrer_wallet, amount, reward_token, order_reference, status
    FROM moved ORDER BY created_at, id
"""  # noqa: S608
_CLAIM_MINTABLE = _CLAIM.format(condition=MINTABLE)
_CLAIM_PAID = _CLAIM.format(condition=WAITING_TO_MINT)
_CLAIM_FAILED_PAID = _CLAIM.format(condition="r.status = ANY(%(from)s) AND r.reward_amount_wei IS NOT NULL")


def _claim(
    statement: str,
    reward_ids: Sequence[int],
    chain_id: int,
    token: str,
    actor: Actor,
    claim: Transition = TRANSITIONS["claim"],
) -> list[MintableReward]:
    with transaction():
        rows = query(
            statement,
            {
                "ids": list(reward_ids),
                "chain": chain_id,
                "token": token,
                "from": list(claim.from_statuses),
                "to": claim.to_status,
            },
        )
        moves = [_Move(row[0], row[5], row[6]) for row in rows]
        _record_events(actor, claim.event, claim.to_status, moves)
    return [_mintable_reward(row) for row in rows]


def _apply(
    transition: Transition,
    reward_ids: Sequence[int],
    reason: str,
    actor: Actor,
    *,
    failure_reason: str | None = None,
    clear_hash: bool = False,
) -> list[int]:
    with transaction():
        rows = query(
            """
            WITH before AS (
                SELECT id, status FROM referral_rewards
                WHERE id = ANY(%(ids)s::bigint[]) AND status = ANY(%(from)s)
                ORDER BY id FOR UPDATE
            )
            UPDATE referral_rewards r
            SET status = %(to)s, failure_reason = %(failure_reason)s, updated_at = now(),
                tx_hash = CASE WHEN %(clear_hash)s THEN NULL ELSE r.tx_hash END
            FROM before
            WHERE r.id = before.id AND r.status = before.status
            RETURNING r.id, r.order_reference, before.status
            """,
            {
                "ids": list(reward_ids),
                "from": list(transition.from_statuses),
                "to": transition.to_status,
                "failure_reason": failure_reason,
                "clear_hash": clear_hash,
            },
        )
        moves = [_Move(row[0], row[1], row[2], reason) for row in rows]
        _record_events(actor, transition.event, transition.to_status, moves)
    return [row[0] for row in rows]


def _record_events(actor: Actor, event: str, to_status: str, moves: Sequence[_Move]) -> None:
    """Append one event row per move, in one statement."""
    query(
        """
        INSERT INTO event_log
            (actor, actor_user_id, entity, entity_id, event, from_status, to_status, reason, order_reference)
        SELECT %(actor)s, %(user)s, 'reward', m.id, %(event)s, m.before, %(to)s, m.reason, m.reference
        FROM unnest(%(ids)s::text[], %(before)s::text[], %(reasons)s::text[], %(references)s::text[])
            AS m (id, before, reason, reference)
        """,
        {
            "actor": actor.label,
            "user": actor.user_id,
            "event": event,
            "to": to_status,
            "ids": [str(move.id) for move in moves],
            "before": [move.from_status for move in moves],
            "reasons": [move.reason for move in moves],
            "references": [move.order_reference for move in moves],
        },
    )


def _mintable_reward(row: tuple[Any, ...]) -> MintableReward:
    # The type of the column admits NaN, which no payment can carry.
    amount = int(row[3]) if row[3].is_finite() else UNPAYABLE_WEI
    return MintableReward(row[0], OrderReference(row[1]), Address(row[2]), Wei(amount), row[4])
