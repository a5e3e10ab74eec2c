"""Read share codes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from peewee import fn

from models import EventLog, Refcode
from portal.db import Keyset, Page

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


def find_wallet_codes(owner_user_id: int, wallets: Collection[str]) -> dict[str, Refcode]:
    """Return the code of an account for each of some wallets in stored form that has one."""
    mine = (Refcode.owner == owner_user_id) & Refcode.store_referrer_id.is_null()
    rows = Refcode.select().where(mine & Refcode.wallet_address.in_(list(wallets)))
    return {row.wallet_address: row for row in rows}


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
    return find_deactivations([code]).get(code)


def find_deactivations(codes: Collection[str]) -> dict[str, Deactivation]:
    """Return why each of some codes is inactive, of those that were ever deactivated here."""
    if not codes:
        return {}
    deactivated = (EventLog.entity == "refcode") & (EventLog.event == "code_deactivated")
    newest = (
        EventLog.select(fn.max(EventLog.id))
        .where(deactivated & EventLog.entity_id.in_(list(codes)))
        .group_by(EventLog.entity_id)
    )
    return {
        event.entity_id: _deactivation(event) for event in EventLog.select().where(EventLog.id.in_(newest))
    }


def _deactivation(event: EventLog) -> Deactivation:
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
    rows = Refcode.select().where(Refcode.owner == owner_user_id)
    return list(rows.order_by(Refcode.created_at, Refcode.code))


def page_of_codes(owner_user_id: int, cursor: str | None, size: int) -> Page[Refcode]:
    """Return a page of the codes of an account, oldest first; raise CursorInvalid."""
    return _keyset_of_codes(owner_user_id).page(cursor, size)


def _keyset_of_codes(owner_user_id: int) -> Keyset[Refcode]:
    rows = Refcode.select().where(Refcode.owner == owner_user_id)
    return Keyset(rows, Refcode.created_at, Refcode.code, ascending=True)


def share_url(app_url: str, code: str) -> str:
    """Return the link a referrer shares: `{APP_URL}?ref={CODE}`. See docs/rules/codes.md."""
    return f"{app_url}?ref={code}"
