"""The signed-in user of a request as a typed, frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import flask_login

from portal.lib.errors import PortalError

if TYPE_CHECKING:
    from models import User


class SignInRequired(PortalError):
    """The request needs a signed-in user."""

    code = "sign_in_required"


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """An account and the session it is signed in with.

    `seconds_since_proof` counts from the last password, code or wallet signature. `row` is for flows that take the
    account itself; pages read the fields.
    """

    id: int
    name: str
    email: str | None
    role: str
    locale: str
    email_confirmed_at: datetime | None
    has_password: bool
    has_second_factor: bool
    session_id: int
    seconds_since_proof: int
    row: User


def current_user() -> CurrentUser:
    """Return the signed-in user; raise SignInRequired for an anonymous request."""
    user = find_current_user()
    if user is None:
        raise SignInRequired
    return user


def find_current_user() -> CurrentUser | None:
    """Return the signed-in user, None for an anonymous request or outside of one."""
    login = flask_login.current_user
    if not login or not login.is_authenticated:
        return None
    user: CurrentUser = login.user
    return user
