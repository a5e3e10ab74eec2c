"""The audit: everything known of one order reference, or what needs attention."""

from __future__ import annotations

import secrets

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.chain import list_alerts
from portal.flows.audit.alerts import close_alert
from portal.flows.audit.audit_reference import audit_reference
from portal.flows.audit.proof import proof_as_json
from portal.lib.clock import utc_now
from portal.lib.errors import PortalError
from portal.payments import PaymentUnknown, list_callbacks, list_open_rail_failures
from portal.runtime import current_portal
from portal.web.admin.audit.blueprint import blueprint
from portal.web.admin.audit.presenters import alert_rows, reference_view
from portal.web.admin.payments.presenters import callback_rows, failure_rows
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _

REFUND_FIELDS = ("amount", "reason")


@blueprint.get("/audit")
@for_role("admin")
def search() -> ResponseReturnValue:
    """Show one reference across all ledgers, or callbacks, failures and alerts that need attention."""
    return audit_page(request.args.get("orderReference", "").strip())


@blueprint.get("/audit/proof.json")
@for_role("admin")
def proof() -> ResponseReturnValue:
    """Download every row, event, callback and on-chain fact of one reference."""
    reference = request.args.get("orderReference", "").strip()
    audit = audit_reference(reference, current_portal().chain, current_portal().settings)
    if not audit.is_known:
        raise PaymentUnknown
    response = jsonify(proof_as_json(audit, current_portal().chain))
    response.headers["Content-Disposition"] = f'attachment; filename="{reference}.json"'
    return response


@blueprint.post("/audit/alerts/<int:alert_id>/resolve")
@for_role("admin", reconfirm=True)
def resolve_alert(alert_id: int) -> ResponseReturnValue:
    """Close an alert of the on-chain audit."""
    if close_alert(alert_id, current_user().id):
        flash(_("The alert is closed."), "success")
    return redirect(url_for("admin.audit.search"), 303)


def audit_page(reference: str, error: PortalError | None = None) -> str:
    """Return the page of a reference, the start page without one; `error` belongs to its refund form."""
    audit = (
        audit_reference(reference, current_portal().chain, current_portal().settings) if reference else None
    )
    is_known = audit is not None and audit.is_known
    field = error.field if error and error.field in REFUND_FIELDS else "refund"
    return render_template(
        "admin/audit/search.html",
        now=utc_now(),
        reference=reference,
        audit=reference_view(audit) if audit and is_known else None,
        callbacks=callback_rows(list_callbacks("open")),
        failures=failure_rows(list_open_rail_failures()),
        alerts=alert_rows(list_alerts()),
        refund_key=request.form.get("refundKey") if field != "refund" else secrets.token_urlsafe(24),
        refund_values={name: request.form.get(name, "") for name in REFUND_FIELDS},
        refund_errors={field: error_text(error)} if error else {},
        form_errors=[(field if is_known else "", error_text(error))] if error else [],
    )
