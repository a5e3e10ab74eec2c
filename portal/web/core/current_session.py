"""The sign-in session of this request, and how its owner can prove who they are."""

from __future__ import annotations

from dataclasses import dataclass

import flask_login

from portal.web.core.current_user import current_user


@dataclass(frozen=True, slots=True)
class CurrentSession:
    """An open sign-in session; `seconds_since_proof` counts from the last password, code or wallet signature."""

    id: int
    seconds_since_proof: int
    has_second_factor: bool
    has_password: bool
    is_email_confirmed: bool


def current_session() -> CurrentSession:
    """Return the session of the signed-in person; raise SignInRequired."""
    current_user()
    person = flask_login.current_user
    return CurrentSession(
        person.session_id,
        person.seconds_since_proof,
        person.has_second_factor,
        has_password=person.password_hash is not None,
        is_email_confirmed=person.email_confirmed_at is not None,
    )
