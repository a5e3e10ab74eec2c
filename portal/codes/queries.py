"""Read share codes."""

from __future__ import annotations

from datetime import datetime

from models import EventLog, Refcode
from portal.db import Keyset, Page
from portal.lib.values import dataclass

EVENTS_PAGE = 50


@dataclass(frozen=True)
class Deactivation:
    """The origin of the decision that keeps a code inactive (owner, admin, unlinked), its reason and its time."""

    by: str
    reason: str | None
    at: datetime


def find_code(code: str) -> Refcode | None:
    """Return a code, active or not, or None."""
    return Refcode.get_or_none(Refcode.code == code)


def find_wallet_code(owner_user_id: int, wallet: str) -> Refcode | None:
    """Return the code of an account and a wallet in stored form, or None; it outlives the wallet's link."""
    mine = (Refcode.owner == owner_user_id) & (Refcode.wallet_address == wallet)
    return Refcode.get_or_none(mine & Refcode.store_referrer_id.is_null())


def has_own_code(owner_user_id: int) -> bool:
    """Return whether an account has a code, active or not, that no store issued."""
    mine = (Refcode.owner == owner_user_id) & Refcode.store_referrer_id.is_null()
    return bool(Refcode.select().where(mine).exists())


def find_store_code(store_referrer_id: int) -> Refcode | None:
    """Return the code of a store's customer, or None before they have one."""
    return Refcode.get_or_none(Refcode.store_referrer_id == store_referrer_id)


def list_wallet_codes(owner_user_id: int, wallet: str) -> list[Refcode]:
    """Return every code of an account that pays to a wallet in stored form, those from stores included."""
    mine = (Refcode.owner == owner_user_id) & (Refcode.wallet_address == wallet)
    return list(Refcode.select().where(mine).order_by(Refcode.created_at, Refcode.code))


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


def list_code_events(code: str, cursor: str | None = None) -> Page[EventLog]:
    """Return a page of the events of a code, newest first; raise CursorInvalid."""
    rows = EventLog.select().where((EventLog.entity == "refcode") & (EventLog.entity_id == code))
    newest_first: Keyset[EventLog] = Keyset(rows, EventLog.id)
    return newest_first.page(cursor, EVENTS_PAGE)


def list_codes(owner_user_id: int) -> list[Refcode]:
    """Return the codes of an account, oldest first."""
    return list(
        Refcode.select().where(Refcode.owner == owner_user_id).order_by(Refcode.created_at, Refcode.code)
    )


def share_url(app_url: str, code: str) -> str:
    """Return the link a referrer shares: `{APP_URL}?ref={CODE}`. See docs/rules/codes.md."""
    return f"{app_url}?ref={code}"
