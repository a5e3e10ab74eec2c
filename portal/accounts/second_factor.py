"""Two-factor authentication: authenticator codes (TOTP, RFC 6238) and recovery codes."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from datetime import timedelta
from typing import Any

import pyotp
from peewee import SQL, fn

from models import RecoveryCode, SecondFactor
from portal.db import Actor, record_event, transaction
from portal.lib.errors import PortalError
from portal.lib.sealing import keyed_hash, seal, unseal
from portal.lib.texts import identifier_form

STEP_SECONDS = 30
RECOVERY_CODES = 10
RECOVERY_LENGTH = 24  # of 32 characters: 120 bits, for which ASVS allows a hash without a work factor
_KEYED_AT_ONCE = 1_000
# Clocks differ: the previous and the next time step are accepted too.
_DRIFT = (0, -1, 1)
# Incorrect codes in a row without a delay; each further one doubles the delay, up to an hour.
FREE_FAILURES = 5
_LONGEST_WAIT_MINUTES = 60
_RECOVERY_ALPHABET = "23456789abcdefghijkmnpqrstuvwxyz"
_TOTP = re.compile(r"[0-9]{6}")


class SecondFactorWrong(PortalError):
    code = "second_factor_wrong"


class SecondFactorPaused(PortalError):
    """Too many incorrect codes; recovery codes still work."""

    code = "second_factor_paused"


class SecondFactorPresent(PortalError):
    code = "second_factor_present"


class SecondFactorMissing(PortalError):
    code = "second_factor_missing"


def has_second_factor(user_id: int) -> bool:
    """Return whether two-factor authentication is on for an account."""
    return _enabled(user_id) is not None


def begin_enrolment(user_id: int, key: str) -> None:
    """Store a new secret for an account without a second factor; raise SecondFactorPresent."""
    sealed = seal(pyotp.random_base32(32), key, user_id)
    written = (
        SecondFactor.insert(user=user_id, sealed_secret=sealed)
        .on_conflict(
            conflict_target=[SecondFactor.user],
            update={SecondFactor.sealed_secret: sealed, SecondFactor.last_step: None},
            where=SecondFactor.enabled_at.is_null(),
        )
        .returning(SecondFactor.user)
        .execute()
    )
    if not list(written):
        raise SecondFactorPresent


def enrolment_secret(user_id: int, key: str) -> str | None:
    """Return the secret that awaits its first code, None when there is none."""
    row = SecondFactor.get_or_none((SecondFactor.user == user_id) & SecondFactor.enabled_at.is_null())
    return unseal(row.sealed_secret, key, user_id) if row else None


def provisioning_uri(secret: str, account: str, issuer: str) -> str:
    """Return the otpauth URI for the QR code."""
    return str(pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=account, issuer_name=issuer))


def enable_second_factor(user_id: int, code: str, key: str, actor: Actor) -> list[str]:
    """Turn on the second factor with a first code and return the recovery codes, which are shown once.

    Raises SecondFactorMissing without a started enrolment, and SecondFactorWrong.
    """
    secret = enrolment_secret(user_id, key)
    if secret is None:
        raise SecondFactorMissing
    step = _matching_step(secret, _bare(code))
    if step is None:
        raise SecondFactorWrong(field="code")
    with transaction():
        changed = (
            SecondFactor.update(enabled_at=fn.now(), last_step=step, failures=0, blocked_until=None)
            .where((SecondFactor.user == user_id) & SecondFactor.enabled_at.is_null())
            .execute()
        )
        if not changed:
            raise SecondFactorPresent
        record_event(actor, "user", user_id, "second_factor_enabled")
        return renew_recovery_codes(user_id, key, actor)


def disable_second_factor(user_id: int, actor: Actor) -> None:
    """Turn off the second factor and delete its secret and recovery codes; raise SecondFactorMissing."""
    if not remove_second_factor(user_id, actor):
        raise SecondFactorMissing


def remove_second_factor(user_id: int, actor: Actor) -> bool:
    """Delete the secret and the recovery codes of an account; return whether there was a secret."""
    with transaction():
        removed = bool(SecondFactor.delete().where(SecondFactor.user == user_id).execute())
        RecoveryCode.delete().where(RecoveryCode.user == user_id).execute()
        if removed:
            record_event(actor, "user", user_id, "second_factor_disabled")
    return removed


def check_second_factor(user_id: int, code: str, key: str) -> str:
    """Accept an authenticator or recovery code, each once, and return "totp" or "recovery".

    Raises SecondFactorWrong, SecondFactorPaused, and SecondFactorMissing for an account without one.
    """
    typed = _bare(code)
    if not _TOTP.fullmatch(typed):
        _use_recovery_code(user_id, typed, key)
        return "recovery"
    error = _check_totp(user_id, typed, key)
    if error:
        raise error
    return "totp"


def count_recovery_codes(user_id: int) -> int:
    """Return the number of unused recovery codes."""
    return (
        RecoveryCode.select().where((RecoveryCode.user == user_id) & RecoveryCode.used_at.is_null()).count()
    )


def renew_recovery_codes(user_id: int, key: str, actor: Actor) -> list[str]:
    """Replace the recovery codes and return the new ones, which are stored only as hashes under the portal's key."""
    length = range(RECOVERY_LENGTH)
    codes = ["".join(secrets.choice(_RECOVERY_ALPHABET) for _ in length) for _ in range(RECOVERY_CODES)]
    rows = [
        {"user": user_id, "code_hash": _keyed(_hash(code), user_id, key), "is_keyed": True} for code in codes
    ]
    with transaction():
        RecoveryCode.delete().where(RecoveryCode.user == user_id).execute()
        RecoveryCode.insert_many(rows).execute()
        record_event(actor, "user", user_id, "recovery_codes_renewed")
    return ["-".join(code[start : start + 4] for start in length[::4]) for code in codes]


