"""Retry the failed rewards of a mint job: each is decided like a single retry. See docs/rules/rewards.md."""

from __future__ import annotations

from portal.chain import AnyChain
from portal.db import Actor
from portal.flows.approvals.decide_reward import BULK_LIMIT, BulkResult, retry_many
from portal.flows.minting.mint_jobs import NothingToMint, create_mint_job, list_failed_of_job
from portal.settings import Settings


def retry_failed_of_job(
    job_id: int, admin_id: int, chain: AnyChain, settings: Settings
) -> tuple[int | None, BulkResult]:
    """Retry at most BULK_LIMIT failed rewards of a job; return the job of those approved, and every result.

    There is no new job if none of them may be minted now. Raises NothingToMint where none has failed.
    """
    failed = list_failed_of_job(job_id, BULK_LIMIT)
    if not failed:
        raise NothingToMint
    result = retry_many(failed, admin_id, chain, settings)
    try:
        new_id = create_mint_job(
            Actor.user(admin_id),
            chain_id=chain.chain_id,
            reward_ids=result.decided,
            kind="retry",
            retry_of=job_id,
        )
    except NothingToMint:
        return None, result
    return new_id, result
