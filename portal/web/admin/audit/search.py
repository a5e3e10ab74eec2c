"""The audit: everything known of one order reference, or what needs attention."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

from flask import flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.chain import list_alerts, order_ref
from portal.db import Actor
from portal.flows.audit.alerts import close_alert, close_alerts
from portal.flows.audit.audit_reference import audit_reference, find_reference
from portal.flows.audit.proof import proof_as_json
from portal.lib.clock import utc_now
from portal.lib.errors import PortalError
from portal.lib.texts import identifier_form
from portal.payments import PaymentUnknown, list_callbacks
from portal.rewards import get_reward
from portal.runtime import current_portal
from portal.web.admin.audit.blueprint import blueprint
from portal.web.admin.audit.presenters import (
    REFERENCE_PREFIXES,
    alert_kinds,
    alert_rows,
    back_order_rows,
    reference_view,
)
from portal.web.admin.audit.section import audit_nav
from portal.web.admin.payments.failed_ledgers import failed_ledgers
from portal.web.admin.payments.presenters import callback_rows
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.outcomes import flash_change
from portal.web.core.requests import FieldInvalid
from portal.web.core.security import limit_account
from portal.web.core.urls import url_for
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

REFUND_FIELDS = ("amount", "reason")


@blueprint.get("/audit")
@for_role("admin")
def search() -> ResponseReturnValue:
    """Show one reference across all ledgers, or callbacks, failures and alerts that need attention."""
    if "reward" in request.args:  # a short address for the rows of the queue
        reward = get_reward(request.args.get("reward", 0, type=int))
        return redirect(url_for("admin.audit.search", orderReference=reward.order_reference))
    reference = _reference()
    # As it was typed: the numbers of a store may have spaces and signs.
    number = request.args.get("orderReference", "").strip()
    if reference and not reference.startswith(REFERENCE_PREFIXES) and (found := find_reference(number)):
        return redirect(url_for("admin.audit.search", orderReference=found))
    return audit_page(reference)


@blueprint.get("/audit/proof.json")
@for_role("admin")
@limit_account("exports")
def proof() -> ResponseReturnValue:
    """Download every row, event, callback and on-chain fact of one reference."""
    reference = _reference()
    audit = audit_reference(reference, current_portal().chain, current_portal().settings)
    if not audit.is_known:
        raise PaymentUnknown
    response = jsonify(proof_as_json(audit, current_portal().chain))
    # A reference may come from a stranger's callback; the name of a file is ours.
    name = f"proof-{order_ref(reference).removeprefix('0x')[:16]}.json"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@blueprint.post("/audit/alerts/<int:alert_id>/resolve")
@for_role("admin", reconfirm=True)
def resolve_alert(alert_id: int) -> ResponseReturnValue:
    """Close an alert of the on-chain audit."""
    flash_change(close_alert(alert_id, current_user().id), _("The alert is closed."))
    return redirect(url_for("admin.audit.search"), 303)


@blueprint.post("/audit/alerts/resolve")
@for_role("admin", reconfirm=True)
def resolve_alerts() -> ResponseReturnValue:
    """Close the alerts of one kind, except those raised after the page was shown."""
    newest = request.form.get("newest", type=int)
    if newest is None or not 0 < newest < 2**63:
        raise FieldInvalid(field="newest", expected="integer")
    closed = close_alerts(request.form.get("kind", ""), Actor.user(current_user().id), newest_id=newest)
    flash(ngettext("%(num)s alert is closed.", "%(num)s alerts are closed.", closed), "success")
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
        section_nav=audit_nav(),
        reference=reference,
        order_url=partial(url_for, "admin.audit.search", orderReference=reference),
        audit=reference_view(audit, request.args.get("refunds")) if audit and is_known else None,
        back_orders=[] if is_known else back_order_rows(),
        **({} if reference else _waiting()),
        refund_key=request.form.get("refundKey") if field != "refund" else secrets.token_urlsafe(24),
        refund_values={name: request.form.get(name, "") for name in REFUND_FIELDS},
        refund_errors={field: error_text(error)} if error else {},
        form_errors=[(field if is_known else "", error_text(error))] if error else [],
    )


def _reference() -> str:
    return identifier_form(request.args.get("orderReference", ""))


def _waiting() -> dict[str, Any]:
    """Return what needs attention: open callbacks, failed ledgers and alerts, a page of each."""
    alerts = list_alerts(request.args.get("alerts_cursor"))
    return {
        "callbacks": callback_rows(list_callbacks("open").rows),
        "alerts": alert_rows(alerts.rows),
        "alert_kinds": alert_kinds(),
        "next_alert": alerts.next_cursor,
        **failed_ledgers("admin.audit.search"),
    }
