"""Mint jobs: the rewards that an admin requested to mint, stored so that a page can follow them after a restart.

A job only lists rewards: the ordinary rounds mint them, and the job's progress is read from the rewards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from models import MintJob, ReferralReward
from portal.chain import Chain, Payment, order_ref
from portal.chain.contract.abi import Revert
from portal.chain.errors import ChainAway, ContractMissing, NodeRefused, WrongChain
from portal.chain.sending.fees import first_fees
from portal.db import (
    Actor,
    Keyset,
    Page,
    cut_page,
    database_now,
    parse_cursor,
    query,
    record_event,
    transaction,
)
from portal.lib.errors import PortalError
from portal.rewards import RewardStatus, minting

JOBS_PAGE = 25
REWARDS_PAGE = 40
QUEUED, RUNNING, FINISHED, STOPPED = "queued", "running", "finished", "stopped"
UNFINISHED = (QUEUED, RUNNING)


class MintJobUnknown(PortalError):
    """There is no mint job with this id."""

    code = "mint_job_unknown"


class NothingToMint(PortalError):
    """None of the requested rewards may be minted now."""

    code = "nothing_to_mint"


@dataclass(frozen=True)
class MintJobProgress:
    """A job and the number of its rewards by status."""

    job: MintJob
    counts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        return (
            self.total - self.counts.get(RewardStatus.APPROVED, 0) - self.counts.get(RewardStatus.MINTING, 0)
        )

    @property
    def is_running(self) -> bool:
        return self.job.status in UNFINISHED


@dataclass(frozen=True)
class MintJobReward:
    """A reward of a job with its last transaction, which is final when the status is `minted`."""

    reward_id: int
    order_reference: str
    wallet: str
    amount_wei: int
    status: str
    tx_hash: str | None
    failure_reason: str | None


@dataclass(frozen=True)
class MintReview:
    """An estimate of a mint: rewards, their sum in wei, transactions, gas and its maximum cost in wei."""

    reward_ids: list[int] = field(default_factory=list)
    total_wei: int = 0
    transactions: int = 0
    gas: int | None = None
    cost_wei: int | None = None
    operator_balance_wei: int | None = None
    problem: str | None = None


def create_mint_job(
    actor: Actor,
    *,
    chain_id: int,
    limit: int | None = None,
    reward_ids: Sequence[int] | None = None,
    kind: str = "batch",
    retry_of: int | None = None,
) -> int:
    """Create a job for the oldest mintable rewards, only of `reward_ids` if given, and return its id.

    Raises NothingToMint. The next round of any process mints them.
    """
    with transaction():
        rewards = minting.list_mintable(
            10_000 if limit is None else limit, chain_id=chain_id, reward_ids=reward_ids
        )
        if not rewards:
            raise NothingToMint
        job_id: int = query(
            "INSERT INTO mint_jobs (kind, requested_by, retry_of, limit_count) VALUES (%s, %s, %s, %s) RETURNING id",
            [kind, actor.user_id, retry_of, limit],
        )[0][0]
        query(
            "INSERT INTO mint_job_items (job_id, reward_id) SELECT %s, unnest(%s::bigint[])",
            [job_id, [reward.id for reward in rewards]],
        )
        record_event(
            actor, "mint_job", job_id, "mint_requested", to_status="queued", data={"rewards": len(rewards)}
        )
    return job_id


def list_job_reward_ids(job_id: int) -> list[int]:
    """Return the reward ids of a job."""
    return [
        row[0] for row in query("SELECT reward_id FROM mint_job_items WHERE job_id = %s ORDER BY 1", [job_id])
    ]


def get_mint_job(job_id: int) -> MintJobProgress:
    """Return a job and its progress; raise MintJobUnknown."""
    job = MintJob.get_or_none(MintJob.id == job_id)
    if job is None:
        raise MintJobUnknown
    counts = query(
        "SELECT r.status, count(*) FROM mint_job_items i JOIN referral_rewards r ON r.id = i.reward_id"
        " WHERE i.job_id = %s GROUP BY r.status",
        [job_id],
    )
    return MintJobProgress(job, dict(counts))


def list_mint_jobs(cursor: str | None = None) -> Page[MintJob]:
    """Return a page of jobs, newest first; raise CursorInvalid."""
    newest_first: Keyset[MintJob] = Keyset(MintJob.select(), MintJob.id)
    return newest_first.page(cursor, JOBS_PAGE)


def list_mint_job_rewards(job_id: int, cursor: str | None = None) -> Page[MintJobReward]:
    """Return a page of a job's rewards by id, each with the transaction that paid it or the last attempt.

    Raises CursorInvalid.
    """
    after_id = parse_cursor(cursor, ReferralReward.id)[0] if cursor else 0
    rows = query(
        "SELECT r.id, r.order_reference, r.referrer_wallet, r.reward_amount_wei, r.status, coalesce(r.tx_hash, ("
        "  SELECT a.tx_hash FROM chain_transaction_items t JOIN chain_attempts a ON a.transaction_id = t.transaction_id"
        "  WHERE t.purpose = 'reward' AND t.item_id = r.id AND t.open ORDER BY a.id DESC LIMIT 1)), r.failure_reason"
        " FROM mint_job_items i JOIN referral_rewards r ON r.id = i.reward_id"
        " WHERE i.job_id = %s AND r.id > %s ORDER BY r.id LIMIT %s",
        [job_id, after_id, REWARDS_PAGE + 1],
    )
    rewards = [MintJobReward(row[0], row[1], row[2], int(row[3] or 0), *row[4:]) for row in rows]
    return cut_page(rewards, REWARDS_PAGE, lambda reward: (reward.reward_id,))


def stop_mint_job(job_id: int, actor: Actor) -> bool:
    """Stop a job after its current batch; return False if it has finished or was stopped before.

    Its remaining rewards wait until they are requested again.
    """
    with transaction():
        stopped = query(
            "UPDATE mint_jobs SET stop_requested = true WHERE id = %s AND status = ANY(%s)"
            " AND NOT stop_requested RETURNING id",
            [job_id, list(UNFINISHED)],
        )
        if stopped:
            record_event(actor, "mint_job", job_id, "mint_stop_requested")
    refresh_mint_jobs(None)
    return bool(stopped)


def list_failed_of_job(job_id: int, limit: int) -> list[int]:
    """Return the ids of at most `limit` failed rewards of a job, by id."""
    failed = query(
        "SELECT r.id FROM mint_job_items i JOIN referral_rewards r ON r.id = i.reward_id"
        " WHERE i.job_id = %s AND r.status = %s ORDER BY r.id LIMIT %s",
        [job_id, RewardStatus.FAILED, limit],
    )
    return [row[0] for row in failed]


_REFRESH = """
    WITH standing AS (
        SELECT j.id, j.stop_requested, count(*) AS total,
            count(*) FILTER (WHERE r.status = %(approved)s) AS approved,
            count(*) FILTER (WHERE r.status = %(minting)s) AS minting,
            count(*) FILTER (WHERE r.status = %(minted)s) AS minted,
            count(*) FILTER (WHERE r.status = %(reward_failed)s) AS failed
        FROM mint_jobs j
        JOIN mint_job_items i ON i.job_id = j.id
        JOIN referral_rewards r ON r.id = i.reward_id
        WHERE j.status = ANY(%(unfinished)s)
        GROUP BY j.id
    ), decided AS (
        SELECT *, CASE
            WHEN minting > 0 THEN %(running)s
            WHEN approved = 0 THEN %(finished)s
            WHEN stop_requested THEN %(stopped)s
            WHEN approved = total THEN %(queued)s
            ELSE %(running)s END AS new_status
        FROM standing
    )
    UPDATE mint_jobs j
    SET status = d.new_status, processed = d.total - d.approved, submitted = d.minting + d.minted,
        minted = d.minted, failed = d.failed,
        waiting_reason = CASE WHEN d.approved > 0 THEN %(reason)s END,
        started_at = CASE WHEN d.new_status <> %(queued)s THEN coalesce(j.started_at, now()) END,
        finished_at = CASE WHEN d.new_status = ANY(%(over)s) THEN now() END
    FROM decided d
    WHERE j.id = d.id AND j.status = ANY(%(unfinished)s)
