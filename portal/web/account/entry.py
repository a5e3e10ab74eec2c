"""Sign up, sign in with a password, sign out."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import logout_user

from portal.accounts import AccountDisabled, CredentialsWrong, EmailUnconfirmed, SignInPaused, end_session
from portal.db import Actor
from portal.flows.accounts.note_sighting import note_referrer, note_sighting
from portal.flows.accounts.sign_in import check_password
from portal.flows.accounts.sign_up import sign_up, sign_up_to_confirm
from portal.lib.errors import InputInvalid
from portal.runtime import current_portal
from portal.web.account.blueprint import blueprint
from portal.web.account.forms import form_page, refused
from portal.web.account.identity import begin_session, current_device, next_page, signed_in_id
from portal.web.core.access import public, signed_in
from portal.web.core.current_user import current_user
from portal.web.core.locale import select_locale
from portal.web.core.referral_cookies import raw_referral_cookie
from portal.web.core.security import limiter, sign_in_limit, sign_up_limit
from portal.web.core.sightings import sighting
from portal.web.core.urls import url_for
from portal.web.text.translate import gettext as _

_REGISTER = "account/register.html"


@blueprint.get("/register")
@public()
def register() -> ResponseReturnValue:
    """Show the sign-up form."""
    return form_page(_REGISTER, {}, {}, asks_password=not _confirms_first())


@blueprint.post("/register")
@public()
@limiter.limit(sign_up_limit)
def create_account() -> ResponseReturnValue:
    """Create an account and sign in, or send a confirmation link where e-mails have to be confirmed."""
    form = request.form
    name, email, origin = (
        form.get("name", ""),
        form.get("email", ""),
        (select_locale(), raw_referral_cookie()),
    )
    try:
        if _confirms_first():
            sign_up_to_confirm(name, email, *origin, opened_by=signed_in_id())
            return _mail_sent()
        user = sign_up(
            name,
            email,
            form.get("password", ""),
            *origin,
            brand=current_portal().settings.brand_name,
            opened_by=signed_in_id(),
        )
    except InputInvalid as error:
        return refused(_REGISTER, error, "email", form.to_dict(), asks_password=not _confirms_first())
    target = begin_session(user.id, next_page())
    note_sighting(user.id, sighting(), current_portal().settings)
    flash(_("Welcome, %(name)s.", name=user.name), "success")
    return redirect(target, 303)


@blueprint.get("/login")
@public()
def login() -> ResponseReturnValue:
    """Show the sign-in form."""
    return form_page("account/login.html", {}, {})


@blueprint.post("/login")
@public()
@limiter.limit(sign_in_limit)
def sign_in() -> ResponseReturnValue:
    """Check e-mail and password, then start a session or ask for the second factor."""
    form = request.form
    try:
        user = check_password(
            form.get("email", ""), form.get("password", ""), current_device(), current_portal().settings
        )
        target = begin_session(user.id, next_page(), password_hash=user.password_hash)
    except EmailUnconfirmed:
        return _mail_sent()
    except (AccountDisabled, CredentialsWrong, SignInPaused) as error:
        return refused("account/login.html", error, "email", form.to_dict())
    note_referrer(user.id, sighting, current_portal().settings)
    return redirect(target, 303)


@blueprint.post("/logout")
@signed_in()
def logout() -> ResponseReturnValue:
    """End the session and clear its cookie with the cart; the first touch stays."""
    end_session(current_user().id, current_user().session_id, "signed_out", Actor.user(current_user().id))
    logout_user()
    session.clear()
    answer = make_response(redirect(url_for("shop.catalogue"), 303))
    # The next user of the browser must not see the pages by going back.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def _confirms_first() -> bool:
    # A password chosen before the proof of the mailbox could be a stranger's, so it is chosen after it.
    return current_portal().settings.registration_confirmation


def _mail_sent() -> ResponseReturnValue:
    current_portal().wake("send_letters")
    return render_template("account/mail_sent.html", purpose="confirm")
