"""Refunds started by an admin."""

from __future__ import annotations

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue

from portal.flows.refunds.request_refund import request_refund
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.admin.audit.blueprint import blueprint
from portal.web.admin.audit.search import audit_page
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.urls import url_for
from portal.web.text.translate import gettext as _


@blueprint.post("/audit/refund")
@for_role("admin", reconfirm=True)
def refund() -> ResponseReturnValue:
    """Refund a payment in full or in part; the same form sent twice refunds once."""
    form = request.form
    reference = form.get("orderReference", "").strip()
    try:
        requested = request_refund(
            reference,
            form.get("amount", ""),
            form.get("reason", ""),
            form.get("refundKey", ""),
            current_user().id,
            current_portal().settings,
        )
    except PortalError as error:
        return audit_page(reference, error), status_of(error)
    if requested is None:
        flash(_("A second admin has to confirm this refund. Nothing has been refunded yet."), "warning")
    else:
        flash(*_result(requested.status))
    return redirect(url_for("admin.audit.search", orderReference=reference), 303)


def _result(status: str) -> tuple[str, str]:
    """Return the sentence and the category of the flash message."""
    if status == "applied":
        return _("The refund is complete. Settlements and rewards are updated."), "success"
    if status == "refused":
        return _("The provider refused the refund. Nothing has changed."), "error"
    return (
        _(
            "The provider has not confirmed the refund yet. The status updates automatically; do not repeat it."
        ),
        "warning",
    )
