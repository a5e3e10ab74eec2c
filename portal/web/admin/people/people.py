"""The list of people and the page of one person."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.accounts import REASON_MAX, ROLES
from portal.flows.overviews.people import STATES, list_people, person_overview
from portal.lib.errors import PortalError
from portal.web.admin.people.blueprint import blueprint
from portal.web.admin.people.filters import read_people_view
from portal.web.admin.people.presenters import person_row, person_view
from portal.web.admin.people.section import people_nav
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.locale import select_locale
from portal.web.text.account import role_words
from portal.web.text.messages import error_text
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _

# Each has pages of its own.
_LISTS = ("orders", "rewards", "wallets", "codes", "vendors")


@blueprint.get("/people", endpoint="list")
@for_role("admin")
def list_all() -> ResponseReturnValue:
    """Show a page of people, newest first, filtered by name, e-mail, wallet, code, role and state."""
    view = read_people_view(request.args)
    page = list_people(view.filter, request.args.get("cursor"))
    return render_template(
        "admin/people/list.html",
        rows=[person_row(user) for user in page.rows],
        view=view,
        form_errors=list(view.errors.items()),
        roles=[("", _("All")), *role_options()],
        states=[("", _("All")), *((state, status_words("account", state)) for state in STATES)],
        next_cursor=page.next_cursor,
        section_nav=people_nav(),
    )


@blueprint.get("/people/<int:user_id>")
@for_role("admin")
def person(user_id: int) -> ResponseReturnValue:
    """Show a person with codes, wallets, orders and rewards, and what an admin can change."""
    return person_page(user_id)


def person_page(user_id: int, error: PortalError | None = None) -> str:
    """Return the page of a person, with the error of a refused change."""
    overview = person_overview(
        user_id,
        select_locale(),
        {name: cursor for name in _LISTS if (cursor := request.args.get(f"{name}_cursor"))},
    )
    errors = {error.field or "": error_text(error)} if error else {}
    return render_template(
        "admin/people/person.html",
        view=person_view(overview, current_user().id),
        roles=role_options(),
        is_self=user_id == current_user().id,
        next_cursors={name: getattr(overview, name).next_cursor for name in _LISTS},
        reason_max=REASON_MAX,
        typed_reason=request.form.get("reason", ""),
        errors=errors,
        form_errors=list(errors.items()),
        section_nav=people_nav(),
    )


def role_options() -> list[tuple[str, str]]:
    """Return the roles as options of a form."""
    return [(role, role_words(role)) for role in ROLES]
