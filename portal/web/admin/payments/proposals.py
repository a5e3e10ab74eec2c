"""What one admin proposed and a second one confirms or declines."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.accounts import list_admin_ids
from portal.flows.approvals.decide_proposal import confirm
from portal.lib.errors import PortalError
from portal.lib.texts import CharacterRefused
from portal.proposals import (
    DeclineReasonMissing,
    ProposalStatus,
    decline_proposal,
    list_proposals,
)
from portal.runtime import current_portal
from portal.web.admin.payments.blueprint import blueprint
from portal.web.admin.payments.section import payment_nav
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.urls import url_for
from portal.web.text.messages import error_text
from portal.web.text.proposals import proposal_rows
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _


@blueprint.get("/payments/proposals")
@for_role("admin")
def proposals() -> ResponseReturnValue:
    """Show proposals, newest first; without a filter those that wait for a second admin."""
    return _proposals_page()


@blueprint.post("/payments/proposals/<int:proposal_id>/confirm")
@for_role("admin", reconfirm=True)
def confirm_proposal(proposal_id: int) -> ResponseReturnValue:
    """Confirm another admin's proposal and carry it out."""
    try:
        confirm(proposal_id, current_user().id, current_portal().settings)
    except PortalError as error:
        return _proposals_page({"": error_text(error)}), status_of(error)
    flash(_("Confirmed and carried out."), "success")
    return redirect(url_for("admin.payments.proposals"), 303)


@blueprint.post("/payments/proposals/<int:proposal_id>/decline")
@for_role("admin", reconfirm=True)
def decline(proposal_id: int) -> ResponseReturnValue:
    """Decline a proposal, or withdraw one's own, with a reason."""
    try:
        decline_proposal(proposal_id, request.form.get("reason", ""), current_user().id)
    except (DeclineReasonMissing, CharacterRefused) as error:
        return _proposals_page({f"reason-{proposal_id}": error_text(error)}), status_of(error)
    except PortalError as error:
        return _proposals_page({"": error_text(error)}), status_of(error)
    flash(_("Declined. Nothing has been changed."), "success")
    return redirect(url_for("admin.payments.proposals"), 303)


def _proposals_page(errors: dict[str, str] | None = None) -> str:
    status = request.args.get("status", ProposalStatus.WAITING.value)
    status = status if status in ("all", *ProposalStatus) else ProposalStatus.WAITING.value
    page = list_proposals("" if status == "all" else status, request.args.get("cursor"))
    errors = errors or {}
    return render_template(
        "admin/payments/proposals.html",
        rows=proposal_rows(page.rows, current_user().id),
        status=status,
        choices=[
            *((each.value, status_words("proposal", each.value)) for each in ProposalStatus),
            ("all", _("All")),
        ],
        next_cursor=page.next_cursor,
        reason=request.form.get("reason", ""),
        is_only_admin=list_admin_ids() == [current_user().id],
        errors=errors,
        form_errors=list(errors.items()),
        section_nav=payment_nav(),
    )
