"""Read share codes."""

from __future__ import annotations

from models import EventLog, Refcode


def find_code(code: str) -> Refcode | None:
    """Return a code's row whether active or not, or None."""
    return Refcode.get_or_none(Refcode.code == code)


def find_active_code(code: str) -> Refcode | None:
    """Return a code that may attribute something new, or None."""
    return Refcode.get_or_none((Refcode.code == code) & Refcode.active)


def find_wallet_code(owner_user_id: int, wallet: str) -> Refcode | None:
    """Return the code of a person and a wallet in stored form, or None; it outlives the wallet's link."""
    return Refcode.get_or_none((Refcode.owner == owner_user_id) & (Refcode.wallet_address == wallet))


def find_deactivation_reason(code: str) -> str | None:
    """Return the reason kept when a code was last deactivated, None when that was by hand or never."""
    deactivated = (EventLog.entity == "refcode") & (EventLog.event == "code_deactivated")
    newest = EventLog.select().where(deactivated & (EventLog.entity_id == code)).order_by(EventLog.id.desc())
    event = newest.first()
    return event.reason if event else None


def list_codes(owner_user_id: int) -> list[Refcode]:
    """Return a person's codes, oldest first."""
    return list(
        Refcode.select().where(Refcode.owner == owner_user_id).order_by(Refcode.created_at, Refcode.code)
    )


def share_url(app_url: str, code: str) -> str:
    """Return the link a referrer shares: `{APP_URL}?ref={CODE}` (SPEC section 3)."""
    return f"{app_url}?ref={code}"
