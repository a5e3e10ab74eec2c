"""The reward queue: filters in the URL, decisions on a row in place, decisions about many with exact counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_login import current_user

from portal.flows.approvals import decide_reward
from portal.flows.approvals.decide_reward import BulkResult, NothingChosen, choose_matching
from portal.flows.minting.mint_rewards import waiting_reason
from portal.flows.minting.watch_chain import last_watch
from portal.flows.overviews.queue_overview import QueueFacts, admin_names, queue_facts
from portal.flows.overviews.risk_hints import RiskHint
from portal.lib.errors import PortalError
from portal.rewards import RewardFilter, count_matching, get_reward, list_reward_queue, reward_totals
from portal.runtime import current_portal
from portal.visits import platform_stats
from portal.web.admin.rewards.blueprint import blueprint
from portal.web.admin.rewards.filters import QueueView, read_view
from portal.web.admin.saved_filters.view import SavedForm, saved_filters
from portal.web.core.access import for_role
from portal.web.core.errors import status_of
from portal.web.core.requests import is_htmx
from portal.web.text.format import number
from portal.web.text.messages import error_text, guard_text, mint_waiting, refusal_counts
from portal.web.text.rewards import RewardRow, reward_rows
from portal.web.text.risk_hints import risk_hint
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

if TYPE_CHECKING:
    from models import Order, ReferralReward

MOST_COUNTED = 1_001


@blueprint.get("/refcodes", endpoint="list")
@for_role("admin")
def list_rewards() -> ResponseReturnValue:
    """Show the queue of a status, oldest first, with totals and platform visits."""
    view = read_view(request.args, current_portal().settings)
    return queue_page(view)


@blueprint.get("/refcodes/<int:reward_id>/row")
@for_role("admin")
def row(reward_id: int) -> ResponseReturnValue:
    """Show one row anew: a row asks for itself while its reward is on the way."""
    return render_template("admin/rewards/_row.html", row=_one_row(reward_id))


@blueprint.post("/refcodes/<int:reward_id>/approve")
@for_role("admin")
def approve(reward_id: int) -> ResponseReturnValue:
    """Approve a waiting reward and show its row anew."""
    return _decide(
        reward_id, lambda: decide_reward.approve(reward_id, current_user.id, current_portal().settings)
    )


@blueprint.post("/refcodes/<int:reward_id>/reject")
@for_role("admin")
def reject(reward_id: int) -> ResponseReturnValue:
    """Refuse a reward with a reason and show its row anew."""
    reason = request.form.get("reason", "")
    return _decide(reward_id, lambda: decide_reward.reject(reward_id, reason, current_user.id))


@blueprint.post("/refcodes/<int:reward_id>/retry")
@for_role("admin")
def retry(reward_id: int) -> ResponseReturnValue:
    """Approve a failed reward again and show its row anew."""
    running = current_portal()
    return _decide(
        reward_id, lambda: decide_reward.retry(reward_id, current_user.id, running.chain, running.settings)
    )


@blueprint.post("/refcodes/decide")
@for_role("admin", reconfirm=True)
def decide_many() -> ResponseReturnValue:
    """Approve or refuse the chosen rewards, or all that match the filter; then tell what became of each."""
    view = read_view(request.form, current_portal().settings)
    try:
        ids = _chosen(view.wanted)
        if request.form.get("decision") == "reject":
            result = decide_reward.reject_many(ids, request.form.get("reason", ""), current_user.id)
            _tell_rejected(result)
        else:
            result = decide_reward.approve_many(ids, current_user.id, current_portal().settings)
            _tell_approved(result)
    except PortalError as error:
        return queue_page(view, error), status_of(error)
    current_portal().wake("mint_rewards")
    return redirect(queue_url(view), 303)


def queue_url(view: QueueView) -> str:
    """Return the link to a filtered queue."""
    arguments: dict[str, Any] = dict(view.query)
    return url_for("admin.rewards.list", **arguments)


def _chosen(wanted: RewardFilter) -> list[int]:
    promised = request.form.get("all_matching", "")
    if promised:
        return choose_matching(wanted, int(promised) if promised.isdecimal() and len(promised) < 10 else -1)
    chosen = request.form.getlist("ids", type=int)
    if not chosen:
        raise NothingChosen
    return [reward_id for reward_id in chosen if 0 < reward_id < 2**63]


def queue_page(view: QueueView, error: PortalError | None = None, form: SavedForm | None = None) -> str:
    """Return the page of a filtered queue, with what was wrong with a decision or with naming the filter."""
    page = list_reward_queue(view.wanted, request.args.get("cursor"))
    matching = count_matching(view.wanted, MOST_COUNTED)
    about = "bulk-reason" if error and error.field == "reason" else "queue"
    problems = [*view.errors.items(), *([(about, error_text(error))] if error else [])]
    problems += [(form.field_id, form.error)] if form else []
    visits = platform_stats()
    return render_template(
        "admin/rewards/list.html",
        view=view,
        chosen=set(request.form.getlist("ids", type=int)),
        reason=request.form.get("reason", ""),
        reason_error=error_text(error) if error and error.field == "reason" else "",
        saved=saved_filters("rewards", view.query, form),
        status=view.wanted.status,
        rows=_rows(page.rewards),
        next_cursor=page.next_cursor,
        matching=matching,
        matching_text=number(matching) if matching < MOST_COUNTED else _("more than 1,000"),
        can_choose_all=matching < MOST_COUNTED,
        totals=reward_totals(),
        visits=visits,
        daily=[(format_date(day, "d MMM"), count, number(count)) for day, count in visits.daily],
        chain_configured=current_portal().chain.configured,
        waiting=_waiting(),
        form_errors=problems,
    )


def _rows(rewards: list[ReferralReward]) -> list[dict[str, Any]]:
    facts = queue_facts(rewards)
    names = admin_names([admin for found in facts.values() for admin in found.approved_by])
    return [_row(row, facts[row.id], names) for row in reward_rows(rewards)]


def _one_row(reward_id: int) -> dict[str, Any]:
    return _rows([get_reward(reward_id)])[0]


def _row(row: RewardRow, facts: QueueFacts, names: dict[int, str]) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in row.__slots__},
        "reward": row,
        "is_own": row.referrer_user_id == current_user.id,
        "hints": hint_rows(facts.hints),
        "decisions": decisions(facts.order) if facts.order else [],
        "approved_by": ", ".join(names.get(admin, "?") for admin in facts.approved_by),
        "approved_by_me": current_user.id in facts.approved_by,
    }


def hint_rows(hints: Sequence[RiskHint]) -> list[dict[str, str]]:
    """Return risk hints in words, as the component shows them."""
    return [{"level": hint.level, "text": risk_hint(hint.code, hint.number)} for hint in hints]


def decisions(order: Order) -> list[dict[str, str]]:
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


def _decide(reward_id: int, decision: Callable[[], ReferralReward]) -> ResponseReturnValue:
    """Run a decision; htmx gets the row as it stands now, with what went wrong if something did."""
    problem = None
    told = ""
    try:
        told = _told(decision())
        current_portal().wake("mint_rewards")
    except PortalError as error:
        if not is_htmx():
            raise
        problem = error
    if not is_htmx():
        flash(told, "success")
        return redirect(url_for("admin.rewards.list"), 303)
    text = error_text(problem) if problem else told
    answer = render_template(
        "admin/rewards/_row.html", row=_one_row(reward_id), told=text, problem=problem is not None
    )
    return answer, status_of(problem) if problem else 200


def _told(reward: ReferralReward) -> str:
    return {
        "approved": _("Approved. The reward will be minted soon."),
        "rejected": _("Rejected. The referrer sees the reason."),
    }.get(reward.status, _("Your approval is noted. A second admin has to confirm it."))


def _tell_approved(result: BulkResult) -> None:
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
    _tell_refused(result)


def _tell_rejected(result: BulkResult) -> None:
    if result.decided:
        count = len(result.decided)
        flash(ngettext("%(num)s reward is rejected.", "%(num)s rewards are rejected.", count), "success")
    _tell_refused(result)


def _tell_refused(result: BulkResult) -> None:
    for code, ids in result.refused.items():
        flash(refusal_counts(code, len(ids), ", ".join(result.decided_by)), "warning")


def _waiting() -> list[str]:
    """Return why minting waits now, and what the last watch found that would stop it soon."""
    chain = current_portal().chain
    found, watch = waiting_reason(chain.chain_id), last_watch(chain)
    codes = [found.code] if found else []
    codes += [code for code in (watch.problems if watch else []) if code not in codes]
    return [mint_waiting(code) for code in codes if code != "other_leader"]
