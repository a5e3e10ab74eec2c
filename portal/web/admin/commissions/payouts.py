"""Process due payouts: a review, the batches, and reserves."""

from __future__ import annotations

import secrets

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.chain.sending.operations import Waiting
from portal.commissions import (
    Exclusion,
    PlannedPayout,
    count_failed_of_batch,
    get_batch,
    get_vendor,
    list_batches,
    list_items_of_payouts,
    list_payouts_of_batch,
    page_of_reserves,
    release_reserve,
    retry_batch,
)
from portal.db import Actor, page_of_list
from portal.flows.payouts.pay_settlements import PayoutPlanChanged, request_payouts, review_payouts
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.admin.commissions.blueprint import blueprint
from portal.web.admin.commissions.filters import read_vendor_view
from portal.web.admin.commissions.presenters import batch_items
from portal.web.admin.commissions.section import section_nav
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.locale import select_locale
from portal.web.core.urls import url_for
from portal.web.core.vendor_field import vendor_field
from portal.web.text.messages import error_text
from portal.web.text.payouts import (
    batch_row,
    excluded_rows,
    payout_row,
    problem_words,
    reserve_row,
    review_rows,
)
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

PAYOUTS_PAGE, PLAN_PAGE = 10, 50
_MOST_KEY = 100


@blueprint.get("/store/commissions/payouts")
@for_role("admin")
def payout_review() -> ResponseReturnValue:
    """Show what is due, what is left out and why, and the payout mode."""
    return _review_page()


@blueprint.post("/store/commissions/payouts")
@for_role("admin", reconfirm=True)
def process_due_payouts() -> ResponseReturnValue:
    """Create a batch of what is due and go to its page; the same key returns the same batch."""
    key = request.form.get("idempotency_key", "").strip()[:_MOST_KEY] or None
    promised = request.form.get("promised", "").strip() or None
    try:
        batch_id = request_payouts(
            current_portal().settings, Actor.user(current_user().id), key=key, promised=promised
        )
    except PayoutPlanChanged as error:
        return _review_page(error_text(error)), status_of(error)
    except Waiting as waiting:
        return _review_page(problem_words(waiting.code)), 503
    if batch_id is None:
        flash(_("Nothing is due."), "info")
        return redirect(url_for("admin.commissions.payout_review"), 303)
    current_portal().wake("pay_settlements")
    return redirect(url_for("admin.commissions.payout_batch", batch_id=batch_id), 303)


@blueprint.get("/store/commissions/batches")
@for_role("admin")
def payout_batches() -> ResponseReturnValue:
    """List the batches, newest first, and the reserves."""
    return _batches_page()


@blueprint.get("/store/commissions/batches/<int:batch_id>")
@for_role("admin")
def payout_batch(batch_id: int) -> ResponseReturnValue:
    """Show a batch with its payouts and their settlements."""
    batch = get_batch(batch_id)
    page = page_of_list(
        list_payouts_of_batch(batch_id), request.args.get("cursor"), PAYOUTS_PAGE, lambda payout: (payout.id,)
    )
    items = list_items_of_payouts([payout.id for payout in page.rows])
    return render_template(
        "admin/commissions/payout_batch.html",
        row=batch_row(batch),
        payouts=[payout_row(payout) for payout in page.rows],
        line_items={payout.id: batch_items(items[payout.id], payout.currency) for payout in page.rows},
        next_cursor=page.next_cursor,
        failed=count_failed_of_batch(batch_id),
        section_nav=section_nav(),
    )


@blueprint.post("/store/commissions/batches/<int:batch_id>/retry")
@for_role("admin", reconfirm=True)
def retry_payout_batch(batch_id: int) -> ResponseReturnValue:
    """Make the failed settlements of a batch due again."""
    count = retry_batch(batch_id, Actor.user(current_user().id))
    flash(
        ngettext("%(num)s settlement is due again.", "%(num)s settlements are due again.", count),
        "success" if count else "info",
    )
    return redirect(url_for("admin.commissions.payout_batch", batch_id=batch_id), 303)


@blueprint.post("/store/commissions/vendors/<int:vendor_id>/reserve")
@for_role("admin", reconfirm=True)
def release_vendor_reserve(vendor_id: int) -> ResponseReturnValue:
    """Release part of a vendor's reserve into the next payout."""
    get_vendor(vendor_id)
    currency = request.form.get("currency", "").strip()[:10]
    try:
        release_reserve(
            vendor_id,
            currency,
            request.form.get("amount", ""),
            request.form.get("reason", ""),
            Actor.user(current_user().id),
            key=request.form.get("idempotency_key", "").strip()[:_MOST_KEY] or None,
        )
    except PortalError as error:
        field = f"{error.field or 'amount'}-{vendor_id}-{currency}"
        return _batches_page([(field, error_text(error))], str(vendor_id)), status_of(error)
    flash(_("The next payout includes the released amount."), "success")
    return redirect(url_for("admin.commissions.payout_batches"), 303)


def _review_page(problem: str | None = None) -> str:
    review = review_payouts(current_portal().settings)
    if problem is None and review.problem:
        problem = problem_words(review.problem)
    payouts = page_of_list(review.plan.payouts, request.args.get("cursor"), PLAN_PAGE, _balance)
    excluded = page_of_list(review.plan.excluded, request.args.get("excluded"), PLAN_PAGE, _balance)
    return render_template(
        "admin/commissions/payout_review.html",
        rows=review_rows(review, payouts.rows),
        count=len(review.plan.payouts),
        next_cursor=payouts.next_cursor,
        excluded=excluded_rows(excluded.rows),
        next_excluded=excluded.next_cursor,
        is_simulated=review.mode == "simulated",
        can_run=review.problem is None,
        problem=problem,
        promised=review.plan.digest,
        idempotency_key=secrets.token_hex(16),
        section_nav=section_nav(),
    )


def _balance(planned: PlannedPayout | Exclusion) -> tuple[int, str]:
    return planned.vendor_id, planned.currency


def _batches_page(errors: list[tuple[str, str]] | None = None, vendor: str = "") -> str:
    page = list_batches(request.args.get("cursor"))
    view = read_vendor_view(request.args if not vendor else {"vendor": vendor})
    reserved = page_of_reserves(select_locale(), view.filter, request.args.get("reserves"))
    reserves = [reserve_row(reserve) for reserve in reserved.rows]
    return render_template(
        "admin/commissions/payout_batches.html",
        rows=[batch_row(batch) for batch in page.rows],
        next_cursor=page.next_cursor,
        reserves=reserves,
        next_reserve=reserved.next_cursor,
        view=view,
        vendor=vendor_field(view.typed["vendor"], None, _("Any")),
        keys={f"{row.vendor_id}-{row.currency}": secrets.token_hex(16) for row in reserves},
        form_errors=[*(errors or []), *view.errors.items()],
        section_nav=section_nav(),
    )
