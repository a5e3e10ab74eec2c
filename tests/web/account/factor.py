"""Helpers for second-factor tests: enrolment and unused codes."""

from __future__ import annotations

import time

import pyotp

from models import User
from portal.accounts import begin_enrolment, enable_second_factor, enrolment_secret
from portal.db import query
from tests.factories import ACTOR

KEY = "secret key of the tests"


def code_of(secret: str) -> str:
    """Return the current code, valid even if it was used before."""
    query("UPDATE second_factors SET last_step = last_step - 10")
    return pyotp.TOTP(secret).generate_otp(int(time.time()) // 30)


def enrol(user: User) -> tuple[str, list[str]]:
    """Enable the second factor of a user and return its secret and recovery codes."""
    begin_enrolment(user.id, KEY)
    secret = enrolment_secret(user.id, KEY)
    assert secret
    return secret, enable_second_factor(user.id, code_of(secret), KEY, ACTOR)


def expire_confirmation() -> None:
    """Make the last re-authentication of every session an hour older."""
    query("UPDATE user_sessions SET confirmed_at = confirmed_at - interval '1 hour'")
