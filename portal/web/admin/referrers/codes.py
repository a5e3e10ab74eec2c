"""One share code, and the switch that only an admin can reverse."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.flows.accounts.switch_code import REASON_MAX, CodeReasonMissing, block_code, unblock_code
from portal.flows.overviews.code_overview import CodeOverview, code_overview
from portal.lib.errors import PortalError
from portal.lib.texts import CharacterRefused
from portal.web.admin.referrers.blueprint import blueprint
from portal.web.admin.referrers.presenters import code_view
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.outcomes import flash_change
from portal.web.core.requests import form_switch
from portal.web.core.undo import flash_undo
from portal.web.core.urls import url_for
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _


@blueprint.get("/refcodes/codes/<code>")
@for_role("admin")
def code(code: str) -> ResponseReturnValue:
    """Show a code, its owner, its funnel and its history."""
    return code_page(code)


@blueprint.post("/refcodes/codes/<code>/active")
@for_role("admin", reconfirm=True)
def switch_code(code: str) -> ResponseReturnValue:
    """Deactivate a code with a reason that its owner sees, or activate it again; existing rewards are unaffected."""
    before = code_overview(code)
    if form_switch("active"):
        return _activate(before)
    try:
        is_changed = block_code(code, request.form.get("reason", ""), current_user().id)
    except (CodeReasonMissing, CharacterRefused) as error:
        return code_page(code, error), status_of(error)
    text = _("The code is deactivated. Past rewards stand.")
    if is_changed and before.code.active:
        flash_undo(text, url_for("admin.referrers.switch_code", code=code), {"active": "1"})
    else:
        flash_change(is_changed, text)
    return redirect(url_for("admin.referrers.code", code=code), 303)


def _activate(before: CodeOverview) -> ResponseReturnValue:
    code = before.code.code
    if unblock_code(code, current_user().id):
        text = _("The code works again.")
    else:
        text = _("The code becomes active when its owner links the wallet.")
    reason = _blocked_for(before)
    if reason:
        undo = {"active": "0", "reason": reason}
        flash_undo(text, url_for("admin.referrers.switch_code", code=code), undo)
    else:
        flash(text, "success")
    return redirect(url_for("admin.referrers.code", code=code), 303)


def _blocked_for(overview: CodeOverview) -> str | None:
    """Return an admin's reason for the deactivation; None when the code is active or its owner deactivated it."""
    cause = overview.deactivation
    return cause.reason if cause and cause.by == "admin" and not overview.code.active else None


def code_page(code: str, error: PortalError | None = None) -> str:
    """Return the page of a code, with the error of a refused change."""
    overview = code_overview(code, request.args.get("cursor"))
    errors = {error.field or "reason": error_text(error)} if error else {}
    return render_template(
        "admin/referrers/code.html",
        view=code_view(overview),
        next_cursor=overview.events.next_cursor,
        reason_max=REASON_MAX,
        typed=request.form.get("reason", ""),
        typed_alias=request.form.get("alias", ""),
        errors=errors,
        form_errors=list(errors.items()),
    )