"""


def refresh_mint_jobs(waiting_reason: str | None) -> None:
    """Update unfinished jobs from the statuses of their rewards; called at the end of every round."""
    query(
        _REFRESH,
        {
            "approved": RewardStatus.APPROVED,
            "minting": RewardStatus.MINTING,
            "minted": RewardStatus.MINTED,
            "reward_failed": RewardStatus.FAILED,
            "queued": QUEUED,
            "running": RUNNING,
            "finished": FINISHED,
            "stopped": STOPPED,
            "unfinished": list(UNFINISHED),
            "over": [FINISHED, STOPPED],
            "reason": waiting_reason,
        },
    )


def review_mint(
    chain: Chain, *, batch_size: int, limit: int, reward_ids: Sequence[int] | None = None
) -> MintReview:
    """Estimate a mint; `gas` is None if the chain cannot estimate it."""
    rewards = minting.list_mintable(limit, chain_id=chain.chain_id, reward_ids=reward_ids)
    transactions = -(-len(rewards) // batch_size)
    review = MintReview([r.id for r in rewards], sum(r.amount_wei for r in rewards), transactions)
    if not rewards or chain.operator is None:
        return review
    sample = rewards[:batch_size]
    payments = [Payment(r.recipient, r.amount_wei, order_ref(r.payment_reference)) for r in sample]
    try:
        node = chain.node(database_now())
        balance = node.balance(chain.operator.address)
        gas = node.estimate_gas(
            chain.operator.address, chain.contract.address, chain.contract.encode_payment(payments)
        )
        fees = first_fees(node.block("latest").base_fee, node.suggested_tip(), chain.fees)
    except (ChainAway, WrongChain, NodeRefused, ContractMissing) as error:
        return MintReview(review.reward_ids, review.total_wei, transactions, problem=error.code)
    if isinstance(gas, Revert):
        return MintReview(
            review.reward_ids, review.total_wei, transactions, operator_balance_wei=balance, problem=gas.text
        )
    total_gas = gas * len(rewards) // len(sample)
    cost = total_gas * fees.max_fee if fees else None
    return MintReview(review.reward_ids, review.total_wei, transactions, total_gas, cost, balance)
