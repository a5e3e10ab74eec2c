"""Read share codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models import EventLog, Refcode


@dataclass(frozen=True)
class Deactivation:
    """The origin of the decision that keeps a code inactive (owner, admin, unlinked), its reason and its time."""

    by: str
    reason: str | None
    at: datetime


def find_code(code: str) -> Refcode | None:
    """Return a code, active or not, or None."""
    return Refcode.get_or_none(Refcode.code == code)


def find_active_code(code: str) -> Refcode | None:
    """Return a code that may attribute new purchases, or None."""
    return Refcode.get_or_none((Refcode.code == code) & Refcode.active)


def find_wallet_code(owner_user_id: int, wallet: str) -> Refcode | None:
    """Return the code of an account and a wallet in stored form, or None; it outlives the wallet's link."""
    return Refcode.get_or_none((Refcode.owner == owner_user_id) & (Refcode.wallet_address == wallet))


def find_deactivation(code: str) -> Deactivation | None:
    """Return why a code is inactive; None when it was never deactivated here."""
    deactivated = (EventLog.entity == "refcode") & (EventLog.event == "code_deactivated")
    newest = EventLog.select().where(deactivated & (EventLog.entity_id == code)).order_by(EventLog.id.desc())
    event = newest.first()
    if event is None:
        return None
    # Events from before admins could deactivate codes do not name the origin of the decision.
    by = event.data.get("by") or ("unlinked" if event.reason == "wallet_unlinked" else "owner")
    return Deactivation(by, event.reason, event.at)


def list_code_events(code: str, limit: int = 20) -> list[EventLog]:
    """Return the events of a code, newest first."""
    rows = EventLog.select().where((EventLog.entity == "refcode") & (EventLog.entity_id == code))
    return list(rows.order_by(EventLog.id.desc()).limit(limit))


def list_codes(owner_user_id: int) -> list[Refcode]:
    """Return the codes of an account, oldest first."""
    return list(
        Refcode.select().where(Refcode.owner == owner_user_id).order_by(Refcode.created_at, Refcode.code)
    )


def share_url(app_url: str, code: str) -> str:
    """Return the link a referrer shares: `{APP_URL}?ref={CODE}`. See docs/rules/codes.md."""
    return f"{app_url}?ref={code}"
