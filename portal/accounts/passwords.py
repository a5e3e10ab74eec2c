"""Hash passwords with argon2id and compare them in one normal form. See docs/rules/accounts.md."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.accounts.password_rules import PASSWORD_MAX
from portal.lib.errors import PortalError
from portal.lib.texts import password_form

# The argon2id profile of OWASP; two at a time bound the memory that a burst of sign-ins can use.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Of a random password, with the parameters above, for the check of an account without a password.
_UNUSABLE_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$vrqFAl6MnVEUuiXO5DU0VA$VTUJxPOx7QpuArofFNBXmhh92rqCwK3iRHOw1lani7M"
)
_hashing = BoundedSemaphore(2)
# A flood of sign-ins must not hold the threads that serve pages.
_HASHING_WAIT_SECONDS = 0.15
_RETRY_AFTER_SECONDS = 5


class PasswordsBusy(PortalError):
    """Too many passwords are being checked at the same time; nothing was changed."""

    code = "passwords_busy"


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password in its normal form; raise PasswordsBusy."""
    with _hasher_slot():
        return _hasher.hash(password_form(password))


def matches(stored: str | None, password: str) -> bool:
    """Return whether a password is correct, in its normal form or as typed, as older hashes need it.

    Without a hash the check takes as long as for an incorrect password. Raises PasswordsBusy.
    """
    # One that is too long cannot be correct, and costs no more than one of the greatest length.
    typed, normal = password[: PASSWORD_MAX + 1], password_form(password)[: PASSWORD_MAX + 1]
    hashed = stored or _UNUSABLE_HASH
    is_right = _verifies(hashed, normal) or (normal != typed and _verifies(hashed, typed))
    return is_right and stored is not None


def renewed_hash(stored: str, password: str) -> str | None:
    """Return a hash that replaces one of a correct password, None where it is of the current kind.

    Older hashes are of the password as it was typed, or have other parameters. Raises PasswordsBusy.
    """
    normal = password_form(password)
    is_current = not _hasher.check_needs_rehash(stored) and (normal == password or _verifies(stored, normal))
    return None if is_current else hash_password(password)


@contextmanager
def _hasher_slot() -> Iterator[None]:
    if not _hashing.acquire(timeout=_HASHING_WAIT_SECONDS):
        raise PasswordsBusy(retry_after=_RETRY_AFTER_SECONDS)
    try:
        yield
    finally:
        _hashing.release()


def _verifies(stored: str, password: str) -> bool:
    try:
        with _hasher_slot():
            return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
