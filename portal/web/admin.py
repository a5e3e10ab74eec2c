"""The admin's pages: reward queue, settlement ledger, cross-rail audit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.commissions import list_settlements, settlement_totals
from portal.flows import decide_reward
from portal.flows.audit_reference import audit_reference
from portal.flows.mint_rewards import request_mint, waiting_reason
from portal.lib.errors import PortalError
from portal.payments import list_callbacks_needing_attention, list_open_rail_failures
from portal.rewards import get_reward, list_reward_queue, reward_totals
from portal.visits import platform_stats
from portal.web.access import for_role
from portal.web.errors import status_of
from portal.web.requests import is_htmx, portal
from portal.web.reward_words import reward_row
from portal.web.sentences import callback_refusal, error_text, guard_text, mint_waiting
from portal.web.settlement_words import next_settlement_cursor, settlement_row, totals_by_currency
from portal.web.translate import gettext as _

if TYPE_CHECKING:
    from models import Order, ReferralReward

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

MINT_AT_ONCE = 50


@blueprint.get("/refcodes")
@for_role("admin")
def rewards() -> ResponseReturnValue:
    """Show the queue of a status, oldest first, with totals and platform visits."""
    status = request.args.get("status", "pending_approval")
    page = list_reward_queue(status, request.args.get("cursor"))
    return render_template(
        "admin/rewards.html",
        status=status,
        rows=[_queue_row(reward) for reward in page.rewards],
        next_cursor=page.next_cursor,
        totals=reward_totals(),
        visits=platform_stats(),
        chain_configured=portal().chain.configured,
        waiting=_waiting(),
    )


@blueprint.get("/refcodes/<int:reward_id>/row")
@for_role("admin")
def reward_row_fragment(reward_id: int) -> ResponseReturnValue:
    """Show one row anew: a row asks for itself while its reward is on the way."""
    return render_template("admin/_reward_row.html", row=_queue_row(get_reward(reward_id)))


@blueprint.post("/refcodes/<int:reward_id>/approve")
@for_role("admin")
def approve(reward_id: int) -> ResponseReturnValue:
    """Approve a waiting reward and show its row anew."""
    told = _("Approved. The reward will be minted soon.")
    return _decide(
        reward_id, lambda: decide_reward.approve(reward_id, current_user.id, portal().settings), told
    )


@blueprint.post("/refcodes/<int:reward_id>/reject")
@for_role("admin")
def reject(reward_id: int) -> ResponseReturnValue:
    """Refuse a reward with a reason and show its row anew."""
    reason = request.form.get("reason", "")
    told = _("Rejected. The referrer sees the reason.")
    return _decide(reward_id, lambda: decide_reward.reject(reward_id, reason, current_user.id), told)


@blueprint.post("/refcodes/<int:reward_id>/retry")
@for_role("admin")
def retry(reward_id: int) -> ResponseReturnValue:
    """Approve a failed reward again and show its row anew."""
    told = _("Approved again. The reward will be minted soon.")
    running = portal()
    return _decide(
        reward_id,
        lambda: decide_reward.retry(reward_id, current_user.id, running.chain, running.settings),
        told,
    )


@blueprint.post("/refcodes/mint")
@for_role("admin")
def mint() -> ResponseReturnValue:
    """Start minting the approved rewards now instead of at the next timed run."""
    request_mint(portal().chain, portal().settings, MINT_AT_ONCE, current_user.id, None)
    portal().wake("mint_rewards")
    flash(_("Minting has started. Rewards turn to minted once the chain has confirmed them."), "success")
    return redirect(url_for("admin.rewards", status="approved"), 303)


@blueprint.get("/store/commissions")
@for_role("admin")
def settlements() -> ResponseReturnValue:
    """Show the settlement ledger with its breakdowns, newest first."""
    reference = request.args.get("orderReference", "").strip()
    found = list_settlements(
        order_reference=reference or None, before_id=request.args.get("before", type=int)
    )
    return render_template(
        "admin/settlements.html",
        rows=[settlement_row(settlement) for settlement in found],
        totals=totals_by_currency(settlement_totals()),
        reference=reference,
        next_cursor=next_settlement_cursor(found),
        payout_mode=portal().settings.settlement_payout_mode,
    )


@blueprint.get("/audit")
@for_role("admin")
def audit() -> ResponseReturnValue:
    """Tell the whole story of one order reference, and what needs an admin's eye."""
    reference = request.args.get("orderReference", "").strip()
    return render_template(
        "admin/audit.html",
        reference=reference,
        story=audit_reference(reference, portal().chain) if reference else None,
        callbacks=[(event, callback_refusal(event.reason)) for event in list_callbacks_needing_attention()],
        failures=list_open_rail_failures(),
        decisions=_decisions,
        settlement_row=settlement_row,
        reward_row=reward_row,
    )


def _decisions(order: Order) -> list[dict[str, str]]:
    """Return an order's decision trace in words: what was decided when it was placed, and again when paid."""
    stages = {"order": _("when the order was placed"), "payment": _("when it was paid")}
    return [
        {
            "result": "passed" if step["passed"] else "failed",
            "text": guard_text(step),
            "detail": stages[step["stage"]],
        }
        for step in order.referral_trace
    ]


def _waiting() -> str | None:
    found = waiting_reason(portal().chain.chain_id)
    return mint_waiting(found.code) if found else None


def _queue_row(reward: ReferralReward) -> dict[str, Any]:
    return {**reward_row(reward), "is_own": reward.referrer_user_id == current_user.id}


def _decide(reward_id: int, decision: Callable[[], ReferralReward], told: str) -> ResponseReturnValue:
    """Run a decision; htmx gets the row as it stands now, with what went wrong if something did."""
    problem = None
    try:
        decision()
        portal().wake("mint_rewards")
    except PortalError as error:
        if not is_htmx():
            raise
        problem = error
    if not is_htmx():
        flash(told, "success")
        return redirect(url_for("admin.rewards"), 303)
    row = _queue_row(get_reward(reward_id))
    text = error_text(problem) if problem else told
    answer = render_template("admin/_reward_row.html", row=row, told=text, problem=problem is not None)
    return answer, status_of(problem) if problem else 200
