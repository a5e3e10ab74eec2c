"""The second factor: single-use codes, delays after failures, and recovery codes."""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest

from models import RecoveryCode, SecondFactor, User
from portal.accounts import (
    SecondFactorMissing,
    SecondFactorPaused,
    SecondFactorPresent,
    SecondFactorWrong,
    begin_enrolment,
    check_second_factor,
    count_recovery_codes,
    disable_second_factor,
    enable_second_factor,
    enrolment_secret,
    has_second_factor,
    key_plain_recovery_codes,
    renew_recovery_codes,
)
from portal.accounts.second_factor import FREE_FAILURES
from portal.db import query, release_connection
from portal.lib.sealing import SealBroken, unseal
from tests.factories import ACTOR, make_user

pytestmark = pytest.mark.usefixtures("database")
KEY = "the portal's secret key"


@pytest.fixture
def user() -> User:
    return make_user()


@pytest.fixture
def secret(user: User) -> str:
    """Enrol the user with the code of the previous step, so that the current one is unused."""
    begin_enrolment(user.id, KEY)
    new_secret = enrolment_secret(user.id, KEY)
    assert new_secret
    enable_second_factor(user.id, code_of(new_secret, -1), KEY, ACTOR)
    return new_secret


def code_of(secret: str, drift: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(int(time.time()) // 30 + drift)


def wrong_code(secret: str) -> str:
    valid_codes = {code_of(secret, drift) for drift in (-2, -1, 0, 1, 2)}
    return next(text for number in range(10) if (text := f"{number:06d}") not in valid_codes)


def blocked_minutes(user: User) -> int:
    ((minutes,),) = query(
        "SELECT round(extract(epoch FROM blocked_until - clock_timestamp()) / 60)::int FROM second_factors"
        " WHERE user_id = %s", [user.id]
    )  # fmt: skip
    return int(minutes or 0)


def test_second_factor_is_enabled_by_a_valid_code(user: User) -> None:
    begin_enrolment(user.id, KEY)
    secret = enrolment_secret(user.id, KEY)
    assert secret
    assert not has_second_factor(user.id)
    with pytest.raises(SecondFactorWrong):
        enable_second_factor(user.id, wrong_code(secret), KEY, ACTOR)
    codes = enable_second_factor(user.id, code_of(secret), KEY, ACTOR)
    assert has_second_factor(user.id)
    assert len(set(codes)) == count_recovery_codes(user.id) == 10
    assert enrolment_secret(user.id, KEY) is None
    with pytest.raises(SecondFactorPresent):
        begin_enrolment(user.id, KEY)


def test_restarted_enrolment_creates_a_new_secret(user: User) -> None:
    begin_enrolment(user.id, KEY)
    first = enrolment_secret(user.id, KEY)
    begin_enrolment(user.id, KEY)
    assert enrolment_secret(user.id, KEY) != first


def test_secret_and_recovery_codes_are_not_stored_in_plain_text(user: User, secret: str) -> None:
    sealed = bytes(SecondFactor.get().sealed_secret)
    assert secret.encode() not in sealed
    with pytest.raises(SealBroken):
        unseal(sealed, "another key", user.id)
    with pytest.raises(SealBroken):
        unseal(sealed, KEY, user.id + 1)
    codes = renew_recovery_codes(user.id, KEY, ACTOR)
    stored = {row.code_hash for row in RecoveryCode.select()}
    assert not stored & {code.replace("-", "") for code in codes}


@pytest.mark.parametrize("drift", [0, 1])
def test_clock_drift_of_one_step_is_accepted(user: User, secret: str, drift: int) -> None:
    assert check_second_factor(user.id, code_of(secret, drift), KEY) == "totp"


@pytest.mark.parametrize("drift", [-3, 3])
def test_larger_clock_drift_is_rejected(user: User, secret: str, drift: int) -> None:
    with pytest.raises(SecondFactorWrong):
        check_second_factor(user.id, code_of(secret, drift), KEY)


def test_used_and_earlier_codes_are_rejected(user: User, secret: str) -> None:
    code = code_of(secret)
    assert check_second_factor(user.id, f" {code[:3]} {code[3:]}", KEY) == "totp"
    for rejected_code in (code, code_of(secret, -1)):
        with pytest.raises(SecondFactorWrong):
            check_second_factor(user.id, rejected_code, KEY)


def test_concurrent_uses_of_a_code_succeed_once(user: User, secret: str) -> None:
    code = code_of(secret)

    def attempt(_number: int) -> bool:
        try:
            return check_second_factor(user.id, code, KEY) == "totp"
        except (SecondFactorWrong, SecondFactorPaused):
            return False
        finally:
            release_connection()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(attempt, range(4))).count(True) == 1


def test_failures_delay_attempts_and_success_resets_the_delay(user: User, secret: str) -> None:
    waits = []
    for number in range(FREE_FAILURES + 3):
        with pytest.raises(SecondFactorWrong):
            check_second_factor(user.id, wrong_code(secret), KEY)
        waits.append(blocked_minutes(user))
        if number + 1 >= FREE_FAILURES:
            with pytest.raises(SecondFactorPaused):
                check_second_factor(user.id, code_of(secret), KEY)
        query("UPDATE second_factors SET blocked_until = NULL")
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8]
    assert check_second_factor(user.id, code_of(secret), KEY) == "totp"
    assert SecondFactor.get().failures == 0


