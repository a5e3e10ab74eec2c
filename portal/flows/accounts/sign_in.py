"""Sign in with a password or wallet, then with the second factor if it is on; every step is rate-limited."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from models import User
from portal.accounts import (
    ChallengeUnknown,
    CredentialsWrong,
    Device,
    EmailUnconfirmed,
    PasswordsBusy,
    PasswordWrong,
    SecondFactorPaused,
    SecondFactorWrong,
    SessionUnknown,
    SignInPaused,
    check_credentials,
    check_second_factor,
    drop_attempt,
    end_session,
    find_pending_session,
    find_wallet_owner,
    forgive_attempts,
    get_user,
    has_second_factor,
    is_password_of,
    lock_enabled_user,
    lock_user,
    note_attempt,
    require_enabled,
    start_session,
)
from portal.db import Actor, transaction
from portal.flows.accounts.account_mail import send_confirmation
from portal.flows.accounts.account_notices import notify_owner
from portal.flows.accounts.sign_in_log import (
    record_failed_email,
    record_failure,
    record_paused_email,
    record_sign_in,
)
from portal.lib.addresses import canonical_address
from portal.settings import Settings


@dataclass(frozen=True)
class Entry:
    """The token of a new session, and whether it still awaits the second factor."""

    token: str
    awaits_second_factor: bool


def check_password(email: str, password: str, device: Device, settings: Settings) -> User:
    """Return the account of an e-mail and password.

    Raises CredentialsWrong, SignInPaused, PasswordsBusy, or AccountDisabled once the password was right.
    Where e-mails have to be confirmed, sends the link again and raises EmailUnconfirmed.
    """
    try:
        with _attempt(email, device, settings):
            user = check_credentials(email, password)
    except CredentialsWrong:
        record_failed_email(email, device, settings)
        raise
    forgive_attempts(email, device)
    require_enabled(user.id)
    if settings.registration_confirmation and user.email and user.email_confirmed_at is None:
        with transaction():
            send_confirmation(user, user.email)
        raise EmailUnconfirmed
    return user


def prove_password(user: User, password: str, device: Device, settings: Settings) -> None:
    """Check the password of a signed-in person, with the limits of the sign-in form.

    Raises PasswordWrong naming the field `present`, SignInPaused or PasswordsBusy.
    """
    account = user.email or f"account {user.id}"
    with _attempt(account, device, settings):
        if not is_password_of(user.id, password):
            record_failure(user.id, "password", device)
            raise PasswordWrong(field="present")
    forgive_attempts(account, device)


def prove_second_factor(user_id: int, code: str, settings: Settings) -> None:
    """Check a code of a signed-in person; raise SecondFactorWrong, SecondFactorPaused or SecondFactorMissing."""
    try:
        used = check_second_factor(user_id, code, settings.stored_key)
    except (SecondFactorWrong, SecondFactorPaused):
        record_failure(user_id, "second_factor", Device())
        raise
    if used == "recovery":
        with transaction():
            notify_owner(user_id, "security_recovery_code_used")


def enter(
    user_id: int, device: Device, *, password_hash: str | None = None, wallet: str | None = None
) -> Entry:
    """Open a session for an authenticated account; with a second factor it stays pending.

    The proven password, as its hash, or wallet is checked again, so that a sign-in cannot outlive its removal.
    Raises AccountDisabled, CredentialsWrong, ChallengeUnknown.
    """
    with transaction():
        lock_enabled_user(user_id)
        if password_hash is not None and get_user(user_id).password_hash != password_hash:
            raise CredentialsWrong
        if wallet is not None and find_wallet_owner(canonical_address(wallet)) != user_id:
            raise ChallengeUnknown
        awaits = has_second_factor(user_id)
        if not awaits:
            record_sign_in(user_id, _method(password_hash, wallet), device)
        return Entry(start_session(user_id, device, awaits_second_factor=awaits), awaits)


def finish_sign_in(token: str, code: str, device: Device, settings: Settings) -> str:
    """Exchange a pending session and a code for the token of an open session.

    Raises SessionUnknown when it took too long, SecondFactorWrong, SecondFactorPaused.
    """
    waiting = find_pending_session(token)
    if waiting is None:
        raise SessionUnknown
    actor = Actor.user(waiting.user_id)
    try:
        used = check_second_factor(waiting.user_id, code, settings.stored_key)
    except (SecondFactorWrong, SecondFactorPaused):
        record_failure(waiting.user_id, "second_factor", device)
        raise
    with transaction():
        lock_user(waiting.user_id)  # a reset ends all sessions and must not miss this one
        end_session(waiting.user_id, waiting.id, "signed_in", actor)
        if used == "recovery":
            notify_owner(waiting.user_id, "security_recovery_code_used")
        record_sign_in(waiting.user_id, "recovery_code" if used == "recovery" else "second_factor", device)
        return start_session(waiting.user_id, device)


def _method(password_hash: str | None, wallet: str | None) -> str:
    if password_hash is not None:
        return "password"
    return "wallet" if wallet is not None else "registration"


@contextmanager
def _attempt(account: str, device: Device, settings: Settings) -> Iterator[None]:
    """Count an attempt, unless the password is not checked for want of a free hasher. Raises SignInPaused."""
    try:
        attempt = note_attempt(
            account, device, settings.sign_in_failures_per_address, settings.sign_in_failures_per_account
        )
    except SignInPaused:
        record_paused_email(account, device, settings)
        raise
    try:
        yield
    except PasswordsBusy:
        drop_attempt(attempt)
        raise
