"""Create accounts and permanently store who referred them. See docs/rules/attribution.md."""

from __future__ import annotations

from models import User
from portal.accounts import EmailTaken, Referrer, create_user, normalise_email, validate_sign_up
from portal.db import SYSTEM, transaction
from portal.flows.accounts.account_mail import send_confirmation, sign_up_again
from portal.flows.accounts.code_state import find_creditable_code
from portal.lib.errors import InputInvalid


def sign_up(
    name: str,
    email: str,
    password: str | None,
    locale: str,
    cookie_code: str | None,
    *,
    brand: str,
    opened_by: int | None = None,
) -> User:
    """Create an account and keep its referrer when the first-touch code is active.

    A new account has no code and no wallet. `opened_by` is the account that is signed in; its own code does not
    count. `brand` is the name of the portal, which is no password. Raises InputInvalid with each field.
    """
    cleaned_name, cleaned_email = validate_sign_up(name, email, password, brand)
    return create_user(
        cleaned_email,
        cleaned_name,
        password,
        locale=locale,
        referrer=find_referrer(cookie_code, opened_by),
        actor=SYSTEM,
    )


def sign_up_to_confirm(
    name: str,
    email: str,
    locale: str,
    cookie_code: str | None,
    *,
    opened_by: int | None = None,
) -> None:
    """Create an account without a password, and send the link that confirms its e-mail and sets one.

    An address that is in use gets the link again, or an e-mail about the attempt once it is confirmed; the caller
    cannot tell. Raises InputInvalid.
    """
    try:
        with transaction():
            user = sign_up(name, email, None, locale, cookie_code, brand="", opened_by=opened_by)
            send_confirmation(user, normalise_email(email))
    except InputInvalid as error:
        if not isinstance(error.fields.get("email"), EmailTaken):
            raise
        sign_up_again(normalise_email(email))


def find_referrer(code: str | None, opened_by: int | None = None) -> Referrer | None:
    """Return the referrer of an active code or alias; None for any other and for a code of `opened_by`."""
    row = find_creditable_code(code) if code else None
    if row is None or row.owner_user_id == opened_by:
        return None
    return Referrer(row.code, row.owner_user_id, row.wallet_address)
