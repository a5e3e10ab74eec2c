"""Items of work queues that fail and are set aside, with their reasons."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.db.failing import list_failing, try_again_now
from portal.web.admin.payments.blueprint import blueprint
from portal.web.admin.payments.section import payment_nav
from portal.web.core.access import for_role
from portal.web.core.urls import url_for
from portal.web.text.failing import failing_rows
from portal.web.text.translate import gettext as _


@blueprint.get("/payments/failing")
@for_role("admin")
def failing() -> ResponseReturnValue:
    """Show the failing items, those that fail for longest first."""
    page = list_failing(request.args.get("cursor"))
    return render_template(
        "admin/payments/failing.html",
        rows=failing_rows(page.rows),
        next_cursor=page.next_cursor,
        section_nav=payment_nav(),
    )


@blueprint.post("/payments/failing/retry")
@for_role("admin", reconfirm=True)
def retry_failing() -> ResponseReturnValue:
    """Make a failing item due for the next run of its queue."""
    if try_again_now(request.form.get("queue", ""), request.form.get("item", "")):
        flash(_("It will be retried in the next run."), "success")
    else:
        flash(_("This item is no longer set aside."), "info")
    return redirect(url_for("admin.payments.failing"), 303)
