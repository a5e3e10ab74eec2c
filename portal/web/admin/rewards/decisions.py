"""Decisions about rewards: one row in place, or many at once with exact counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.flows.approvals import decide_reward
from portal.flows.approvals.decide_reward import BulkResult, NothingChosen, choose_matching
from portal.flows.approvals.pay_missing import pay_missing as approve_missing_payment
from portal.lib.errors import PortalError
from portal.rewards import RewardFilter, get_reward
from portal.runtime import current_portal
from portal.web.admin.rewards.blueprint import blueprint
from portal.web.admin.rewards.filters import read_view
from portal.web.admin.rewards.presenters import reward_summaries
from portal.web.admin.rewards.queue import queue_page, queue_row, queue_url
from portal.web.admin.rewards.rows import row_words
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.requests import form_choice, is_htmx
from portal.web.core.urls import url_for
from portal.web.text.messages import error_text, refusal_counts
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

if TYPE_CHECKING:
    from models import ReferralReward


@blueprint.post("/refcodes/<int:reward_id>/approve")
@for_role("admin", reconfirm=True)
def approve(reward_id: int) -> ResponseReturnValue:
    """Approve a waiting reward and render its row."""
    return _decide(
        reward_id, lambda: decide_reward.approve(reward_id, current_user().id, current_portal().settings)
    )


@blueprint.get("/refcodes/<int:reward_id>/reject")
@for_role("admin")
def reason(reward_id: int) -> ResponseReturnValue:
    """Ask why a reward is rejected, where the dialog of the queue does not open."""
    return _reason_page(reward_id)


@blueprint.post("/refcodes/<int:reward_id>/reject")
@for_role("admin", reconfirm=True)
def reject(reward_id: int) -> ResponseReturnValue:
    """Reject a reward with a reason and render its row."""
    reason = request.form.get("reason", "")
    try:
        return _decide(reward_id, lambda: decide_reward.reject(reward_id, reason, current_user().id))
    except PortalError as error:
        if error.field != "reason" or is_htmx():
            raise
        return _reason_page(reward_id, reason, error_text(error)), status_of(error)


def _reason_page(reward_id: int, reason: str = "", problem: str = "") -> str:
    return render_template(
        "admin/rewards/reason.html",
        reward=reward_summaries([get_reward(reward_id)])[0],
        action=url_for("admin.rewards.reject", reward_id=reward_id),
        reason=reason,
        reason_error=problem,
        form_errors=[("reject-reason", problem)] if problem else [],
    )


@blueprint.post("/refcodes/<int:reward_id>/retry")
@for_role("admin", reconfirm=True)
def retry(reward_id: int) -> ResponseReturnValue:
    """Approve a failed reward again and render its row."""
    portal = current_portal()
    return _decide(
        reward_id, lambda: decide_reward.retry(reward_id, current_user().id, portal.chain, portal.settings)
    )


@blueprint.post("/refcodes/<int:reward_id>/pay-missing")
@for_role("admin", reconfirm=True)
def pay_missing(reward_id: int) -> ResponseReturnValue:
    """Approve what the contract still owes for a reward and render its row."""
    portal = current_portal()
    return _decide(
        reward_id,
        lambda: approve_missing_payment(reward_id, current_user().id, portal.chain, portal.settings),
    )


@blueprint.post("/refcodes/decide")
@for_role("admin", reconfirm=True)
def decide_many() -> ResponseReturnValue:
    """Approve, reject or retry the selected rewards, or all that match the filter, and report the results."""
    portal, admin_id = current_portal(), current_user().id
    view = read_view(request.form, portal.settings)
    decision = form_choice("decision", "approve", "reject", "retry")
    try:
        ids = _selected_ids(view.filter)
        if decision == "reject":
            _flash_rejected(decide_reward.reject_many(ids, request.form.get("reason", ""), admin_id))
        elif decision == "retry":
            flash_approved(decide_reward.retry_many(ids, admin_id, portal.chain, portal.settings))
        else:
            flash_approved(decide_reward.approve_many(ids, admin_id, portal.settings))
    except PortalError as error:
        return queue_page(view, error), status_of(error)
    portal.wake("mint_rewards")
    return redirect(queue_url(view), 303)


def _selected_ids(filters: RewardFilter) -> list[int]:
    promised = request.form.get("all_matching", "")
    if promised:
        return choose_matching(filters, int(promised) if promised.isdecimal() and len(promised) < 10 else -1)
    selected = request.form.getlist("ids", type=int)
    if not selected:
        raise NothingChosen
    return [reward_id for reward_id in selected if 0 < reward_id < 2**63]


def _decide(reward_id: int, decision: Callable[[], ReferralReward]) -> ResponseReturnValue:
    """Run a decision; htmx gets the row with the result or the error, a plain form the queue.

    What is wrong with a typed reason is no state of the row: it is raised.
    """
    problem = None
    try:
        text = _result_text(decision())
        current_portal().wake("mint_rewards")
    except PortalError as error:
        if not is_htmx() or error.field == "reason":
            raise
        problem, text = error, error_text(error)
    if not is_htmx():
        flash(text, "success")
        return redirect(url_for("admin.rewards.list"), 303)
    row = render_template(
        "admin/rewards/_row.html",
        row=queue_row(reward_id),
        words=row_words(),
        result=text,
        is_problem=problem is not None,
    )
    return row, status_of(problem) if problem else 200


def _result_text(reward: ReferralReward) -> str:
    return {
        "approved": _("Approved. The reward will be minted soon."),
        "rejected": _("Rejected. The referrer sees the reason."),
    }.get(reward.status, _("Your approval is recorded. A second admin must confirm it."))


def flash_approved(result: BulkResult) -> None:
    """Flash how many rewards were approved, wait for a second admin, or were refused and why."""
    if result.decided:
        count = len(result.decided)
        flash(ngettext("%(num)s reward is approved.", "%(num)s rewards are approved.", count), "success")
    if result.first_approvals:
        count = len(result.first_approvals)
        flash(
            ngettext(
                "%(num)s reward waits for a second admin.", "%(num)s rewards wait for a second admin.", count
            ),
            "info",
        )
    _flash_refused(result)


def _flash_rejected(result: BulkResult) -> None:
    if result.decided:
        count = len(result.decided)
        flash(ngettext("%(num)s reward is rejected.", "%(num)s rewards are rejected.", count), "success")
    _flash_refused(result)


def _flash_refused(result: BulkResult) -> None:
    for code, ids in result.refused.items():
        flash(refusal_counts(code, len(ids), ", ".join(result.decided_by)), "warning")
