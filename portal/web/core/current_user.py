"""The signed-in person, with types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import flask_login

from portal.lib.errors import PortalError

Role = Literal["user", "vendor", "admin"]


class SignInRequired(PortalError):
    """The request needs a signed-in person."""

    code = "sign_in_required"


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """The account behind the session of this request."""

    id: int
    name: str
    email: str | None
    role: Role
    locale: str | None


def current_user() -> CurrentUser:
    """Return the signed-in person; raise SignInRequired."""
    person = flask_login.current_user
    if not person.is_authenticated:
        raise SignInRequired
    return CurrentUser(person.id, person.name, person.email, person.role, person.locale)
