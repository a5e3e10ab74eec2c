"""Start and end campaigns and the bonuses of single referrers. See docs/rules/programme.md."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from peewee import fn

from models import ProgrammeCampaign, ReferrerBonus
from portal.db import Actor, database_now, query, record_event, transaction
from portal.lib.texts import clean_line
from portal.programme.errors import (
    BonusesOverlap,
    BonusUnknown,
    CampaignEnded,
    CampaignExists,
    CampaignNameInvalid,
    CampaignUnknown,
    EndsTooEarly,
    OwnBonus,
    StartsInPast,
)

CAMPAIGN_NAME_MAX = 100


def add_campaign(
    name: str,
    percent: Decimal,
    starts_at: datetime | None,
    ends_at: datetime,
    actor: Actor,
    *,
    codes: Collection[str] = (),
    store_ids: Collection[int] = (),
    budget_usd: Decimal | None = None,
) -> ProgrammeCampaign:
    """Add percent points for a time, from now on if `starts_at` is None; no codes or stores mean all of them.

    Raise CampaignNameInvalid, CharacterRefused, StartsInPast, EndsTooEarly or CampaignExists.
    """
    line = check_campaign_name(name)
    start = _start(starts_at, ends_at)
    chosen: dict[str, Any] = {
        "codes": sorted(codes),
        "store_ids": sorted(store_ids),
        "budget_usd": budget_usd,
    }
    with transaction():
        _require_new(name=line, percent=percent, ends_at=ends_at, **chosen)
        campaign: ProgrammeCampaign = ProgrammeCampaign.create(
            name=line,
            percent=percent,
            starts_at=start,
            ends_at=ends_at,
            **chosen,
            created_by=actor.user_id,
            created_at=fn.now(),
        )
        data = {
            "name": line,
            "percent": f"{percent:f}",
            "startsAt": start.isoformat(),
            "endsAt": ends_at.isoformat(),
            "codes": sorted(codes),
            "stores": sorted(store_ids),
            "budgetUsd": _text(budget_usd),
        }
        record_event(actor, "campaign", campaign.id, "campaign_added", data=data)
    return campaign


def _require_new(**fields: Any) -> None:
    """Raise CampaignExists where a campaign is the same in all but its start: the form was sent twice."""
    query("SELECT pg_advisory_xact_lock(hashtextextended('programme_campaigns', 0))")
    same = [getattr(ProgrammeCampaign, name) == value for name, value in fields.items()]
    if ProgrammeCampaign.select().where(*same).exists():
        raise CampaignExists(field="name")


def check_campaign_name(name: str) -> str:
    """Return a name as it is stored; raise CampaignNameInvalid or CharacterRefused."""
    line = clean_line(name, "name")
    if not 1 <= len(line) <= CAMPAIGN_NAME_MAX:
        raise CampaignNameInvalid(field="name", at_most=CAMPAIGN_NAME_MAX)
    return line


def set_campaign_budget(campaign_id: int, budget_usd: Decimal | None, actor: Actor) -> None:
    """Change the budget of a campaign in USD, None for no limit; what is used stays used. Raise CampaignUnknown."""
    with transaction():
        campaign = _lock_campaign(campaign_id)
        if campaign.budget_usd == budget_usd:
            return
        ProgrammeCampaign.update(budget_usd=budget_usd).where(ProgrammeCampaign.id == campaign_id).execute()
        data = {"fromUsd": _text(campaign.budget_usd), "toUsd": _text(budget_usd)}
        record_event(actor, "campaign", campaign_id, "campaign_budget_changed", data=data)


def end_campaign(campaign_id: int, actor: Actor) -> None:
    """End a campaign now; one that has not started never does. Raise CampaignUnknown or CampaignEnded."""
    with transaction():
        campaign, now = _lock_campaign(campaign_id), database_now()
        if campaign.ends_at <= now:
            raise CampaignEnded
        end = max(now, campaign.starts_at)
        ProgrammeCampaign.update(ends_at=end).where(ProgrammeCampaign.id == campaign_id).execute()
        record_event(
            actor, "campaign", campaign_id, "campaign_stopped", data={"endedAt": campaign.ends_at.isoformat()}
        )


def add_referrer_bonus(
    referrer_user_id: int,
    percent: Decimal,
    starts_at: datetime | None,
    ends_at: datetime | None,
    actor: Actor,
) -> ReferrerBonus:
    """Add percent points for one referrer, from now on if `starts_at` is None.

    Raise OwnBonus, StartsInPast, EndsTooEarly or BonusesOverlap.
    """
    if actor.user_id == referrer_user_id:
        raise OwnBonus(field="referrer")
    start = _start(starts_at, ends_at)
    with transaction():
        query("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"referrer_bonus:{referrer_user_id}"])
        if _bonuses_within(referrer_user_id, start, ends_at):
            raise BonusesOverlap(field="starts_at")
        bonus: ReferrerBonus = ReferrerBonus.create(
            referrer_user_id=referrer_user_id,
            percent=percent,
            starts_at=start,
            ends_at=ends_at,
            created_by=actor.user_id,
            created_at=fn.now(),
        )
        data = {
            "percent": f"{percent:f}",
            "startsAt": start.isoformat(),
            "endsAt": ends_at.isoformat() if ends_at else None,
            "referrer": referrer_user_id,
        }
        record_event(actor, "referrer_bonus", bonus.id, "referrer_bonus_added", data=data)
    return bonus


def end_referrer_bonus(bonus_id: int, actor: Actor) -> None:
    """End a referrer's bonus now; one that is over stays as it was. Raise BonusUnknown."""
    with transaction():
        row = ReferrerBonus.select().where(ReferrerBonus.id == bonus_id).for_update()
        bonus: ReferrerBonus | None = row.first()
        if bonus is None:
            raise BonusUnknown
        end = max(database_now(), bonus.starts_at)
        if bonus.ends_at is not None and bonus.ends_at <= end:
            return
        ReferrerBonus.update(ends_at=end).where(ReferrerBonus.id == bonus_id).execute()
        record_event(
            actor,
            "referrer_bonus",
            bonus_id,
            "referrer_bonus_ended",
            data={"referrer": bonus.referrer_user_id},
        )


def _start(starts_at: datetime | None, ends_at: datetime | None) -> datetime:
    """Return when rules start; raise StartsInPast or EndsTooEarly."""
    now = database_now()
    start = starts_at or now
    if start < now:
        raise StartsInPast(field="starts_at")
    if ends_at is not None and ends_at <= start:
        raise EndsTooEarly(field="ends_at")
    return start


def _bonuses_within(referrer_user_id: int, start: datetime, end: datetime | None) -> bool:
    """Return whether a referrer has a bonus in a time; one that never started has none."""
    clash = (
        (ReferrerBonus.referrer_user_id == referrer_user_id)
        & (ReferrerBonus.ends_at.is_null() | (ReferrerBonus.ends_at > start))
        & (ReferrerBonus.ends_at.is_null() | (ReferrerBonus.ends_at > ReferrerBonus.starts_at))
    )
    if end is not None:
        clash &= ReferrerBonus.starts_at < end
    return bool(ReferrerBonus.select().where(clash).exists())


def _lock_campaign(campaign_id: int) -> ProgrammeCampaign:
    row = ProgrammeCampaign.select().where(ProgrammeCampaign.id == campaign_id).for_update()
    campaign: ProgrammeCampaign | None = row.first()
    if campaign is None:
        raise CampaignUnknown
    return campaign


def _text(usd: Decimal | None) -> str | None:
    return None if usd is None else f"{usd:f}"
