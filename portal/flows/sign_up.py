"""Open an account, keeping for ever who referred it (SPEC section 2.3)."""

from __future__ import annotations

from models import User
from portal.accounts import Referrer, create_user, validate_sign_up
from portal.attribution import is_well_formed_code
from portal.codes import find_active_code
from portal.db import SYSTEM


def sign_up(name: str, email: str, password: str, locale: str, cookie_code: str | None) -> User:
    """Create an account and keep its referrer when the first-touch code is active.

    A new account owns no code and no wallet yet, so it cannot refer itself. Raises InputInvalid naming each field.
    """
    cleaned_name, cleaned_email = validate_sign_up(name, email, password)
    return create_user(
        cleaned_email,
        cleaned_name,
        password,
        locale=locale,
        referrer=find_referrer(cookie_code),
        actor=SYSTEM,
    )


def find_referrer(code: str | None) -> Referrer | None:
    """Return whom an active code credits with a new account, None for anything else."""
    if code is None or not is_well_formed_code(code):
        return None
    row = find_active_code(code)
    return Referrer(row.code, row.owner_user_id, row.wallet_address) if row else None
