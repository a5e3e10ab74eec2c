"""What is stored about the signed-in person: a copy of it, and its erasure."""

from __future__ import annotations

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue

from portal.accounts import LastAdmin, withdraw_erasure
from portal.db import Actor
from portal.flows.personal_data.erase import ErasurePrevented, ask_for_erasure
from portal.flows.personal_data.obstacles import list_obstacles
from portal.lib.errors import PortalError
from portal.web.account.blueprint import blueprint
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.outcomes import flash_change
from portal.web.core.personal_data import person_response
from portal.web.core.security import limit_account
from portal.web.core.urls import url_for
from portal.web.text.format import when
from portal.web.text.messages import error_text
from portal.web.text.personal_data import obstacle_text
from portal.web.text.translate import gettext as _


@blueprint.get("/account/data")
@signed_in()
def personal_data() -> ResponseReturnValue:
    """Show what people can do with their personal data."""
    return _page()


@blueprint.post("/account/data/export")
@signed_in(reconfirm=True)
@limit_account("exports")
def export_data() -> ResponseReturnValue:
    """Download everything that is stored about the signed-in person."""
    user_id = current_user().id
    return person_response(user_id, Actor.user(user_id))


@blueprint.post("/account/data/erasure")
@signed_in(reconfirm=True)
@limit_account("account")
def request_own_erasure() -> ResponseReturnValue:
    """Ask an admin to erase the account; refused while something is owed."""
    user_id = current_user().id
    try:
        ask_for_erasure(user_id, user_id)
    except (ErasurePrevented, LastAdmin) as error:
        return _page(error), status_of(error)
    flash(_("An admin will erase your account. Until then you can withdraw the request."), "success")
    return redirect(url_for("account.personal_data"), 303)


@blueprint.post("/account/data/erasure/withdraw")
@signed_in()
def withdraw_own_erasure() -> ResponseReturnValue:
    """Keep the account."""
    user_id = current_user().id
    flash_change(withdraw_erasure(user_id, Actor.user(user_id)), _("Your account is kept."))
    return redirect(url_for("account.personal_data"), 303)


def _page(error: PortalError | None = None) -> str:
    requested_at = current_user().row.erasure_requested_at
    obstacles = list_obstacles(current_user().id)
    return render_template(
        "account/personal_data.html",
        requested=when(requested_at) if requested_at else None,
        obstacles=[obstacle_text(obstacle) for obstacle in obstacles],
        has_credit=any(obstacle.code == "credit" for obstacle in obstacles),
        form_errors=[("", error_text(error))] if error else [],
    )
