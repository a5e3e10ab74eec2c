"""The reward queue; its filters live in the URL."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.flows.minting.mint_rewards import list_obstacles
from portal.lib.clock import utc_now
from portal.lib.errors import PortalError
from portal.programme import ProgrammeRules, find_version_at
from portal.rewards import count_matching, get_reward, list_reward_queue, reward_totals
from portal.runtime import current_portal
from portal.visits import platform_stats
from portal.web.admin.rewards.blueprint import blueprint
from portal.web.admin.rewards.filters import QueueView, read_view
from portal.web.admin.rewards.presenters import status_totals
from portal.web.admin.rewards.rows import OPEN_STATUSES, QueueRow, queue_rows, row_words
from portal.web.admin.saved_filters.view import SavedForm, saved_filters
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.requests import is_htmx
from portal.web.core.urls import url_for
from portal.web.text.format import number, short_day, usd
from portal.web.text.messages import error_text, mint_waiting
from portal.web.text.programme import approval_sentences
from portal.web.text.translate import gettext as _

# Counting stops here: the exact number of more rewards would cost more than it tells.
MOST_COUNTED = 1_001


@blueprint.get("/refcodes", endpoint="list")
@for_role("admin")
def list_rewards() -> ResponseReturnValue:
    """Show the rewards of a status, oldest first, with totals and platform visits."""
    return queue_page(read_view(request.args, current_portal().settings))


@blueprint.get("/refcodes/<int:reward_id>/row")
@for_role("admin")
def row(reward_id: int) -> ResponseReturnValue:
    """Render one row; a row polls this while its reward is being minted."""
    return render_template("admin/rewards/_row.html", row=queue_row(reward_id), words=row_words())


@blueprint.get("/refcodes/visits")
@for_role("admin")
def visits() -> ResponseReturnValue:
    """Show the visits of all codes: the queue asks for them when a reader reaches them."""
    stats = platform_stats()
    template = "admin/rewards/_visits.html" if is_htmx() else "admin/rewards/visits.html"
    daily = [(short_day(day), count, number(count)) for day, count in stats.daily]
    return render_template(template, visits=stats, daily=daily)


def queue_row(reward_id: int) -> QueueRow:
    """Return one row of the queue as the signed-in admin sees it; raise RewardUnknown."""
    return queue_rows([get_reward(reward_id)], current_user().id)[0]


def queue_url(view: QueueView) -> str:
    """Return the link to a filtered queue."""
    arguments: dict[str, Any] = dict(view.query)
    return url_for("admin.rewards.list", **arguments)


def queue_page(view: QueueView, error: PortalError | None = None, form: SavedForm | None = None) -> str:
    """Return the page of a filtered queue; `error` belongs to a bulk decision, `form` to a saved filter."""
    page = list_reward_queue(view.filter, request.args.get("cursor"))
    matching = count_matching(view.filter, MOST_COUNTED)
    status, totals = view.filter.status, reward_totals()
    return render_template(
        "admin/rewards/list.html",
        view=view,
        status=status,
        can_decide=status in OPEN_STATUSES,
        selected=set(request.form.getlist("ids", type=int)),
        reason=request.form.get("reason", ""),
        reason_error=error_text(error) if error and error.field == "reason" else "",
        saved=saved_filters("rewards", view.query, form),
        rows=queue_rows(page.rows, current_user().id),
        words=row_words(),
        next_cursor=page.next_cursor,
        matching=matching,
        matching_text=number(matching) if matching < MOST_COUNTED else _("more than 1,000"),
        can_select_all=matching < MOST_COUNTED,
        totals=status_totals(totals),
        has_approved=totals["approved"][0] > 0,
        chain_configured=current_portal().chain.configured,
        approval=_approval_text(),
        waiting=_waiting_sentences(),
        form_errors=_form_errors(view, error, form),
    )


def _form_errors(view: QueueView, error: PortalError | None, form: SavedForm | None) -> list[tuple[str, str]]:
    errors = list(view.errors.items())
    if error:
        errors.append(("bulk-reason" if error.field == "reason" else "queue", error_text(error)))
    if form:
        errors.append((form.field_id, form.error))
    return errors


def _approval_text() -> str:
    """Return who approves rewards by the rules in force, and from which value two admins do."""
    version, limit = find_version_at(utc_now()), current_portal().settings.referral_second_approval_usd
    rules = ProgrammeRules.model_validate(version.rules) if version else None
    sentences = list(approval_sentences(rules)) if rules else []
    if limit:
        sentences.append(_("From %(amount)s on, two admins approve.", amount=usd(limit)))
    return " ".join(sentences)


def _waiting_sentences() -> list[str]:
    """Return why minting waits now, and what will stop it soon according to the last check of the chain."""
    return [mint_waiting(code) for code in list_obstacles(current_portal().chain)]
