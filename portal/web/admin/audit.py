"""The cross-rail audit: the whole story of one order reference, and what needs an admin's eye."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.flows.audit_reference import audit_reference
from portal.payments import list_callbacks_needing_attention, list_open_rail_failures
from portal.web.access import for_role
from portal.web.admin.blueprint import blueprint
from portal.web.admin.queue import decisions
from portal.web.requests import portal
from portal.web.reward_words import reward_row
from portal.web.sentences import callback_refusal
from portal.web.settlement_words import settlement_row


@blueprint.get("/audit")
@for_role("admin")
def audit() -> ResponseReturnValue:
    """Tell one reference's story, rail by rail, or list callbacks and rails that wait for somebody."""
    reference = request.args.get("orderReference", "").strip()
    return render_template(
        "admin/audit.html",
        reference=reference,
        story=audit_reference(reference, portal().chain) if reference else None,
        callbacks=[(event, callback_refusal(event.reason)) for event in list_callbacks_needing_attention()],
        failures=list_open_rail_failures(),
        decisions=decisions,
        settlement_row=settlement_row,
        reward_row=reward_row,
    )
