"""Create accounts, check and change passwords."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from peewee import IntegrityError, fn

from models import User
from portal.accounts.emails import EmailInvalid, deliverable_email, find_user_by_email, normalise_email
from portal.accounts.links import close_foreign_links, close_links
from portal.db import Actor, record_event, transaction
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.texts import CharacterRefused, clean_line, password_form

PASSWORD_MIN = 8
PASSWORD_MAX = 200
NAME_MAX = 100

# The argon2id profile of OWASP; two at a time bound the memory that a burst of sign-ins can use.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_hashing = BoundedSemaphore(2)
# A flood of sign-ins must not hold the threads that serve pages.
_HASHING_WAIT_SECONDS = 0.15
_RETRY_AFTER_SECONDS = 5


class UserUnknown(PortalError):
    code = "user_unknown"


class PasswordsBusy(PortalError):
    """Too many passwords are being checked at the same time; nothing was changed."""

    code = "passwords_busy"


class EmailTaken(PortalError):
    code = "email_taken"


class PasswordLength(PortalError):
    code = "password_length"


class NameInvalid(PortalError):
    code = "name_invalid"


class CredentialsWrong(PortalError):
    code = "credentials_wrong"


class PasswordWrong(PortalError):
    code = "password_wrong"


class PasswordPresent(PortalError):
    """The account already has a password; changing it needs the current one."""

    code = "password_present"


class EmailUnconfirmed(PortalError):
    """The e-mail of the account is not confirmed."""

    code = "email_unconfirmed"


@dataclass(frozen=True)
class Referrer:
    """The referrer of a new account: written once, kept permanently. See docs/rules/attribution.md."""

    code: str
    user_id: int
    wallet: str


def validate_sign_up(name: str, email: str, password: str | None) -> tuple[str, str]:
    """Return the cleaned name and e-mail; raise InputInvalid naming every field at fault.

    `password` is None where it is chosen after the e-mail is confirmed.
    """
    errors: dict[str, PortalError] = {}
    cleaned_name, cleaned_email = "", ""
    try:
        cleaned_name = clean_name(name)
    except (NameInvalid, CharacterRefused) as error:
        errors["name"] = error
    try:
        cleaned_email = deliverable_email(email)
    except EmailInvalid as error:
        errors["email"] = error
    if password is not None and not _has_length(password):
        errors["password"] = PasswordLength(field="password", at_least=PASSWORD_MIN, at_most=PASSWORD_MAX)
    if errors:
        raise InputInvalid(errors)
    return cleaned_name, cleaned_email


def clean_name(text: str) -> str:
    """Return the name of a person in normal form; raise NameInvalid or CharacterRefused."""
    name = clean_line(text, "name")
    if not 1 <= len(name) <= NAME_MAX:
        raise NameInvalid(field="name", at_most=NAME_MAX)
    return name


def create_user(
    email: str,
    name: str,
    password: str | None,
    *,
    role: str = "user",
    locale: str = "en",
    referrer: Referrer | None = None,
    email_confirmed: bool = False,
    actor: Actor,
) -> User:
    """Create an account, with its referrer if there is one; raise InputInvalid with EmailTaken.

    `email_confirmed` skips the confirmation, for an address that an operator typed. Without a password nobody can sign
    in until the e-mail is confirmed.
    """
    values: dict[str, object] = {
        "email": normalise_email(email),
        "name": name,
        "password_hash": None if password is None else hash_password(password),
        "role": role,
        "locale": locale,
        "email_confirmed_at": fn.now() if email_confirmed else None,
    }
    user = _insert_user(values, referrer, actor)
    if user is None:
        raise InputInvalid({"email": EmailTaken(field="email")})
    return user


def create_wallet_user(name: str, *, locale: str, referrer: Referrer | None, actor: Actor) -> User:
    """Create an account without e-mail and password, for a wallet that the caller registers with it."""
    user = _insert_user({"name": name, "locale": locale}, referrer, actor)
    assert user is not None, "an account without an e-mail conflicts with no other"
    return user


def _insert_user(values: dict[str, object], referrer: Referrer | None, actor: Actor) -> User | None:
    """Insert an account; return None where its e-mail is taken, since a failed INSERT is logged with its values."""
    if referrer:
        values = values | {
            "referred_by_code": referrer.code,
            "referred_by_user_id": referrer.user_id,
            "referred_by_wallet": referrer.wallet,
            "referred_at": fn.now(),
        }
    with transaction():
        inserted = list(User.insert(values).on_conflict_ignore().returning(User.id).execute())
        if not inserted:
            return None
        user_id = inserted[0].id
        record_event(
            actor, "user", user_id, "user_created", data={"referred_by": referrer.code if referrer else None}
        )
    return User.get_by_id(user_id)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password in its normal form; raise PasswordsBusy."""
    with _hasher_slot():
        return _hasher.hash(password_form(password))