def key_plain_recovery_codes(key: str) -> int:
    """Put the codes that an earlier version stored as plain hashes under the portal's key; return their number."""
    rows = RecoveryCode.select().where(~RecoveryCode.is_keyed).order_by(RecoveryCode.id)
    with transaction():
        plain = list(rows.limit(_KEYED_AT_ONCE).for_update("FOR UPDATE SKIP LOCKED"))  # type: ignore[arg-type]
        for row in plain:
            RecoveryCode.update(code_hash=_keyed(row.code_hash, row.user_id, key), is_keyed=True).where(
                RecoveryCode.id == row.id
            ).execute()
    return len(plain)


def _check_totp(user_id: int, typed: str, key: str) -> PortalError | None:
    """Check a code under the lock of the row; return the error instead of raising, so that the count is committed."""
    with transaction():
        row = _enabled(user_id, locked=True)
        if row is None:
            return SecondFactorMissing()
        if row.is_blocked:
            return SecondFactorPaused(field="code")
        step = _matching_step(unseal(row.sealed_secret, key, user_id), typed)
        if step is None or (row.last_step is not None and step <= row.last_step):
            _count_failure(user_id, row.failures + 1)
            return SecondFactorWrong(field="code")
        SecondFactor.update(last_step=step, failures=0, blocked_until=None).where(
            SecondFactor.user == user_id
        ).execute()
    return None


def _count_failure(user_id: int, failures: int) -> None:
    over = failures - FREE_FAILURES
    minutes = min(2 ** min(over, 10), _LONGEST_WAIT_MINUTES) if over >= 0 else 0
    until = SQL("clock_timestamp() + %s", [timedelta(minutes=minutes)]) if minutes else None
    SecondFactor.update(failures=failures, blocked_until=until).where(SecondFactor.user == user_id).execute()


def _use_recovery_code(user_id: int, typed: str, key: str) -> None:
    # 120 random bits, or the 80 of earlier versions, cannot be guessed, so incorrect ones are not counted.
    plain = _hash(typed)
    used = (
        RecoveryCode.update(used_at=fn.now())
        .where(
            (RecoveryCode.user == user_id)
            & _is_stored_as(plain, _keyed(plain, user_id, key))
            & RecoveryCode.used_at.is_null()
        )
        .execute()
    )
    if not used:
        raise SecondFactorWrong(field="code")


def _bare(code: str) -> str:
    return identifier_form(code).replace("-", "").lower()


def _matching_step(secret: str, typed: str) -> int | None:
    if not _TOTP.fullmatch(typed):
        return None
    totp, now = pyotp.TOTP(secret, interval=STEP_SECONDS), int(time.time()) // STEP_SECONDS
    steps = [now + drift for drift in _DRIFT if hmac.compare_digest(totp.generate_otp(now + drift), typed)]
    return steps[0] if steps else None


def _enabled(user_id: int, *, locked: bool = False) -> Any:
    blocked = (SecondFactor.blocked_until > fn.clock_timestamp()).alias("is_blocked")
    rows = SecondFactor.select(SecondFactor, blocked).where(
        (SecondFactor.user == user_id) & SecondFactor.enabled_at.is_null(False)
    )
    return (rows.for_update() if locked else rows).first()


def _is_stored_as(plain: str, keyed: str) -> Any:
    """Return the condition of a code's row: under the portal's key, or not yet."""
    return (RecoveryCode.is_keyed & (RecoveryCode.code_hash == keyed)) | (
        ~RecoveryCode.is_keyed & (RecoveryCode.code_hash == plain)
    )


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _keyed(plain: str, user_id: int, key: str) -> str:
    """Return a hash that is useless without the portal's key, and on another account."""
    return keyed_hash(f"{user_id}:{plain}", key, b"recovery-code")
