"""The cross-rail audit: the whole story of one order reference, and what needs an admin's eye."""

from __future__ import annotations

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.chain import list_alerts
from portal.flows.audit_reference import audit_reference, close_alert, proof_as_json
from portal.payments import PaymentUnknown, list_callbacks_needing_attention, list_open_rail_failures
from portal.web.access import for_role
from portal.web.admin.blueprint import blueprint
from portal.web.admin.queue import decisions
from portal.web.requests import portal
from portal.web.reward_words import reward_row
from portal.web.sentences import callback_refusal, chain_alert
from portal.web.settlement_words import settlement_row
from portal.web.translate import gettext as _


@blueprint.get("/audit/proof.json")
@for_role("admin")
def proof() -> ResponseReturnValue:
    """Download everything known of one reference: rows, events, callbacks and the chain's word."""
    reference = request.args.get("orderReference", "").strip()
    story = audit_reference(reference, portal().chain)
    if not story.is_known:
        raise PaymentUnknown
    answer = jsonify(proof_as_json(story, portal().chain))
    answer.headers["Content-Disposition"] = f'attachment; filename="{reference}.json"'
    return answer


@blueprint.post("/audit/alerts/<int:alert_id>/resolve")
@for_role("admin")
def resolve(alert_id: int) -> ResponseReturnValue:
    """Close an alert of the chain audit that an admin has dealt with."""
    if close_alert(alert_id, current_user.id):
        flash(_("The alert is closed."), "success")
    return redirect(url_for("admin.audit"), 303)


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
        alerts=[(alert, chain_alert(alert.kind)) for alert in list_alerts()],
        decisions=decisions,
        settlement_row=settlement_row,
        reward_row=reward_row,
    )
