"""Create accounts, check and change passwords."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from peewee import IntegrityError, fn

from models import User
from portal.accounts.emails import EmailInvalid, deliverable_email, find_user_by_email, normalise_email
from portal.accounts.links import close_links, close_pending_links
from portal.accounts.password_rules import find_password_problem, require_password
from portal.accounts.passwords import PasswordsBusy, hash_password, matches, renewed_hash
from portal.db import Actor, record_event, transaction
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.texts import CharacterRefused, clean_line

NAME_MAX = 100


class UserUnknown(PortalError):
    code = "user_unknown"


class EmailTaken(PortalError):
    code = "email_taken"


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


def validate_sign_up(name: str, email: str, password: str | None, brand: str) -> tuple[str, str]:
    """Return the cleaned name and e-mail; raise InputInvalid naming every field at fault.

    `password` is None where it is chosen after the e-mail is confirmed. `brand` is the name of the portal, which is
    no password.
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
    problem = None if password is None else find_password_problem(password, (brand, name, email))
    if problem:
        errors["password"] = problem
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


def create_unreachable_user(name: str, actor: Actor) -> User:
    """Create a user whom nobody can sign in as, who stands for a person without an account."""
    user = _insert_user({"name": name}, None, actor)
    assert user is not None, "a user without an e-mail conflicts with no other"
    return user


def _insert_user(values: dict[str, object], referrer: Referrer | None, actor: Actor) -> User | None:
    """Insert an account; return None where its e-mail is taken, since a failed INSERT is logged with its values."""
    values = values | _referred_by(referrer)
    with transaction():
        inserted = list(User.insert(values).on_conflict_ignore().returning(User.id).execute())
        if not inserted:
            return None
        user_id = inserted[0].id
        record_event(
            actor,
            "user",
            user_id,
            "user_created",
            data={
                "referred_by": referrer.code if referrer else None,
                "role": str(values.get("role", "user")),
            },
        )
    return User.get_by_id(user_id)


def check_credentials(email: str, password: str) -> User:
    """Return the account of an e-mail and password; raise CredentialsWrong without saying which was wrong."""
    user = find_user_by_email(email)
    # An unknown address takes as long as an incorrect password.
    if not matches(user.password_hash if user else None, password) or user is None:
        raise CredentialsWrong
    with suppress(PasswordsBusy):  # the next sign-in tries again
        _renew_hash(user, password)
    return user


def _renew_hash(user: User, password: str) -> None:
    """Replace a hash of an older kind by a current one, now that the password is known."""
    stored = str(user.password_hash)
    renewed = renewed_hash(stored, password)
    if renewed is None:
        return
    is_unchanged = (User.id == user.id) & (User.password_hash == stored)
    if User.update(password_hash=renewed).where(is_unchanged).execute():
        user.password_hash = renewed


def set_password(user_id: int, password: str, actor: Actor, *, brand: str) -> None:
    """Replace the password of an account; raise InputInvalid for one that cannot be chosen.

    Open reset links and links to another e-mail stop working: an attacker may have requested them. `brand` is the name
    of the portal.
    """
    _require_password(user_id, password, brand)
    hashed = hash_password(password)
    with transaction():
        User.update(password_hash=hashed).where(User.id == user_id).execute()
        close_pending_links(user_id)
        record_event(actor, "user", user_id, "password_changed")


def add_password(user_id: int, password: str, actor: Actor, *, brand: str) -> None:
    """Give an account that has a confirmed e-mail its first password.

    Raises InputInvalid for one that cannot be chosen, PasswordPresent, EmailUnconfirmed.
    """
    _require_password(user_id, password, brand)
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
    return matches(User.get_by_id(user_id).password_hash, password)


def confirm_first_email(user_id: int, referrer: Referrer | None, actor: Actor) -> None:
    """Confirm the e-mail of an account for the first time; a referrer given here replaces that of the registration.

    See docs/rules/attribution.md.
    """
    with transaction():
        lock_user(user_id)
        before = User.get_by_id(user_id).referred_by_code
        values: dict[str, object] = {"email_confirmed_at": fn.now()}
        if referrer is not None and referrer.code != before:
            values |= _referred_by(referrer)
        User.update(values).where((User.id == user_id) & User.email_confirmed_at.is_null()).execute()
        close_links("reset_password", user_id)
        data = {"referred_by": referrer.code if referrer else before, "referred_by_before": before}
        record_event(actor, "user", user_id, "email_confirmed", data=data)


def _referred_by(referrer: Referrer | None) -> dict[str, object]:
    return {
        "referred_by_code": referrer.code if referrer else None,
        "referred_by_user_id": referrer.user_id if referrer else None,
        "referred_by_wallet": referrer.wallet if referrer else None,
        "referred_at": fn.now() if referrer else None,
    }


def _require_password(user_id: int, password: str, brand: str) -> None:
    user = User.get_by_id(user_id)
    require_password(password, (brand, user.name, user.email or ""))


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


def set_name(user_id: int, name: str) -> None:
    """Store the name of an account; raise InputInvalid."""
    try:
        cleaned = clean_name(name)
    except (NameInvalid, CharacterRefused) as error:
        raise InputInvalid({"name": error}) from None
    User.update(name=cleaned).where(User.id == user_id).execute()


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
