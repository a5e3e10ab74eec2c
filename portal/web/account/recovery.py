"""Links sent by e-mail: reset a password, confirm an address. Opening a link changes nothing, its button does."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import LinkUnusable, get_link, normalise_email, request_reset
from portal.flows.accounts.account_security import confirm_email, reset_password
from portal.flows.accounts.note_sighting import note_referred
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.account.blueprint import blueprint
from portal.web.account.forms import form_page, refused
from portal.web.account.identity import signed_in_id
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
    """Show the form that requests a reset link."""
    return form_page("account/forgot_password.html", {}, {}, **_mail())


@blueprint.post("/password/forgot")
@public()
@limiter.limit(sign_in_limit)
def request_password_reset() -> ResponseReturnValue:
    """Record the request; the response and its timing do not reveal whether an account exists."""
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
    """Show the form for a new password, or that the link no longer works."""
    try:
        get_link("reset_password", read_link("reset_password", token))
    except LinkUnusable:
        return _unusable(_RESET)
    return form_page(_RESET, {}, {}, token=token)


@blueprint.post("/password/reset/<token>")
@public()
@limiter.limit(sign_in_limit)
def save_reset_password(token: str) -> ResponseReturnValue:
    """Set the new password; it does not sign in."""
    try:
        reset_password(read_link("reset_password", token), request.form.get("password", ""))
    except LinkUnusable:
        return _unusable(_RESET)
    except PortalError as error:
        return refused(_RESET, error, "password", {}, token=token)
    current_portal().wake("send_letters")
    flash(_("Your password is changed. Sign in with the new one."), "success")
    return redirect(url_for("account.login"), 303)


@blueprint.get("/account/email/confirm/<token>")
@public()
def show_email_link(token: str) -> ResponseReturnValue:
    """Show the button that confirms an address; mail scanners open links but do not press buttons."""
    try:
        link = get_link("confirm_email", read_link("confirm_email", token))
    except LinkUnusable:
        return _unusable(_CONFIRM)
    return form_page(_CONFIRM, {}, {}, token=token, email=link.email)


@blueprint.post("/account/email/confirm/<token>")
@public()
@limiter.limit(sign_in_limit)
def save_email_link(token: str) -> ResponseReturnValue:
    """Confirm the address of the link for its account."""
    try:
        user = confirm_email(read_link("confirm_email", token))
    except PortalError:  # used, expired, forged, or taken by another account
        return _unusable(_CONFIRM)
    note_referred(user, sighting, current_portal().settings)
    current_portal().wake("send_letters")
    flash(_("Your e-mail is confirmed."), "success")
    target = "account.security" if signed_in_id() is not None else "account.login"
    return redirect(url_for(target), 303)


def _unusable(template: str) -> ResponseReturnValue:
    return form_page(template, {}, {}, token=None), 410


def _mail() -> dict[str, object]:
    settings = current_portal().settings
    return {"sends_mail": settings.mail_configured or settings.shows_mail}
