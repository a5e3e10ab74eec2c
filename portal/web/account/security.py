"""Security: password, e-mail, and where the account is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts import count_recovery_codes, end_other_sessions, end_session, list_sessions
from portal.db import Actor
from portal.flows.accounts.account_mail import request_email
from portal.flows.accounts.account_security import change_own_password, choose_first_password
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.account.blueprint import blueprint
from portal.web.account.forms import form_page, refused
from portal.web.account.identity import current_device, renew_token, session_limits
from portal.web.core.access import signed_in
from portal.web.core.security import limiter, sign_in_limit
from portal.web.core.step_up import ask_to_confirm
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import UserSession

_TEMPLATE = "account/security.html"


@blueprint.get("/account/security")
@signed_in()
def security() -> ResponseReturnValue:
    """Show the password, the e-mail, the second factor and the open sessions."""
    return form_page(_TEMPLATE, {}, {}, **_facts())


@blueprint.post("/account/security")
@signed_in()
@limiter.limit(sign_in_limit)
def save_password() -> ResponseReturnValue:
    """Replace the password of whoever knows the present one, or set the first one of a wallet's account."""
    # The present password proves who changes it; a first one has none to ask for.
    if current_user.password_hash is None and (stop := ask_to_confirm()):
        return stop
    try:
        if current_user.password_hash is None:
            return _save_first_password()
        change_own_password(
            current_user.id,
            current_user.session_id,
            request.form.get("present", ""),
            request.form.get("password", ""),
            current_device(),
            current_portal().settings,
        )
    except PortalError as error:
        return refused(_TEMPLATE, error, error.field or "password", {}, **_facts())
    return _saved()


def _save_first_password() -> ResponseReturnValue:
    choose_first_password(current_user.id, current_user.session_id, request.form.get("password", ""))
    return _saved()


def _saved() -> ResponseReturnValue:
    renew_token(proven=True)
    current_portal().wake("send_letters")
    flash(_("The new password is saved. Other browsers are signed out."), "success")
    return redirect(url_for("account.security"), 303)


@blueprint.post("/account/security/email")
@signed_in(reconfirm=True)
@limiter.limit(sign_in_limit)
def save_email() -> ResponseReturnValue:
    """Send a link to the e-mail that the account is to have; it changes once the link is followed."""
    typed = request.form.get("email", "")
    try:
        address = request_email(current_user.id, typed)
    except PortalError as error:
        return refused(_TEMPLATE, error, "email", {"email": typed}, **_facts())
    current_portal().wake("send_letters")
    flash(_("We sent a link to %(email)s. Follow it within a day to confirm.", email=address), "success")
    return redirect(url_for("account.security"), 303)


@blueprint.post("/account/security/sessions/<int:session_id>/end")
@signed_in()
def sign_out_session(session_id: int) -> ResponseReturnValue:
    """Sign one other browser out."""
    end_session(current_user.id, session_id, "ended_by_owner", Actor.user(current_user.id))
    flash(_("That browser is signed out."), "success")
    return redirect(url_for("account.security"), 303)


@blueprint.post("/account/security/sessions/end-others")
@signed_in()
def sign_out_others() -> ResponseReturnValue:
    """Sign every other browser out."""
    end_other_sessions(
        current_user.id, current_user.session_id, "ended_by_owner", Actor.user(current_user.id)
    )
    flash(_("Every other browser is signed out."), "success")
    return redirect(url_for("account.security"), 303)


def _facts() -> dict[str, Any]:
    settings, user_id = current_portal().settings, current_user.id
    return {
        "sessions": [(row, _device(row)) for row in list_sessions(user_id, session_limits())],
        "recovery_left": count_recovery_codes(user_id) if current_user.has_second_factor else 0,
        "sends_mail": settings.mail_configured or settings.shows_mail,
    }


def _device(row: UserSession) -> str:
    """Return a browser as its owner would name it."""
    if row.browser and row.system:
        return _("%(browser)s on %(system)s", browser=row.browser, system=row.system)
    return row.browser or row.system or _("Unknown browser")
