"""The settlement ledger and an admin's decisions about its rows."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.commissions import (
    HoldReasonMissing,
    SettlementFilter,
    get_settlement,
    hold_settlement,
    list_currencies,
    list_settlements,
    list_state_sums,
    read_plan,
    release_settlement,
    retry_settlement,
    sum_due,
)
from portal.db import Actor
from portal.flows.payouts.pay_settlements import payout_waiting_reason
from portal.lib.texts import CharacterRefused
from portal.runtime import current_portal
from portal.web.admin.commissions.blueprint import blueprint
from portal.web.admin.commissions.filters import STATUSES, read_ledger_view
from portal.web.admin.commissions.section import section_nav
from portal.web.admin.saved_filters.view import SavedForm, saved_filters
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.filters import FilterView
from portal.web.core.requests import local_path
from portal.web.core.undo import flash_undo
from portal.web.core.urls import url_for
from portal.web.core.vendor_field import vendor_field
from portal.web.text.messages import error_text
from portal.web.text.payouts import problem_words, reason_rows, split_rows
from portal.web.text.settlements import settlement_rows
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _

# How to undo a decision: the endpoint of the form and its fields, None where it cannot be undone exactly.
Undo = tuple[str, dict[str, str] | None]


@blueprint.get("/store/commissions")
@for_role("admin")
def settlements() -> ResponseReturnValue:
    """Show the settlement ledger, newest first."""
    return ledger_page(read_ledger_view(request.args, current_portal().settings))


@blueprint.get("/store/commissions/<int:settlement_id>/hold", defaults={"decision": "hold"})
@blueprint.get("/store/commissions/<int:settlement_id>/release", defaults={"decision": "release"})
@for_role("admin")
def reason(settlement_id: int, decision: str) -> ResponseReturnValue:
    """Ask why a settlement is held or released, where the dialog of the ledger does not open."""
    return _reason_page(settlement_id, decision)


@blueprint.post("/store/commissions/<int:settlement_id>/hold")
@for_role("admin")
def hold(settlement_id: int) -> ResponseReturnValue:
    """Hold a settlement back from payouts, with a reason."""
    reason = request.form.get("reason", "")
    before = get_settlement(settlement_id)
    # Releasing makes a settlement pending, so the hold of a failed one cannot be undone.
    undo = {"reason": _("The hold was undone.")} if before.status == "pending" else None
    return _decide(
        settlement_id,
        "hold",
        lambda: hold_settlement(settlement_id, reason, Actor.user(current_user().id)),
        _("The settlement is held."),
        ("admin.commissions.release", undo),
    )


@blueprint.post("/store/commissions/<int:settlement_id>/release")
@for_role("admin", reconfirm=True)
def release(settlement_id: int) -> ResponseReturnValue:
    """Let a held settlement be paid again, with a reason."""
    reason = request.form.get("reason", "")
    before = get_settlement(settlement_id)
    undo = {"reason": before.failure_reason} if before.failure_reason else None
    return _decide(
        settlement_id,
        "release",
        lambda: release_settlement(settlement_id, reason, Actor.user(current_user().id)),
        _("The settlement is released."),
        ("admin.commissions.hold", undo),
    )


@blueprint.post("/store/commissions/<int:settlement_id>/retry")
@for_role("admin", reconfirm=True)
def retry(settlement_id: int) -> ResponseReturnValue:
    """Let a failed settlement be paid by the next run."""
    return _decide(
        settlement_id,
        "retry",
        lambda: retry_settlement(settlement_id, Actor.user(current_user().id)),
        _("The next run pays the settlement."),
    )


def _decide(
    settlement_id: int, name: str, decision: Callable[[], object], message: str, undo: Undo = ("", None)
) -> ResponseReturnValue:
    """Run a decision and return to its page; a missing reason is shown at its field."""
    back = local_path(request.form.get("next")) or url_for("admin.commissions.settlements")
    try:
        decision()
    except (HoldReasonMissing, CharacterRefused) as error:
        return _reason_page(settlement_id, name, error_text(error), back), status_of(error)
    endpoint, fields = undo
    if fields is None:
        flash(message, "success")
    else:
        flash_undo(message, url_for(endpoint, settlement_id=settlement_id), {**fields, "next": back})
    return redirect(back, 303)


def _reason_page(settlement_id: int, decision: str, problem: str = "", back: str = "") -> str:
    """Return the page that asks for a reason; `problem` is what is wrong with the one that was given."""
    is_release = decision == "release"
    return render_template(
        "admin/commissions/reason.html",
        title=_("Release the settlement") if is_release else _("Hold the settlement"),
        verb=_("Release") if is_release else _("Hold"),
        row=settlement_rows([get_settlement(settlement_id)])[0],
        action=url_for(f"admin.commissions.{decision}", settlement_id=settlement_id),
        here=back,
        reason=request.form.get("reason", ""),
        reason_error=problem,
        form_errors=[("decision-reason", problem)] if problem else [],
        section_nav=section_nav(),
    )


def ledger_page(view: FilterView[SettlementFilter], form: SavedForm | None = None) -> str:
    """Return the page of a filtered ledger; `form` belongs to a saved filter."""
    page = list_settlements(view.filter, request.args.get("cursor"))
    plan, sums = read_plan(), list_state_sums()
    problem = payout_waiting_reason()
    errors = list(view.errors.items())
    if form:
        errors.append((form.field_id, form.error))
    return render_template(
        "admin/commissions/settlements.html",
        view=view,
        saved=saved_filters("settlements", view.query, form),
        rows=settlement_rows(page.rows, shows_recipients=True),
        split=split_rows(plan, sums),
        reasons=reason_rows(plan, sums, sum_due()),
        statuses=[_any(), *((status, status_words("settlement", status)) for status in STATUSES)],
        vendor=vendor_field(view.typed["vendor"], None, _("Any")),
        currencies=[_any(), *((currency, currency) for currency in list_currencies())],
        next_cursor=page.next_cursor,
        problem=problem_words(problem) if problem else None,
        section_nav=section_nav(),
        form_errors=errors,
        here=_here(),
        can_decide=True,
    )


def _any() -> tuple[str, str]:
    return "", _("Any")


def _here() -> str:
    """Return the URL that a decision returns to."""
    if request.method != "GET":
        return url_for("admin.commissions.settlements")
    return request.script_root + request.full_path.rstrip("?")
