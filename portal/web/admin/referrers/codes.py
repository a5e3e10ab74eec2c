"""One share code as an admin sees it, with the switch that its owner cannot undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.chain import checksum
from portal.flows.accounts.switch_code import REASON_MAX, CodeReasonMissing, block_code, unblock_code
from portal.flows.overviews.code_overview import CodeOverview, code_overview
from portal.web.admin.referrers.blueprint import blueprint
from portal.web.core.access import for_role
from portal.web.core.errors import status_of
from portal.web.core.undo import flash_undo
from portal.web.text.messages import error_text
from portal.web.text.rewards import explorer_url
from portal.web.text.risk_hints import code_event
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import EventLog


@blueprint.get("/refcodes/codes/<code>")
@for_role("admin")
def code(code: str) -> ResponseReturnValue:
    """Show a code, its owner, its funnel and what happened to it."""
    return _code_page(code)


@blueprint.post("/refcodes/codes/<code>/active")
@for_role("admin")
def switch_code(code: str) -> ResponseReturnValue:
    """Deactivate a code for a reason its owner sees, or activate it again; past rewards stand."""
    here = url_for("admin.referrers.code", code=code)
    before = code_overview(code)
    if request.form.get("active") == "1":
        works = unblock_code(code, current_user.id)
        told = _("The code works again.")
        waits = _("The code works again as soon as its owner links the wallet.")
        reason = _blocked_for(before)
        if reason:
            back = {"active": "0", "reason": reason}
            flash_undo(told if works else waits, url_for("admin.referrers.switch_code", code=code), back)
        else:
            flash(told if works else waits, "success")
        return redirect(here, 303)
    try:
        block_code(code, request.form.get("reason", ""), current_user.id)
    except CodeReasonMissing as error:
        return _code_page(code, error), status_of(error)
    told = _("The code is deactivated. Past rewards stand.")
    if before.code.active:
        flash_undo(told, url_for("admin.referrers.switch_code", code=code), {"active": "1"})
    else:
        flash(told, "success")
    return redirect(here, 303)


def _blocked_for(found: CodeOverview) -> str | None:
    """Return the reason an admin deactivated a code for; None when it works or its owner turned it off."""
    cause = found.deactivation
    return cause.reason if cause and cause.by == "admin" and not found.code.active else None


def _code_page(code: str, error: CodeReasonMissing | None = None) -> str:
    found = code_overview(code)
    wallet = checksum(found.code.wallet_address)
    return render_template(
        "admin/referrers/code.html",
        found=found,
        wallet=wallet,
        wallet_url=explorer_url("address", wallet),
        events=[
            (event, code_event(event.event, event.data.get("by")), _who(event, found.names))
            for event in found.events
        ],
        is_blocked=found.deactivation is not None and found.deactivation.by == "admin",
        reason_max=REASON_MAX,
        typed=request.form.get("reason", ""),
        errors={"reason": error_text(error)} if error else {},
        form_errors=[("reason", error_text(error))] if error else [],
    )


def _who(event: EventLog, names: dict[int, str]) -> str:
    return names.get(event.actor_user_id or 0, event.actor)
