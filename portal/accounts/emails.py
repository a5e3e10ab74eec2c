"""E-mail addresses: one stored form, found in whatever form they are typed."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email
from peewee import fn

from models import User
from portal.lib.errors import PortalError


class EmailInvalid(PortalError):
    code = "email_invalid"


def normalise_email(text: str) -> str:
    """Return the stored form of an e-mail address; raise EmailInvalid."""
    try:
        return validate_email(text.strip(), check_deliverability=False, globally_deliverable=False).normalized
    except EmailNotValidError:
        raise EmailInvalid(field="email") from None


def typed_email(text: str) -> str:
    """Return what somebody typed in the form it would be stored in; as it came when it is no address.

    Browsers send пошта.укр as xn--80a1acn3a.xn--j1amh, and keyboards compose letters differently.
    """
    try:
        return normalise_email(text)
    except EmailInvalid:
        return text.strip()


def find_user_by_email(email: str) -> User | None:
    """Return the account of an e-mail address in any letter case and form, or None."""
    # The database folds case on both sides, as its unique index does: Python would fold some letters otherwise.
    found: User | None = User.select().where(fn.lower(User.email) == fn.lower(typed_email(email))).first()
    return found
