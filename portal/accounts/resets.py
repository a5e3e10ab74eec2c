"""Requests for a reset link, kept as they were typed; a job finds out whether there is such an account."""

from __future__ import annotations

from models import PasswordResetRequest

_MOST_AT_ONCE = 200


def request_reset(email: str) -> None:
    """Keep that somebody asked for a reset link; does the same for every address."""
    PasswordResetRequest.insert(email=email).execute()


def list_reset_requests() -> list[PasswordResetRequest]:
    """Return the oldest requests, each locked for whoever answers it."""
    rows = PasswordResetRequest.select().order_by(PasswordResetRequest.id).limit(_MOST_AT_ONCE)
    return list(rows.for_update("FOR UPDATE SKIP LOCKED"))  # type: ignore[arg-type]


def forget_reset_request(request_id: int) -> None:
    """Remove an answered request."""
    PasswordResetRequest.delete().where(PasswordResetRequest.id == request_id).execute()
