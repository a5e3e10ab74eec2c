"""Sign-in sessions: a token in the signed cookie stands for a row of `user_sessions`."""

from __future__ import annotations

from typing import Any

from flask import request, session
from flask_login import LoginManager, UserMixin, login_user

from portal.accounts import (
    Device,
    OpenSession,
    SessionLimits,
    SessionUnknown,
    describe_device,
    find_session,
    rotate_session,
)
from portal.flows.accounts.end_access import CurrentSession
from portal.flows.accounts.sign_in import enter
from portal.runtime import current_portal
from portal.web.core.current_user import CurrentUser, current_user, find_current_user
from portal.web.core.requests import local_path
from portal.web.core.urls import url_for

login_manager = LoginManager()
PENDING_KEY, PENDING_NEXT = "pending_sign_in", "pending_next"


class SignedInUser(UserMixin):  # type: ignore[misc]
    """The user object of Flask-Login; its attributes are those of `CurrentUser`."""

    def __init__(self, opened: OpenSession, token: str) -> None:
        self.user = _current_user(opened)
        self._token = token

    def __getattr__(self, name: str) -> Any:
        return getattr(self.user, name)

    def get_id(self) -> str:
        return self._token


def _current_user(opened: OpenSession) -> CurrentUser:
    account = opened.user
    return CurrentUser(
        id=account.id,
        name=account.name,
        email=account.email,
        role=account.role,
        locale=account.locale,
        email_confirmed_at=account.email_confirmed_at,
        has_password=account.password_hash is not None,
        has_second_factor=opened.has_second_factor,
        session_id=opened.id,
        seconds_since_proof=opened.seconds_since_proof,
        row=account,
    )


@login_manager.user_loader
def load_user(token: str) -> SignedInUser | None:
    """Return the owner of an open session, None for an ended one."""
    opened = find_session(token, session_limits())
    return SignedInUser(opened, token) if opened else None


def signed_in_id() -> int | None:
    """Return the id of the signed-in account, or None."""
    user = find_current_user()
    return user.id if user else None


def session_limits() -> SessionLimits:
    """Return how long sessions last."""
    settings = current_portal().settings
    return SessionLimits(settings.session_idle_hours, settings.session_total_hours)


def current_session() -> CurrentSession:
    """Return the session of this request, with the choice of its form about the other ones."""
    return CurrentSession(current_user().session_id, keeps_others=request.form.get("keep_sessions") == "1")


def current_device() -> Device:
    """Return the browser and network of this request."""
    return describe_device(request.headers.get("User-Agent", "")[:500], request.remote_addr or "")


def begin_session(
    user_id: int, next_page: str, *, password_hash: str | None = None, wallet: str | None = None
) -> str:
    """Sign in this browser and return the next page: the code form where a second factor is on.

    Without a `next_page` it is the start page. Raises AccountDisabled, and CredentialsWrong or ChallengeUnknown when
    the proven password or wallet was removed meanwhile.
    """
    entry = enter(user_id, current_device(), password_hash=password_hash, wallet=wallet)
    reset_session()
    if entry.awaits_second_factor:
        session[PENDING_KEY], session[PENDING_NEXT] = entry.token, next_page
        return url_for("account.sign_in_code")
    adopt(entry.token)
    return next_page or start_page()


def start_page() -> str:
    """Return where the signed-in person begins: the home of admins, the store for everyone else."""
    return url_for("admin.home.show" if current_user().role == "admin" else "shop.catalogue")


def adopt(token: str) -> None:
    """Store the token of an open session in the cookie."""
    opened = find_session(token, session_limits())
    if opened is None:  # an admin ended it in the meantime
        raise SessionUnknown
    login_user(SignedInUser(opened, token))


def renew_token(*, proven: bool = False) -> None:
    """Replace the token of this session, so that a copied one stops working; `proven` records a new proof."""
    adopt(rotate_session(current_user().session_id, proven=proven))


def reset_session() -> None:
    """Clear the cookie session against session fixation; the cart stays."""
    cart = session.get("cart", {})
    session.clear()
    session["cart"] = cart


def next_page() -> str:
    """Return the local path in `next` of the form or the query, "" where there is none."""
    return local_path(request.values.get("next")) or ""
