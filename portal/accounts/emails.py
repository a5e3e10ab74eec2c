"""E-mail addresses: one stored form, found in whatever form they are typed."""

from __future__ import annotations

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from peewee import fn

from models import User
from portal.lib.errors import PortalError

# Reserved names such as .local and .test are at home in closed networks and tests, where portals run as well; whether
# letters arrive is what confirming an e-mail shows. The library means its list to be changed so.
SPECIAL_USE_DOMAIN_NAMES.clear()
_LONGEST = 1000  # an address has 254 characters at most; some are written with more


class EmailInvalid(PortalError):
    code = "email_invalid"


def normalise_email(text: str) -> str:
    """Return the stored form of an e-mail address; raise EmailInvalid."""
    if len(text) > _LONGEST:  # reading a quarter of a megabyte as an address takes a tenth of a second
        raise EmailInvalid(field="email")
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
