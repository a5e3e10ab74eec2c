"""The cross-rail audit: the whole story of one order reference, and what needs an admin's eye."""

from __future__ import annotations

import secrets

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.chain import list_alerts
from portal.flows.audit.audit_reference import audit_reference, close_alert, proof_as_json
from portal.flows.overviews.risk_hints import risk_hints
from portal.flows.refunds.request_refund import request_refund
from portal.lib.clock import utc_now
from portal.lib.errors import PortalError
from portal.payments import PaymentUnknown, list_callbacks, list_open_rail_failures
from portal.runtime import current_portal
from portal.web.admin.audit.blueprint import blueprint
from portal.web.admin.audit.journal import transfer_rows
from portal.web.admin.rewards.queue import decisions, hint_rows
from portal.web.core.access import for_role
from portal.web.core.errors import status_of
from portal.web.text.messages import chain_alert, error_text
from portal.web.text.payments import callback_rows, failure_rows
from portal.web.text.rewards import reward_rows
from portal.web.text.settlements import settlement_row
from portal.web.text.translate import gettext as _

_REFUND_FIELDS = ("amount", "reason")


@blueprint.get("/audit/proof.json")
@for_role("admin")
def proof() -> ResponseReturnValue:
    """Download everything known of one reference: rows, events, callbacks and the chain's word."""
    reference = request.args.get("orderReference", "").strip()
    story = audit_reference(reference, current_portal().chain)
    if not story.is_known:
        raise PaymentUnknown
    answer = jsonify(proof_as_json(story, current_portal().chain))
    answer.headers["Content-Disposition"] = f'attachment; filename="{reference}.json"'
    return answer


@blueprint.post("/audit/alerts/<int:alert_id>/resolve")
@for_role("admin")
def resolve_alert(alert_id: int) -> ResponseReturnValue:
    """Close an alert of the chain audit that an admin has dealt with."""
    if close_alert(alert_id, current_user.id):
        flash(_("The alert is closed."), "success")
    return redirect(url_for("admin.audit.search"), 303)


@blueprint.get("/audit")
@for_role("admin")
def search() -> ResponseReturnValue:
    """Tell one reference's story, rail by rail, or list callbacks and rails that wait for somebody."""
    return _audit_page(request.args.get("orderReference", "").strip())


@blueprint.post("/audit/refund")
@for_role("admin", reconfirm=True)
def refund() -> ResponseReturnValue:
    """Refund a payment in full or in part; the same form sent twice refunds once."""
    form = request.form
    reference = form.get("orderReference", "").strip()
    try:
        made = request_refund(
            reference,
            form.get("amount", ""),
            form.get("reason", ""),
            form.get("refundKey", ""),
            current_user.id,
            current_portal().settings,
        )
    except PortalError as error:
        return _audit_page(reference, error), status_of(error)
    flash(*_told(made.status))
    return redirect(url_for("admin.audit.search", orderReference=reference), 303)


def _told(status: str) -> tuple[str, str]:
    return {
        "applied": (_("The refund is made. Settlements and rewards follow it."), "success"),
        "refused": (_("The provider refused the refund. Nothing has changed."), "error"),
    }.get(
        status,
        (
            _("The provider has not confirmed the refund yet. This settles by itself; do not repeat it."),
            "warning",
        ),
    )


def _audit_page(reference: str, error: PortalError | None = None) -> str:
    story = audit_reference(reference, current_portal().chain) if reference else None
    field = error.field if error and error.field in _REFUND_FIELDS else "refund"
    return render_template(
        "admin/audit/search.html",
        now=utc_now(),
        reference=reference,
        story=story,
        callbacks=callback_rows(list_callbacks("open")),
        failures=failure_rows(list_open_rail_failures()),
        alerts=[(alert, chain_alert(alert.kind)) for alert in list_alerts()],
        decisions=decisions,
        transfers=transfer_rows(story.transfers) if story else [],
        settlement_row=settlement_row,
        reward=reward_rows([story.reward])[0] if story and story.reward else None,
        hints=hint_rows(risk_hints([story.reward])[story.reward.id]) if story and story.reward else [],
        refund_key=request.form.get("refundKey") if field != "refund" else secrets.token_urlsafe(24),
        refund_values={name: request.form.get(name, "") for name in _REFUND_FIELDS},
        refund_errors={field: error_text(error)} if error else {},
        form_errors=[(field if story and story.is_known else "", error_text(error))] if error else [],
    )
