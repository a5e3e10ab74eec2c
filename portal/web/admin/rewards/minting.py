"""Batch minting: a review of what will be sent, then a job with a stable URL."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.chain import Chain, read_status
from portal.db import Actor
from portal.flows.approvals.retry_mint_job import retry_failed_of_job
from portal.flows.minting.mint_jobs import (
    NothingToMint,
    create_mint_job,
    get_mint_job,
    list_mint_job_rewards,
    list_mint_jobs,
    review_mint,
    stop_mint_job,
)
from portal.runtime import current_portal
from portal.web.admin.rewards.blueprint import blueprint
from portal.web.admin.rewards.decisions import flash_approved
from portal.web.admin.rewards.presenters import job_row, job_summaries, job_view, review_view
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.outcomes import flash_change
from portal.web.core.requests import form_count, is_htmx
from portal.web.core.urls import url_for
from portal.web.text.messages import mint_waiting
from portal.web.text.translate import gettext as _

MOST_AT_ONCE = 10_000
LOW_GAS_DAYS = 3


@blueprint.get("/refcodes/mint")
@for_role("admin")
def mint_review() -> ResponseReturnValue:
    """Show what a mint would send: count, tokens, network, gas, the operator's balance."""
    chain, settings = current_portal().chain, current_portal().settings
    review = None
    if isinstance(chain, Chain):
        review = review_mint(chain, batch_size=settings.referral_mint_batch_size, limit=MOST_AT_ONCE)
    jobs = list_mint_jobs(request.args.get("cursor"))
    days_of_gas = read_status(chain, settings).days_of_gas if chain.configured else None
    return render_template(
        "admin/rewards/mint_review.html",
        review=review_view(review) if review else None,
        is_low_on_gas=days_of_gas is not None and days_of_gas < LOW_GAS_DAYS,
        problem=mint_waiting(review.problem) if review and review.problem else None,
        jobs=job_summaries(jobs.rows),
        next_cursor=jobs.next_cursor,
        chain_id=chain.chain_id,
    )


@blueprint.post("/refcodes/mint")
@for_role("admin", reconfirm=True)
def start_minting() -> ResponseReturnValue:
    """Create a job for the approved rewards, at most as many as the review showed, and go to its page."""
    promised = form_count("count", MOST_AT_ONCE)
    try:
        job_id = create_mint_job(
            Actor.user(current_user().id),
            chain_id=current_portal().chain.chain_id,
            limit=promised,
        )
    except NothingToMint:
        flash(_("No approved reward is left to mint."), "info")
        return redirect(url_for("admin.rewards.list", status="approved"), 303)
    current_portal().wake("mint_rewards")
    return redirect(url_for("admin.rewards.mint_job", job_id=job_id), 303)


@blueprint.get("/refcodes/mint/<int:job_id>")
@for_role("admin")
def mint_job(job_id: int) -> ResponseReturnValue:
    """Show a job's progress and its rewards; the page polls only while the job runs."""
    progress = get_mint_job(job_id)
    page = list_mint_job_rewards(job_id, request.args.get("cursor"))
    reason = progress.job.waiting_reason
    return render_template(
        "admin/rewards/_mint_job.html" if is_htmx() else "admin/rewards/mint_job.html",
        job=job_view(progress),
        rows=[job_row(reward) for reward in page.rows],
        next_cursor=page.next_cursor,
        waiting=mint_waiting(reason) if reason else None,
    )


@blueprint.post("/refcodes/mint/<int:job_id>/stop")
@for_role("admin")
def stop_minting(job_id: int) -> ResponseReturnValue:
    """Stop a job after the current batch; rewards that were not sent stay approved."""
    get_mint_job(job_id)
    flash_change(
        stop_mint_job(job_id, Actor.user(current_user().id)), _("The job stops after the current batch.")
    )
    return redirect(url_for("admin.rewards.mint_job", job_id=job_id), 303)


@blueprint.post("/refcodes/mint/<int:job_id>/retry")
@for_role("admin", reconfirm=True)
def retry_mint_job(job_id: int) -> ResponseReturnValue:
    """Approve the failed rewards of a job again, in a new job; some may wait for a second admin."""
    get_mint_job(job_id)
    running = current_portal()
    new_id, result = retry_failed_of_job(job_id, current_user().id, running.chain, running.settings)
    flash_approved(result)
    running.wake("mint_rewards")
    return redirect(url_for("admin.rewards.mint_job", job_id=new_id or job_id), 303)
