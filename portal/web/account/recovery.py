"""Links that arrive by e-mail: reset a password, confirm an e-mail. Opening one changes nothing; its button does."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts import LinkUnusable, get_link, normalise_email, request_reset
from portal.flows.accounts.account_security import confirm_email, reset_password
from portal.flows.accounts.note_sighting import note_referred
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.account.blueprint import blueprint
from portal.web.account.forms import form_page, refused
from portal.web.core.access import public
from portal.web.core.security import limiter, sign_in_limit
from portal.web.core.sightings import sighting
from portal.web.text.letters import read_link
from portal.web.text.translate import gettext as _

_RESET = "account/reset_password.html"
_CONFIRM = "account/confirm_email.html"


@blueprint.get("/password/forgot")
@public()
def forgot_password() -> ResponseReturnValue:
    """Ask for the e-mail to send a reset link to."""
    return form_page("account/forgot_password.html", {}, {}, **_mail())


@blueprint.post("/password/forgot")
@public()
@limiter.limit(sign_in_limit)
def request_password_reset() -> ResponseReturnValue:
    """Take the request; the answer is the same for every address, and so is the work (a job does the rest)."""
    typed = request.form.get("email", "")
    try:
        request_reset(normalise_email(typed))
    except PortalError as error:
        return refused("account/forgot_password.html", error, "email", {"email": typed}, **_mail())
    current_portal().wake("send_letters")
    return render_template("account/mail_sent.html", purpose="reset")


@blueprint.get("/password/reset/<token>")
@public()
def choose_password(token: str) -> ResponseReturnValue:
    """Show the form for a new password, or why the link is worth nothing."""
    try:
        get_link("reset_password", read_link("reset_password", token))
    except LinkUnusable:
        return _unusable(_RESET)
    return form_page(_RESET, {}, {}, token=token)


@blueprint.post("/password/reset/<token>")
@public()
@limiter.limit(sign_in_limit)
def save_reset_password(token: str) -> ResponseReturnValue:
    """Set the new password; signing in, with the second factor if there is one, comes after."""
    try:
        reset_password(read_link("reset_password", token), request.form.get("password", ""))
    except LinkUnusable:
        return _unusable(_RESET)
    except PortalError as error:
        return refused(_RESET, error, "password", {}, token=token)
    current_portal().wake("send_letters")
    flash(_("The new password is saved. Sign in with it."), "success")
    return redirect(url_for("account.login"), 303)


@blueprint.get("/account/email/confirm/<token>")
@public()
def show_email_link(token: str) -> ResponseReturnValue:
    """Show the button that confirms an e-mail: programs that look into letters open links, but press nothing."""
    try:
        link = get_link("confirm_email", read_link("confirm_email", token))
    except LinkUnusable:
        return _unusable(_CONFIRM)
    return form_page(_CONFIRM, {}, {}, token=token, email=link.email)


@blueprint.post("/account/email/confirm/<token>")
@public()
@limiter.limit(sign_in_limit)
def save_email_link(token: str) -> ResponseReturnValue:
    """Make the e-mail the account's own."""
    try:
        user = confirm_email(read_link("confirm_email", token))
    except PortalError:  # used, late, forged, or somebody else's by now
        return _unusable(_CONFIRM)
    note_referred(user, sighting, current_portal().settings)
    current_portal().wake("send_letters")
    flash(_("The e-mail is confirmed."), "success")
    target = "account.security" if current_user.is_authenticated else "account.login"
    return redirect(url_for(target), 303)


def _unusable(template: str) -> ResponseReturnValue:
    return form_page(template, {}, {}, token=None), 410


def _mail() -> dict[str, object]:
    settings = current_portal().settings
    return {"sends_mail": settings.mail_configured or settings.shows_mail}
