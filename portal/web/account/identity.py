"""Who a browser is: a token in the signed cookie, a session's row behind it (portal.accounts.sessions)."""

from __future__ import annotations

from typing import Any

from flask import request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user

from portal.accounts import (
    Device,
    OpenSession,
    SessionLimits,
    describe_device,
    find_session,
    rotate_session,
)
from portal.flows.accounts.sign_in import enter
from portal.runtime import current_portal
from portal.web.core.current_user import CurrentUser
from portal.web.core.requests import local_path

login_manager = LoginManager()
PENDING_KEY, PENDING_NEXT = "pending_sign_in", "pending_next"


class SignedInUser(UserMixin):  # type: ignore[misc]
    """Flask-Login's view of a session: its account's columns, and what the session itself knows."""

    def __init__(self, opened: OpenSession, token: str) -> None:
        self.user = _current_user(opened)
        self.row = opened.user
        self.session_id = opened.id
        self.has_second_factor = opened.has_second_factor
        self.seconds_since_proof = opened.seconds_since_proof
        self._token = token

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)

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
    """Return who a session's token belongs to while the session is open."""
    opened = find_session(token, session_limits())
    return SignedInUser(opened, token) if opened else None


def signed_in_id() -> int | None:
    """Return whose account this browser is signed in to, None for nobody's."""
    return current_user.id if current_user.is_authenticated else None


def session_limits() -> SessionLimits:
    """Return how long sessions live here."""
    settings = current_portal().settings
    return SessionLimits(settings.session_idle_hours, settings.session_total_hours)


def current_device() -> Device:
    """Return what the request tells about the browser and where it is."""
    return describe_device(request.headers.get("User-Agent", "")[:500], request.remote_addr or "")


def begin_session(user_id: int, next_page: str) -> str:
    """Sign an account in to this browser and return the page to go to: the second factor's, where there is one."""
    entry = enter(user_id, current_device())
    start_anew()
    if entry.awaits_second_factor:
        session[PENDING_KEY], session[PENDING_NEXT] = entry.token, next_page
        return url_for("account.sign_in_code")
    adopt(entry.token)
    return next_page


def adopt(token: str) -> None:
    """Carry a session's token in this browser's cookie from now on."""
    opened = find_session(token, session_limits())
    assert opened, "the session was opened just now"
    login_user(SignedInUser(opened, token))


def renew_token(*, proven: bool = False) -> None:
    """Give this browser's session another token: what somebody may have copied is worth nothing now."""
    adopt(rotate_session(current_user.session_id, proven=proven))


def start_anew() -> None:
    """Empty the cookie, so that nothing of before names the new session; the cart is the visitor's own."""
    cart = session.get("cart", {})
    session.clear()
    session["cart"] = cart


def next_page() -> str:
    """Return where `next`, of the form or of its address, leads when that is on this site, else the start page."""
    return local_path(request.values.get("next")) or url_for("shop.catalogue")
