"""Read share codes."""

from __future__ import annotations

from models import Refcode


def find_code(code: str) -> Refcode | None:
    """Return a code's row whether active or not, or None."""
    return Refcode.get_or_none(Refcode.code == code)


def find_active_code(code: str) -> Refcode | None:
    """Return a code that may attribute something new, or None."""
    return Refcode.get_or_none((Refcode.code == code) & Refcode.active)


def list_codes(owner_user_id: int) -> list[Refcode]:
    """Return a person's codes, oldest first."""
    return list(
        Refcode.select().where(Refcode.owner == owner_user_id).order_by(Refcode.created_at, Refcode.code)
    )


def share_url(app_url: str, code: str) -> str:
    """Return the link a referrer shares: `{APP_URL}?ref={CODE}` (SPEC section 3)."""
    return f"{app_url}?ref={code}"
