"""Security settings: password, e-mail, and the open sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from portal.accounts import count_recovery_codes, end_other_sessions, end_session, list_sessions, set_locale
from portal.db import Actor
from portal.flows.accounts.account_mail import request_email
from portal.flows.accounts.account_security import change_own_password, choose_first_password
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.account.blueprint import blueprint
from portal.web.account.forms import form_page, refused
from portal.web.account.identity import current_device, current_session, renew_token, session_limits
from portal.web.account.sign_ins import newest_sign_ins
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.core.language_switch import in_language
from portal.web.core.locale import offered_locales
from portal.web.core.requests import FieldInvalid
from portal.web.core.security import limit_account, limiter, sign_in_limit
from portal.web.core.step_up import require_confirmation
from portal.web.core.urls import url_for
from portal.web.text.account import device_words
from portal.web.text.format import When, when
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import UserSession

_TEMPLATE = "account/security.html"


@dataclass(frozen=True, slots=True)
class SessionView:
    """An open session as its owner recognises it; `network` is the truncated address, "" if unknown."""

    id: int
    device: str
    network: str
    is_this_browser: bool
    signed_in: When
    last_seen: When


@blueprint.get("/account/security")
@signed_in()
def security() -> ResponseReturnValue:
    """Show the password, the e-mail, the second factor and the open sessions."""
    return form_page(_TEMPLATE, {}, {}, **_facts())


@blueprint.post("/account/security")
@signed_in()
@limiter.limit(sign_in_limit)
@limit_account("account")
def save_password() -> ResponseReturnValue:
    """Change the password, or set the first one of an account that signs in with a wallet."""
    # A change is proven by the current password; the first password needs another proof.
    has_password = current_user().has_password
    if not has_password and (stop := require_confirmation()):
        return stop
    try:
        if not has_password:
            return _save_first_password()
        change_own_password(
            current_user().id,
            current_session(),
            request.form.get("present", ""),
            request.form.get("password", ""),
            current_device(),
            current_portal().settings,
        )
    except PortalError as error:
        return refused(_TEMPLATE, error, error.field or "password", {}, **_facts())
    return _saved()


def _save_first_password() -> ResponseReturnValue:
    choose_first_password(
        current_user().id,
        current_session(),
        request.form.get("password", ""),
        current_portal().settings,
    )
    return _saved()


def _saved() -> ResponseReturnValue:
    renew_token(proven=True)
    current_portal().wake("send_letters")
    if current_session().keeps_others:
        flash(_("Your password is changed."), "success")
    else:
        flash(_("Your password is changed. Other browsers are signed out."), "success")
    return redirect(url_for("account.security"), 303)


@blueprint.post("/account/security/email")
@signed_in(reconfirm=True)
@limiter.limit(sign_in_limit)
@limit_account("account")
def save_email() -> ResponseReturnValue:
    """Send a confirmation link to a new e-mail address; the account keeps the old one until the link is followed."""
    typed = request.form.get("email", "")
    try:
        address = request_email(current_user().id, typed, current_user().session_id)
    except PortalError as error:
        return refused(_TEMPLATE, error, "email", {"email": typed}, **_facts())
    current_portal().wake("send_letters")
    flash(
        _("We sent a link to %(email)s. Open it in this browser within 24 hours to confirm.", email=address),
        "success",
    )
    return redirect(url_for("account.security"), 303)


@blueprint.post("/account/security/language")
@signed_in()
def save_language() -> ResponseReturnValue:
    """Save the language of the account's e-mails, and of its pages where neither address nor browser names one."""
    chosen = request.form.get("language", "")
    if chosen not in offered_locales():
        raise FieldInvalid(field="language", expected=", ".join(offered_locales()))
    set_locale(current_user().id, chosen)
    with force_locale(chosen):
        flash(_("Your language is saved."), "success")
    return redirect(in_language("/account/security", chosen), 303)


@blueprint.post("/account/security/sessions/<int:session_id>/end")
@signed_in()
def sign_out_session(session_id: int) -> ResponseReturnValue:
    """Sign out one other browser."""
    end_session(current_user().id, session_id, "ended_by_owner", Actor.user(current_user().id))
    flash(_("That browser is signed out."), "success")
    return redirect(url_for("account.security"), 303)


@blueprint.post("/account/security/sessions/end-others")
@signed_in()
def sign_out_others() -> ResponseReturnValue:
    """Sign out every other browser."""
    user = current_user()
    end_other_sessions(user.id, user.session_id, "ended_by_owner", Actor.user(user.id))
    flash(_("All other browsers are signed out."), "success")
    return redirect(url_for("account.security"), 303)


def _facts() -> dict[str, Any]:
    settings, user = current_portal().settings, current_user()
    sessions = list_sessions(user.id, session_limits(), request.args.get("cursor"))
    return {
        "email": user.email,
        "languages": list(offered_locales().items()),
        "language": user.row.locale,
        "is_email_confirmed": user.email_confirmed_at is not None,
        "has_password": user.has_password,
        "has_second_factor": user.has_second_factor,
        "recovery_left": count_recovery_codes(user.id) if user.has_second_factor else 0,
        "sessions": [_session_view(row, user.session_id) for row in sessions.rows],
        "sign_ins": newest_sign_ins(user.id),
        "next_cursor": sessions.next_cursor,
        "sends_mail": settings.mail_configured or settings.shows_mail,
    }


def _session_view(row: UserSession, current_id: int) -> SessionView:
    return SessionView(
        id=row.id,
        device=device_words(row.browser, row.system),
        network=row.network or "",
        is_this_browser=row.id == current_id,
        signed_in=when(row.created_at),
        last_seen=when(row.last_seen_at),
    )
