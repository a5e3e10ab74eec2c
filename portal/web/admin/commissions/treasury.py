"""Payments of the payout contract that this portal does not know: show them, and adopt them as paid."""

from __future__ import annotations

import re

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.commissions.foreign_payments import SettlementsMissing, SettlementsNotAdoptable
from portal.db import Actor
from portal.flows.payouts.adopt_payment import adopt_payment, list_unknown_payments
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.admin.commissions.blueprint import blueprint
from portal.web.admin.commissions.section import section_nav
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.urls import url_for
from portal.web.text.foreign_payments import foreign_payment_rows
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _

_LIST = re.compile(r"[0-9]{1,18}(?:[,\s]+[0-9]{1,18}){0,99}")


@blueprint.get("/store/commissions/treasury")
@for_role("admin")
def unknown_payments() -> ResponseReturnValue:
    """List the payments that stop payouts until they are adopted."""
    return _page()


@blueprint.post("/store/commissions/treasury/<int:payment_id>/adopt")
@for_role("admin", reconfirm=True)
def adopt_unknown_payment(payment_id: int) -> ResponseReturnValue:
    """Adopt a payment as that of the given settlements, or of none."""
    try:
        ids = _settlement_ids(request.form.get("settlements", ""), is_none=request.form.get("none") == "1")
        adopt_payment(current_portal().settings, payment_id, ids, Actor.user(current_user().id))
    except PortalError as error:
        return _page([(f"settlements-{payment_id}", error_text(error))]), status_of(error)
    flash(_("The payment is adopted."), "success")
    return redirect(url_for("admin.commissions.unknown_payments"), 303)


def _settlement_ids(text: str, *, is_none: bool) -> list[int]:
    """Return the typed numbers, [] if the admin says so: a field left empty by mistake would pay vendors again."""
    cleaned = text.strip(" ,\n\r\t")
    if bool(cleaned) == is_none:
        raise SettlementsMissing(field="settlements")
    if is_none:
        return []
    if not _LIST.fullmatch(cleaned):
        raise SettlementsNotAdoptable(field="settlements")
    return sorted({int(part) for part in re.findall("[0-9]+", cleaned)})


def _page(errors: list[tuple[str, str]] | None = None) -> str:
    return render_template(
        "admin/commissions/unknown_payments.html",
        rows=foreign_payment_rows(list_unknown_payments(current_portal().settings)),
        form_errors=errors or [],
        section_nav=section_nav(),
    )
