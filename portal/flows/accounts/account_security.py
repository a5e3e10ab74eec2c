"""Change password and second factor; the owner is notified and other sessions end."""

from __future__ import annotations

from portal.accounts import (
    Device,
    add_password,
    disable_second_factor,
    enable_second_factor,
    get_user,
    renew_recovery_codes,
    set_password,
)
from portal.db import Actor, transaction
from portal.flows.accounts.account_notices import notify_owner
from portal.flows.accounts.end_access import CurrentSession, end_other_access
from portal.flows.accounts.sign_in import prove_password
from portal.settings import Settings


def change_own_password(
    user_id: int, session: CurrentSession, present: str, new: str, device: Device, settings: Settings
) -> None:
    """Change a password that is proven by the current one; other sessions end.

    Raises PasswordWrong, SignInPaused, or InputInvalid naming the field at fault.
    """
    actor = Actor.user(user_id)
    prove_password(get_user(user_id), present, device, settings)
    with transaction():
        set_password(user_id, new, actor, brand=settings.brand_name)
        end_other_access(user_id, session, "password_changed", actor)
        notify_owner(user_id, "security_password_changed")


def choose_first_password(user_id: int, session: CurrentSession, new: str, settings: Settings) -> None:
    """Set the first password of an account created with a wallet; raise what `add_password` raises."""
    actor = Actor.user(user_id)
    with transaction():
        add_password(user_id, new, actor, brand=settings.brand_name)
        end_other_access(user_id, session, "password_changed", actor)
        notify_owner(user_id, "security_password_changed")


def enable_factor(user_id: int, session: CurrentSession, code: str, settings: Settings) -> list[str]:
    """Turn on the second factor and return the recovery codes; other sessions end.

    Raises SecondFactorMissing, SecondFactorPresent, SecondFactorWrong.
    """
    actor = Actor.user(user_id)
    with transaction():
        codes = enable_second_factor(user_id, code, settings.stored_key, actor)
        end_other_access(user_id, session, "second_factor_enabled", actor)
        notify_owner(user_id, "security_second_factor_on")
    return codes


def disable_factor(user_id: int, session: CurrentSession, actor: Actor) -> None:
    """Turn off the second factor; other sessions end. Raises SecondFactorMissing."""
    with transaction():
        disable_second_factor(user_id, actor)
        end_other_access(user_id, session, "second_factor_disabled", actor)
        notify_owner(user_id, "security_second_factor_off")


def renew_codes(user_id: int, session: CurrentSession, settings: Settings) -> list[str]:
    """Replace the recovery codes and return the new ones; other sessions end."""
    actor = Actor.user(user_id)
    with transaction():
        codes = renew_recovery_codes(user_id, settings.stored_key, actor)
        end_other_access(user_id, session, "recovery_codes_renewed", actor)
        notify_owner(user_id, "security_recovery_codes_renewed")
    return codes
