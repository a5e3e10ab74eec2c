"""Batch minting: a review of what will be sent, then a job with an address that survives reload and restart."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.chain import Chain, checksum, read_status
from portal.db import Actor
from portal.flows.minting.mint_jobs import (
    MintJobReward,
    NothingToMint,
    create_mint_job,
    get_mint_job,
    list_mint_job_rewards,
    list_mint_jobs,
    retry_failed_of_job,
    review_mint,
    stop_mint_job,
)
from portal.runtime import current_portal
from portal.web.admin.rewards.blueprint import blueprint
from portal.web.core.access import for_role
from portal.web.core.requests import is_htmx
from portal.web.text.format import token_text
from portal.web.text.messages import failure_text, mint_waiting
from portal.web.text.rewards import explorer_url
from portal.web.text.translate import gettext as _

MOST_AT_ONCE = 10_000


@blueprint.get("/refcodes/mint")
@for_role("admin")
def mint_review() -> ResponseReturnValue:
    """Show what a mint would send: count, tokens, network, gas, the operator's balance."""
    chain, settings = current_portal().chain, current_portal().settings
    review = None
    if isinstance(chain, Chain):
        review = review_mint(chain, batch_size=settings.referral_mint_batch_size, limit=MOST_AT_ONCE)
    return render_template(
        "admin/rewards/mint_review.html",
        review=review,
        status=read_status(chain, settings) if chain.configured else None,
        problem=mint_waiting(review.problem) if review and review.problem else None,
        jobs=list_mint_jobs()[:10],
        chain=chain,
    )


@blueprint.post("/refcodes/mint")
@for_role("admin")
def start_minting() -> ResponseReturnValue:
    """Write a job for the approved rewards, as many as the review promised, and go to its page."""
    promised = request.form.get("count", MOST_AT_ONCE, type=int)
    try:
        job_id = create_mint_job(
            Actor.user(current_user.id),
            chain_id=current_portal().chain.chain_id,
            limit=max(0, min(promised, MOST_AT_ONCE)),
        )
    except NothingToMint:
        flash(_("No approved reward is left to mint."), "info")
        return redirect(url_for("admin.rewards.list", status="approved"), 303)
    current_portal().wake("mint_rewards")
    return redirect(url_for("admin.rewards.mint_job", job_id=job_id), 303)


@blueprint.get("/refcodes/mint/<int:job_id>")
@for_role("admin")
def mint_job(job_id: int) -> ResponseReturnValue:
    """Show a job's progress and its rewards; the page asks again only while the job runs."""
    progress = get_mint_job(job_id)
    rewards = list_mint_job_rewards(job_id, request.args.get("after", 0, type=int))
    template = "admin/rewards/_mint_job.html" if is_htmx() else "admin/rewards/mint_job.html"
    waiting = progress.job.waiting_reason
    return render_template(
        template,
        progress=progress,
        job=progress.job,
        rows=[_job_row(reward) for reward in rewards],
        next_after=rewards[-1].reward_id if len(rewards) < progress.total and len(rewards) >= 50 else None,
        waiting=mint_waiting(waiting) if waiting else None,
    )


@blueprint.post("/refcodes/mint/<int:job_id>/stop")
@for_role("admin")
def stop_minting(job_id: int) -> ResponseReturnValue:
    """Stop a job after the batch under way; what is not sent waits until somebody asks again."""
    get_mint_job(job_id)
    if stop_mint_job(job_id, Actor.user(current_user.id)):
        flash(_("The job stops after the batch under way."), "success")
    return redirect(url_for("admin.rewards.mint_job", job_id=job_id), 303)


@blueprint.post("/refcodes/mint/<int:job_id>/retry")
@for_role("admin")
def retry_mint_job(job_id: int) -> ResponseReturnValue:
    """Approve the failed rewards of a job anew in a job of their own."""
    get_mint_job(job_id)
    new_id = retry_failed_of_job(
        job_id, Actor.user(current_user.id), chain_id=current_portal().chain.chain_id
    )
    current_portal().wake("mint_rewards")
    return redirect(url_for("admin.rewards.mint_job", job_id=new_id), 303)


def _job_row(reward: MintJobReward) -> dict[str, Any]:
    return {
        "reward": reward,
        "amount": token_text(reward.amount_wei),
        "wallet": checksum(reward.wallet),
        "tx_url": explorer_url("tx", reward.tx_hash) if reward.tx_hash else None,
        "why": failure_text(reward.failure_reason) if reward.status in ("failed", "rejected") else "",
    }
