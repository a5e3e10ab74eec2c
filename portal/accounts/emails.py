"""E-mail addresses: one stored form, matched in any form they are typed."""

from __future__ import annotations

from peewee import fn

from models import User
from portal.lib.errors import PortalError
from portal.lib.sealing import keyed_hash
from portal.lib.texts import trim

_LONGEST_LOCAL_PART = 64  # SMTP guarantees no more
_LONGEST = 1000  # an address has at most 254 characters, more in encoded form


class EmailInvalid(PortalError):
    code = "email_invalid"


class EmailLocalPart(EmailInvalid):
    """The part before the @ has letters that most mail servers do not accept."""

    code = "email_local_part"


def normalise_email(text: str) -> str:
    """Return the stored form of an e-mail address; raise EmailInvalid."""
    if len(text) > _LONGEST:  # parsing a quarter of a megabyte takes a tenth of a second
        raise EmailInvalid(field="email")
    from portal.lib.email_syntax import EmailNotValidError, read_email  # noqa: PLC0415

    try:
        return read_email(trim(text)).normalized
    except EmailNotValidError:
        raise EmailInvalid(field="email") from None


def deliverable_email(text: str) -> str:
    """Return the stored form of an address that every mail server can send to.

    Raises EmailInvalid, or EmailLocalPart for letters beyond ASCII before the @; after it they are sent as `xn--`.
    """
    address = normalise_email(text)
    local_part = address.rpartition("@")[0]
    if not local_part.isascii():
        raise EmailLocalPart(field="email")
    if len(local_part) > _LONGEST_LOCAL_PART:
        raise EmailInvalid(field="email")
    return address


def typed_email(text: str) -> str:
    """Return a typed address in stored form, or unchanged when it is not an address.

    Browsers send пошта.укр as xn--80a1acn3a.xn--j1amh, and keyboards compose letters differently.
    """
    try:
        return normalise_email(text)
    except EmailInvalid:
        return trim(text)


def email_pseudonym(email: str, key: str) -> str:
    """Return what stands for a typed e-mail in logs: the same for the same e-mail, and useless without the key."""
    return keyed_hash(typed_email(email).lower(), key, b"e-mail")[:16]


def find_user_by_email(email: str) -> User | None:
    """Return the account of an e-mail address in any letter case and form, or None."""
    # The database folds case on both sides, as its unique index does; Python folds some letters differently.
    user: User | None = User.select().where(fn.lower(User.email) == fn.lower(typed_email(email))).first()
    return user
