"""What an admin changes about a person: role, access, sessions, second factor."""

from __future__ import annotations

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue

from portal.accounts import (
    AccountErased,
    DisablingReasonMissing,
    LastAdmin,
    OwnAccount,
    RoleUnknown,
    SecondFactorMissing,
    disable_account,
    enable_account,
    end_other_sessions,
    get_user,
)
from portal.db import Actor
from portal.flows.accounts.account_security import disable_factor
from portal.flows.accounts.change_role import OwnsVendor, change_role
from portal.flows.accounts.end_access import CurrentSession
from portal.lib.texts import CharacterRefused
from portal.web.admin.people.blueprint import blueprint
from portal.web.admin.people.people import person_page
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.outcomes import flash_change
from portal.web.core.urls import url_for
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext


@blueprint.post("/people/<int:user_id>/role")
@for_role("admin", reconfirm=True)
def save_role(user_id: int) -> ResponseReturnValue:
    """Give a person another role, which ends their sessions; the last admin stays."""
    try:
        is_changed = change_role(get_user(user_id).id, request.form.get("role", ""), _actor())
    except (AccountErased, LastAdmin, OwnsVendor, RoleUnknown) as error:
        return person_page(user_id, error), status_of(error)
    flash_change(is_changed, _("The role is saved. The sessions of this account have ended."))
    return _back(user_id)


@blueprint.post("/people/<int:user_id>/disable")
@for_role("admin", reconfirm=True)
def disable(user_id: int) -> ResponseReturnValue:
    """Close every way into an account, with a reason that only admins see."""
    try:
        disable_account(get_user(user_id).id, request.form.get("reason", ""), _actor())
    except (DisablingReasonMissing, CharacterRefused, LastAdmin, OwnAccount) as error:
        return person_page(user_id, error), status_of(error)
    flash(_("The account is disabled. Amounts owed to it are still paid."), "success")
    return _back(user_id)


@blueprint.post("/people/<int:user_id>/enable")
@for_role("admin", reconfirm=True)
def enable(user_id: int) -> ResponseReturnValue:
    """Let a person sign in again."""
    try:
        enable_account(get_user(user_id).id, _actor())
    except AccountErased as error:
        return person_page(user_id, error), status_of(error)
    flash(_("The account is enabled. Its owner can sign in again."), "success")
    return _back(user_id)


@blueprint.post("/people/<int:user_id>/sessions/end")
@for_role("admin")
def end_sessions(user_id: int) -> ResponseReturnValue:
    """Sign a person out of every browser; an admin's own session of this request stays."""
    kept = current_user().session_id if user_id == current_user().id else None
    count = end_other_sessions(get_user(user_id).id, kept, "ended_by_admin", _actor())
    flash(ngettext("%(num)s session has ended.", "%(num)s sessions have ended.", count), "success")
    return _back(user_id)


@blueprint.post("/people/<int:user_id>/second-factor/reset")
@for_role("admin", reconfirm=True)
def reset_second_factor(user_id: int) -> ResponseReturnValue:
    """Turn off the second factor of a person who lost it; their sessions end."""
    try:
        disable_factor(get_user(user_id).id, CurrentSession(), _actor())
    except SecondFactorMissing as error:
        return person_page(user_id, error), status_of(error)
    flash(_("Two-factor authentication is off. The sessions of this account have ended."), "success")
    return _back(user_id)


def _actor() -> Actor:
    return Actor.user(current_user().id)


def _back(user_id: int) -> ResponseReturnValue:
    return redirect(url_for("admin.people.person", user_id=user_id), 303)
