"""Accounts: register, sign in and out, security, notifications, the language choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from portal.accounts import (
    CredentialsWrong,
    add_credentials,
    change_password,
    check_credentials,
    find_user,
)
from portal.db import Actor
from portal.flows.note_sighting import note_referrer, note_sighting
from portal.flows.sign_up import sign_up
from portal.lib.errors import InputInvalid
from portal.notices import list_notifications, mark_all_read
from portal.web.access import public, signed_in
from portal.web.errors import status_of
from portal.web.format import token_text
from portal.web.locale import select_locale
from portal.web.referral_cookies import raw_referral_cookie
from portal.web.requests import local_path, portal
from portal.web.security import limiter, sign_in_limit, sign_up_limit
from portal.web.sentences import error_text, error_texts, notification_text
from portal.web.sightings import sighting
from portal.web.translate import gettext as _

if TYPE_CHECKING:
    from models import Notification, User

blueprint = Blueprint("account", __name__)
login_manager = LoginManager()


class SignedInUser(UserMixin):  # type: ignore[misc]
    """Flask-Login's view of an account; every attribute is the row's own."""

    def __init__(self, row: User) -> None:
        self.row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)

    def get_id(self) -> str:
        return str(self.row.id)


@login_manager.user_loader
def load_user(user_id: str) -> SignedInUser | None:
    """Return the account of a session."""
    row = find_user(int(user_id)) if user_id.isdigit() else None
    return SignedInUser(row) if row else None


@blueprint.get("/register")
@public()
def register() -> ResponseReturnValue:
    """Show the sign-up form."""
    return _form_page("account/register.html", {}, {})


@blueprint.post("/register")
@public()
@limiter.limit(sign_up_limit)
def create_account() -> ResponseReturnValue:
    """Open an account and sign it in."""
    form = request.form
    name, email, password = form.get("name", ""), form.get("email", ""), form.get("password", "")
    try:
        user = sign_up(name, email, password, select_locale(), raw_referral_cookie())
    except InputInvalid as error:
        return _form_page("account/register.html", form.to_dict(), error_texts(error)), _worst_status(error)
    begin_session(user)
    note_sighting(user.id, sighting(), portal().settings)
    flash(_("Welcome, %(name)s.", name=user.name), "success")
    return redirect(_next_page(), 303)


@blueprint.get("/login")
@public()
def login() -> ResponseReturnValue:
    """Show the sign-in form."""
    return _form_page("account/login.html", {}, {})


@blueprint.post("/login")
@public()
@limiter.limit(sign_in_limit)
def sign_in() -> ResponseReturnValue:
    """Check e-mail and password and start a session."""
    try:
        user = check_credentials(request.form.get("email", ""), request.form.get("password", ""))
    except CredentialsWrong as error:
        return _form_page(
            "account/login.html", request.form.to_dict(), {"email": error_text(error)}
        ), status_of(error)
    begin_session(user)
    note_referrer(user.id, sighting, portal().settings)
    return redirect(_next_page(), 303)


@blueprint.post("/logout")
@signed_in()
def logout() -> ResponseReturnValue:
    """End the session; the cart goes with it, the first touch stays."""
    logout_user()
    session.clear()
    return redirect(url_for("store.catalogue"), 303)


@blueprint.get("/account/security")
@signed_in()
def security() -> ResponseReturnValue:
    """Show the password form."""
    return _form_page("account/security.html", {}, {})


@blueprint.post("/account/security")
@signed_in()
@limiter.limit(sign_in_limit)
def save_password() -> ResponseReturnValue:
    """Replace the password of whoever knows the present one; an account of a wallet gets e-mail and password."""
    form, actor = request.form, Actor.user(current_user.id)
    try:
        if current_user.password_hash is None:
            add_credentials(current_user.id, form.get("email", ""), form.get("password", ""), actor)
        else:
            change_password(current_user.id, form.get("present", ""), form.get("password", ""), actor)
    except InputInvalid as error:
        values = {"email": form.get("email", "")}
        return _form_page("account/security.html", values, error_texts(error)), _worst_status(error)
    flash(_("The new password is saved."), "success")
    return redirect(url_for("account.security"), 303)


@blueprint.get("/notifications")
@signed_in()
def notifications() -> ResponseReturnValue:
    """Show the notifications, newest first, and mark them read."""
    rows = list_notifications(current_user.id, request.args.get("before", type=int))
    entries = [(row, _told(row)) for row in rows]
    page = render_template("account/notifications.html", entries=entries)
    mark_all_read(current_user.id)
    return page


def _told(row: Notification) -> str:
    wei = row.params.get("amountWei")
    amount = token_text(int(wei)) if wei and wei.isdigit() else ""
    return notification_text(row.kind, {**row.params, "amount": amount})


def _form_page(template: str, values: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        template,
        values=values,
        errors=errors,
        form_errors=list(errors.items()),
        next=local_path(request.values.get("next")) or "",
    )


def begin_session(user: User) -> None:
    """Sign a person in to this browser."""
    # A new session id and token for a new identity; the cart is the visitor's own.
    cart = session.get("cart", {})
    session.clear()
    session["cart"] = cart
    login_user(SignedInUser(user))


def _next_page() -> str:
    return local_path(request.form.get("next")) or url_for("store.catalogue")


def _worst_status(error: InputInvalid) -> int:
    return max(status_of(inner) for inner in error.fields.values())
