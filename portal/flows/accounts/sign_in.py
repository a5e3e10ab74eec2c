"""Sign in: password or wallet first, then the second factor where there is one; every step is throttled."""

from __future__ import annotations

from dataclasses import dataclass

from models import User
from portal.accounts import (
    Device,
    EmailUnconfirmed,
    PasswordWrong,
    SessionUnknown,
    check_credentials,
    check_second_factor,
    end_session,
    find_pending_session,
    forgive_attempts,
    has_second_factor,
    is_password_of,
    note_attempt,
    start_session,
)
from portal.db import Actor, transaction
from portal.flows.accounts.account_mail import send_confirmation
from portal.flows.accounts.account_notices import tell_owner
from portal.settings import Settings


@dataclass(frozen=True)
class Entry:
    """What a browser gets: a session's token, and whether the second factor is still to come."""

    token: str
    awaits_second_factor: bool


def check_password(email: str, password: str, device: Device, settings: Settings) -> User:
    """Return the account of an e-mail and password; raise CredentialsWrong or SignInPaused.

    Where e-mails have to be confirmed, raises EmailUnconfirmed and sends the link anew.
    """
    _note_attempt(email, device, settings)
    user = check_credentials(email, password)
    forgive_attempts(email, device)
    if settings.registration_confirmation and user.email and user.email_confirmed_at is None:
        with transaction():
            send_confirmation(user, user.email)
        raise EmailUnconfirmed
    return user


def prove_password(user: User, password: str, device: Device, settings: Settings) -> None:
    """Check the password of somebody who is signed in, as strictly as at the door.

    Raises PasswordWrong naming the field `present`, or SignInPaused.
    """
    account = user.email or f"account {user.id}"
    _note_attempt(account, device, settings)
    if not is_password_of(user.id, password):
        raise PasswordWrong(field="present")
    forgive_attempts(account, device)


def prove_second_factor(user_id: int, code: str, settings: Settings) -> None:
    """Check a code of somebody who is signed in; raise SecondFactorWrong, -Paused or -Missing."""
    if check_second_factor(user_id, code, settings.secret_key.get_secret_value()) == "recovery":
        with transaction():
            tell_owner(user_id, "security_recovery_code_used")


def enter(user_id: int, device: Device) -> Entry:
    """Open a session for whoever proved to be the account's owner; with a second factor it opens nothing yet."""
    awaits = has_second_factor(user_id)
    return Entry(start_session(user_id, device, awaits_second_factor=awaits), awaits)


def finish_sign_in(token: str, code: str, device: Device, settings: Settings) -> str:
    """Exchange a waiting session and a code for the token of an open one.

    Raises SessionUnknown when it took too long, SecondFactorWrong, SecondFactorPaused.
    """
    waiting = find_pending_session(token)
    if waiting is None:
        raise SessionUnknown
    actor = Actor.user(waiting.user_id)
    used = check_second_factor(waiting.user_id, code, settings.secret_key.get_secret_value())
    with transaction():
        end_session(waiting.user_id, waiting.id, "signed_in", actor)
        if used == "recovery":
            tell_owner(waiting.user_id, "security_recovery_code_used")
        return start_session(waiting.user_id, device)


def _note_attempt(account: str, device: Device, settings: Settings) -> None:
    note_attempt(
        account, device, settings.sign_in_failures_per_address, settings.sign_in_failures_per_account
    )
