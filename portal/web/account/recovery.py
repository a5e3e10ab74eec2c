"""Links sent by e-mail: reset a password, confirm an address. Opening a link changes nothing, its button does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.accounts import LinkUnusable, get_link, get_user, list_sessions, normalise_email, request_reset
from portal.flows.accounts.note_sighting import note_referred
from portal.flows.accounts.prove_mailbox import (
    LinkNeedsSession,
    LinkNeedsSignIn,
    confirm_email,
    find_other_ways_in,
    needs_password,
    open_account,
    require_asking_session,
    reset_password,
)
from portal.lib.errors import InputInvalid, PortalError
from portal.runtime import current_portal
from portal.web.account.blueprint import blueprint
from portal.web.account.forms import form_page, refused
from portal.web.account.identity import current_session, session_limits, signed_in_id
from portal.web.core.access import public
from portal.web.core.referral_cookies import raw_referral_cookie
from portal.web.core.security import limiter, sign_in_limit
from portal.web.core.sightings import sighting
from portal.web.core.urls import url_for
from portal.web.text.account import device_words
from portal.web.text.letters import read_link
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import AccountLink, UserSession

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
        return form_page(_RESET, {}, {}, token=token, **_ways_in(token))
    except LinkUnusable:
        return _unusable(_RESET)


@blueprint.post("/password/reset/<token>")
@public()
@limiter.limit(sign_in_limit)
def save_reset_password(token: str) -> ResponseReturnValue:
    """Set the new password; it does not sign in."""
    try:
        ways_in = _ways_in(token)
        key = read_link("reset_password", token)
        reset_password(
            key,
            request.form.get("password", ""),
            request.form.getlist("remove_wallet"),
            raw_referral_cookie(),
            current_portal().settings,
        )
    except LinkUnusable:
        return _unusable(_RESET)
    except PortalError as error:
        return refused(_RESET, error, "password", {}, token=token, **ways_in)
    current_portal().wake("send_letters")
    flash(_("Your password is changed. Sign in with the new one."), "success")
    return redirect(url_for("account.login"), 303)


@blueprint.get("/account/email/confirm/<token>")
@public()
def show_email_link(token: str) -> ResponseReturnValue:
    """Show the button that confirms an address; mail scanners open links but do not press buttons."""
    try:
        link = get_link("confirm_email", read_link("confirm_email", token))
        facts = _link_facts(link, token)
    except PortalError as error:
        return _unconfirmed(error, token)
    return form_page(_CONFIRM, {"name": get_user(link.user_id).name}, {}, **facts)


@blueprint.post("/account/email/confirm/<token>")
@public()
@limiter.limit(sign_in_limit)
def save_email_link(token: str) -> ResponseReturnValue:
    """Confirm the address for the signed-in account, or open a new account with the password of the form."""
    form = request.form
    try:
        key = read_link("confirm_email", token)
        facts = _link_facts(get_link("confirm_email", key), token)
        if facts["asks_password"]:
            name, password = form.get("name", ""), form.get("password", "")
            user = open_account(key, password, name, raw_referral_cookie(), current_portal().settings)
        else:
            user = confirm_email(key, signed_in_id(), current_session())
    except InputInvalid as error:
        return refused(_CONFIRM, error, "password", {"name": form.get("name", "")}, **facts)
    except PortalError as error:  # used, expired, forged, of another account, or taken by one
        return _unconfirmed(error, token)
    note_referred(user, sighting, current_portal().settings)
    current_portal().wake("send_letters")
    return _confirmed(with_password=facts["asks_password"])


def _confirmed(*, with_password: bool) -> ResponseReturnValue:
    if with_password:
        flash(_("Your e-mail is confirmed. Sign in with your new password."), "success")
        return redirect(url_for("account.login"), 303)
    flash(_("Your e-mail is confirmed."), "success")
    return redirect(url_for("account.security"), 303)


def _link_facts(link: AccountLink, token: str) -> dict[str, Any]:
    asks_password = needs_password(link, signed_in_id(), current_portal().settings)
    if not asks_password:
        require_asking_session(link, current_session().id)
    return {"token": token, "email": link.email, "asks_password": asks_password, "needs": ""}


def _unconfirmed(error: PortalError, token: str) -> ResponseReturnValue:
    if isinstance(error, (LinkNeedsSession, LinkNeedsSignIn)):
        needs = "session" if isinstance(error, LinkNeedsSession) else "sign_in"
        return form_page(_CONFIRM, {}, {}, token=token, needs=needs), 403
    return _unusable(_CONFIRM)


@dataclass(frozen=True, slots=True)
class WaysIn:
    """What else opens the account of a reset link, and whether the new password removes all of it."""

    wallets: list[str]
    has_second_factor: bool
    sessions: list[str]
    is_first_proof: bool


def _ways_in(token: str) -> dict[str, Any]:
    link = get_link("reset_password", read_link("reset_password", token))
    ways, user = find_other_ways_in(link.user_id), get_user(link.user_id)
    sessions = list_sessions(link.user_id, session_limits())
    return {
        "ways": WaysIn(
            wallets=ways.wallets,
            has_second_factor=ways.has_second_factor,
            sessions=[_session(row) for row in sessions.rows],
            is_first_proof=user.email_confirmed_at is None,
        )
    }


def _session(row: UserSession) -> str:
    return " · ".join(filter(None, (device_words(row.browser, row.system), row.network)))


def _unusable(template: str) -> ResponseReturnValue:
    return form_page(template, {}, {}, token=None), 410


def _mail() -> dict[str, object]:
    settings = current_portal().settings
    return {"sends_mail": settings.mail_configured or settings.shows_mail}
