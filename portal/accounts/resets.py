"""Requests for a password reset, stored as typed; a job looks up the account, so timing reveals nothing."""

from __future__ import annotations

from models import PasswordResetRequest

_MOST_AT_ONCE = 200


def request_reset(email: str) -> None:
    """Store a request for a reset link; the same for every address."""
    PasswordResetRequest.insert(email=email).execute()


def list_reset_requests() -> list[PasswordResetRequest]:
    """Return the oldest requests, each locked for the caller."""
    rows = PasswordResetRequest.select().order_by(PasswordResetRequest.id).limit(_MOST_AT_ONCE)
    return list(rows.for_update("FOR UPDATE SKIP LOCKED"))  # type: ignore[arg-type]


def forget_reset_request(request_id: int) -> None:
    """Delete an answered request."""
    PasswordResetRequest.delete().where(PasswordResetRequest.id == request_id).execute()