def test_delay_has_a_maximum(user: User, secret: str) -> None:
    query("UPDATE second_factors SET failures = 5000")
    with pytest.raises(SecondFactorWrong):
        check_second_factor(user.id, wrong_code(secret), KEY)
    assert blocked_minutes(user) == 60


def test_recovery_code_works_once_and_ignores_the_delay(user: User, secret: str) -> None:
    first, second, *_ = renew_recovery_codes(user.id, KEY, ACTOR)
    query("UPDATE second_factors SET blocked_until = now() + interval '1 hour'")
    assert check_second_factor(user.id, first, KEY) == "recovery"
    assert check_second_factor(user.id, second.replace("-", " ").upper(), KEY) == "recovery"
    assert count_recovery_codes(user.id) == 8
    for rejected_code in (first, "2222-2222-2222-2222", "", "1234567", "x" * 5000):
        with pytest.raises(SecondFactorWrong):
            check_second_factor(user.id, rejected_code, KEY)


def test_recovery_codes_need_the_key_of_the_portal(user: User, secret: str) -> None:
    codes = [code.replace("-", "") for code in renew_recovery_codes(user.id, KEY, ACTOR)]
    assert {len(code) for code in codes} == {24}, "120 bits: 24 of 32 characters"
    stored = {row.code_hash for row in RecoveryCode.select()}
    assert not stored & {hashlib.sha256(code.encode()).hexdigest() for code in codes}
    with pytest.raises(SecondFactorWrong):
        check_second_factor(user.id, codes[0], "another key of a portal")
    other = make_user()
    query("UPDATE recovery_codes SET user_id = %s", [other.id])
    with pytest.raises(SecondFactorWrong):
        check_second_factor(other.id, codes[0], KEY)


@pytest.mark.parametrize("is_keyed", [False, True])
def test_recovery_codes_of_earlier_versions_stay_valid(user: User, secret: str, *, is_keyed: bool) -> None:
    query("DELETE FROM recovery_codes")
    for code in ("abcdefghijkmnpqr", "rqpnmkjihgfedcba"):
        plain = hashlib.sha256(code.encode()).hexdigest()
        query("INSERT INTO recovery_codes (user_id, code_hash) VALUES (%s, %s)", [user.id, plain])
    if is_keyed:
        assert (key_plain_recovery_codes(KEY), key_plain_recovery_codes(KEY)) == (2, 0)
        assert plain not in {row.code_hash for row in RecoveryCode.select()}
    assert check_second_factor(user.id, "abcd-efgh-ijkm-npqr", KEY) == "recovery"
    with pytest.raises(SecondFactorWrong):
        check_second_factor(user.id, "abcd-efgh-ijkm-npqr", KEY)


def test_renewed_recovery_codes_replace_the_old_ones(user: User, secret: str) -> None:
    old = renew_recovery_codes(user.id, KEY, ACTOR)
    renew_recovery_codes(user.id, KEY, ACTOR)
    other = make_user()
    for account in (user, other):
        with pytest.raises(SecondFactorWrong):
            check_second_factor(account.id, old[0], KEY)


def test_disabling_deletes_secret_and_recovery_codes(user: User, secret: str) -> None:
    disable_second_factor(user.id, ACTOR)
    assert not SecondFactor.select().exists()
    assert not RecoveryCode.select().exists()
    with pytest.raises(SecondFactorMissing):
        check_second_factor(user.id, code_of(secret), KEY)
    with pytest.raises(SecondFactorMissing):
        disable_second_factor(user.id, ACTOR)
