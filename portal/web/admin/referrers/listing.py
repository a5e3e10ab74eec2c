"""The list of share codes with what each brought."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.flows.overviews.referrers import STATES, list_referrers
from portal.flows.programme.standing import list_standings
from portal.web.admin.people.section import people_nav
from portal.web.admin.referrers.blueprint import blueprint
from portal.web.admin.referrers.filters import read_referrers_view
from portal.web.admin.referrers.presenters import referrer_row
from portal.web.core.access import for_role
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _


@blueprint.get("/referrers", endpoint="list")
@for_role("admin")
def list_all() -> ResponseReturnValue:
    """Show a page of share codes with visits, orders, refunds, rewards, bonus and risk."""
    view = read_referrers_view(request.args)
    page = list_referrers(view.filter, request.args.get("cursor"))
    standings = list_standings({row.owner.id for row in page.rows})
    return render_template(
        "admin/referrers/list.html",
        rows=[referrer_row(row, standings[row.owner.id]) for row in page.rows],
        view=view,
        form_errors=list(view.errors.items()),
        states=[("", _("All")), *((state, status_words("code", state)) for state in STATES)],
        orders=[("", _("Newest first")), ("paid", _("Most paid orders")), ("refunds", _("High refund rate"))],
        next_cursor=page.next_cursor,
        section_nav=people_nav(),
    )
