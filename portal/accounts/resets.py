"""Requests for a password reset, stored as typed; a job looks up the account, so timing reveals nothing."""

from __future__ import annotations

from peewee import SQL

from models import PasswordResetRequest
from portal.db import not_set_aside

RESET_QUEUE = "password_resets"
_MOST_AT_ONCE = 200
_NOT_SET_ASIDE = not_set_aside(RESET_QUEUE, "t1.id")


def request_reset(email: str) -> None:
    """Store a request for a reset link; the same for every address."""
    PasswordResetRequest.insert(email=email).execute()


def list_reset_requests() -> list[PasswordResetRequest]:
    """Return the oldest requests that are not set aside."""
    rows = PasswordResetRequest.select().where(SQL(_NOT_SET_ASIDE))
    return list(rows.order_by(PasswordResetRequest.id).limit(_MOST_AT_ONCE))


def forget_reset_request(request_id: int) -> bool:
    """Delete a request in the transaction that answers it; return False if another process did."""
    return bool(PasswordResetRequest.delete().where(PasswordResetRequest.id == request_id).execute())