def check_credentials(email: str, password: str) -> User:
    """Return the account of an e-mail and password; raise CredentialsWrong without saying which was wrong."""
    user = find_user_by_email(email)
    # An unknown address takes as long as an incorrect password.
    stored = user.password_hash if user and user.password_hash else _UNUSABLE_HASH
    is_right = _matches(stored, password)
    if user is None or user.password_hash is None or not is_right:
        raise CredentialsWrong
    return user


def set_password(user_id: int, password: str, actor: Actor) -> None:
    """Replace the password of an account; raise InputInvalid for a wrong length.

    Open reset links and links to another e-mail stop working: an attacker may have requested them.
    """
    _require_length(password)
    hashed = hash_password(password)
    with transaction():
        User.update(password_hash=hashed).where(User.id == user_id).execute()
        close_links("reset_password", user_id)
        close_foreign_links("confirm_email", user_id, User.get_by_id(user_id).email)
        record_event(actor, "user", user_id, "password_changed")


def add_password(user_id: int, password: str, actor: Actor) -> None:
    """Give an account that has a confirmed e-mail its first password.

    Raises InputInvalid for a wrong length, PasswordPresent, EmailUnconfirmed.
    """
    _require_length(password)
    hashed = hash_password(password)
    with transaction():
        lock_user(user_id)
        user = User.get_by_id(user_id)
        if user.password_hash is not None:
            raise PasswordPresent
        if user.email is None or user.email_confirmed_at is None:
            raise EmailUnconfirmed
        User.update(password_hash=hashed).where(User.id == user_id).execute()
        record_event(actor, "user", user_id, "password_added")


def is_password_of(user_id: int, password: str) -> bool:
    """Return whether a password is correct; always false for an account without one."""
    stored = User.get_by_id(user_id).password_hash
    return _matches(stored or _UNUSABLE_HASH, password) and stored is not None


def set_email(user_id: int, email: str, actor: Actor) -> str | None:
    """Store a confirmed e-mail and return the previous one; raise EmailTaken."""
    owner = find_user_by_email(email)
    if owner is not None and owner.id != user_id:
        raise EmailTaken(field="email")
    try:
        with transaction():
            lock_user(user_id)
            before: str | None = User.get_by_id(user_id).email
            User.update(email=email, email_confirmed_at=fn.now()).where(User.id == user_id).execute()
            close_links("reset_password", user_id)
            event = "email_confirmed" if before == email else "email_changed"
            record_event(actor, "user", user_id, event)
    except IntegrityError:
        raise EmailTaken(field="email") from None
    return before


def _has_length(password: str) -> bool:
    return PASSWORD_MIN <= len(password_form(password)) <= PASSWORD_MAX


def _require_length(password: str) -> None:
    if not _has_length(password):
        raise InputInvalid(
            {"password": PasswordLength(field="password", at_least=PASSWORD_MIN, at_most=PASSWORD_MAX)}
        )


def set_name(user_id: int, name: str) -> None:
    """Store the name of an account; raise InputInvalid."""
    cleaned = " ".join(name.split())
    if not _is_name(cleaned):
        raise InputInvalid({"name": NameInvalid(field="name", at_most=NAME_MAX)})
    User.update(name=cleaned).where(User.id == user_id).execute()


def _is_name(cleaned: str) -> bool:
    return 1 <= len(cleaned) <= NAME_MAX and cleaned.isprintable()


def set_locale(user_id: int, locale: str) -> None:
    """Store the language of an account, which its e-mails use."""
    User.update(locale=locale).where((User.id == user_id) & (User.locale != locale)).execute()


def lock_user(user_id: int) -> None:
    """Lock an account until the transaction ends, so that its first purchase is decided once.

    Lock it before anything else of a payment. NO KEY: rows that only reference the account do not wait.
    """
    User.select(User.id).where(User.id == user_id).for_update(
        "FOR NO KEY UPDATE"  # type: ignore[arg-type]
    ).execute()


@contextmanager
def _hasher_slot() -> Iterator[None]:
    if not _hashing.acquire(timeout=_HASHING_WAIT_SECONDS):
        raise PasswordsBusy(retry_after=_RETRY_AFTER_SECONDS)
    try:
        yield
    finally:
        _hashing.release()


def _matches(stored: str, password: str) -> bool:
    """Return whether a password is correct as typed, as older hashes need it, or in its normal form."""
    # One that is too long cannot be correct, and costs no more than one of the greatest length.
    typed, normal = password[: PASSWORD_MAX + 1], password_form(password)[: PASSWORD_MAX + 1]
    return _verifies(stored, typed) or (normal != typed and _verifies(stored, normal))


def _verifies(stored: str, password: str) -> bool:
    try:
        with _hasher_slot():
            return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


_UNUSABLE_HASH = hash_password(secrets.token_urlsafe())
