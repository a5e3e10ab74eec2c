"""What an admin does with the personal data of a person: download it, erase it."""

from __future__ import annotations

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue

from portal.accounts import AccountErased, LastAdmin, get_user, withdraw_erasure
from portal.db import Actor
from portal.flows.personal_data.erase import (
    ErasureNeedsAnother,
    ErasureNotRequested,
    ErasurePrevented,
    ask_for_erasure,
    confirm_erasure,
)
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.admin.people.blueprint import blueprint
from portal.web.admin.people.people import person_page
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.outcomes import flash_change
from portal.web.core.personal_data import person_response
from portal.web.core.security import limit_account
from portal.web.core.urls import url_for
from portal.web.text.translate import gettext as _

_REFUSALS = (AccountErased, ErasureNeedsAnother, ErasureNotRequested, ErasurePrevented, LastAdmin)


class ErasureUnconfirmed(PortalError):
    """The box of the form is not ticked."""

    code = "erasure_unconfirmed"


@blueprint.post("/people/<int:user_id>/export")
@for_role("admin", reconfirm=True)
@limit_account("exports")
def export(user_id: int) -> ResponseReturnValue:
    """Download everything that is stored about a person."""
    return person_response(user_id, Actor.user(current_user().id))


@blueprint.post("/people/<int:user_id>/erasure")
@for_role("admin", reconfirm=True)
def request_erasure_for(user_id: int) -> ResponseReturnValue:
    """Record that a person asked for erasure; another admin confirms it."""
    try:
        ask_for_erasure(get_user(user_id).id, current_user().id)
    except _REFUSALS as error:
        return person_page(user_id, error), status_of(error)
    flash(_("The request is recorded. Another admin has to confirm it."), "success")
    return _back(user_id)


@blueprint.post("/people/<int:user_id>/erasure/withdraw")
@for_role("admin", reconfirm=True)
def withdraw_erasure_of(user_id: int) -> ResponseReturnValue:
    """Decline or withdraw a request for erasure."""
    flash_change(
        withdraw_erasure(get_user(user_id).id, Actor.user(current_user().id)), _("The account is kept.")
    )
    return _back(user_id)


@blueprint.post("/people/<int:user_id>/erasure/confirm")
@for_role("admin", reconfirm=True)
def erase(user_id: int) -> ResponseReturnValue:
    """Erase the personal data of a person who asked for it."""
    try:
        if request.form.get("confirmed") != "1":
            raise ErasureUnconfirmed(field="confirmed")
        confirm_erasure(get_user(user_id).id, current_user().id)
    except (*_REFUSALS, ErasureUnconfirmed) as error:
        return person_page(user_id, error), status_of(error)
    current_portal().wake("send_letters")
    flash(_("The personal data is erased."), "success")
    return _back(user_id)


def _back(user_id: int) -> ResponseReturnValue:
    return redirect(url_for("admin.people.person", user_id=user_id), 303)
