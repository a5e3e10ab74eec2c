"""Read the platform's percents and the versions of the programme."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from models import PlatformConfig, ProgrammeCampaign, ProgrammeVersion
from models import ReferrerBonus as ReferrerBonusRow
from portal.db import Keyset, read_together, within
from portal.programme.bonus_rules import Campaign, ReferrerBonus
from portal.programme.errors import VersionUnknown
from portal.programme.rules import PercentPolicy, Programme
from portal.programme.version_rules import ProgrammeRules
from portal.settings import Settings


def get_percent_policy(settings: Settings) -> PercentPolicy:
    """Return the platform's saved default percent with the server's percent and maximum."""
    stored = PlatformConfig.get_or_none(PlatformConfig.id == 1)
    return PercentPolicy(
        platform_default=stored.referral_percent if stored else None,
        env_percent=settings.referral_reward_percent,
        max_percent=settings.referral_commission_max_percent,
    )


def get_programme_at(moment: datetime, referrer_user_id: int | None = None) -> Programme:
    """Return the version of the programme in force at a time, with the campaigns and the referrer's bonus of then.

    Raise LookupError when there is none, and ValidationError when its rules cannot be read.
    See docs/rules/programme.md.
    """
    versions, campaigns, bonuses = read_together(
        ProgrammeVersion.select().where(_in_force(ProgrammeVersion, moment)),
        ProgrammeCampaign.select().where(_in_force(ProgrammeCampaign, moment)).order_by(ProgrammeCampaign.id),
        _bonuses_at(moment, referrer_user_id or 0),
    )
    if not versions:
        raise LookupError(f"no version of the programme is in force at {moment.isoformat()}")
    version = versions[0]
    return Programme(
        version.id,
        ProgrammeRules.model_validate(version.rules),
        created_by=version.created_by,
        campaigns=tuple(as_campaign(row) for row in campaigns),
        referrer_bonus=_as_bonus(bonuses[0]) if bonuses else None,
    )


def find_version(version_id: int | None) -> ProgrammeVersion | None:
    """Return a stored version of the programme; an imported reward has none."""
    version: ProgrammeVersion | None = ProgrammeVersion.get_or_none(ProgrammeVersion.id == version_id)
    return version


def get_version(version_id: int) -> Programme:
    """Return a version of the programme by its id, without campaigns; raise VersionUnknown."""
    version = find_version(version_id)
    if version is None:
        raise VersionUnknown
    return Programme(version.id, ProgrammeRules.model_validate(version.rules), created_by=version.created_by)


def find_version_at(moment: datetime) -> ProgrammeVersion | None:
    """Return the version in force at a time."""
    version: ProgrammeVersion | None = ProgrammeVersion.get_or_none(_in_force(ProgrammeVersion, moment))
    return version


def version_id_at(moment: datetime) -> int:
    """Return the id of the version in force at a time, 0 where there is none."""
    version = find_version_at(moment)
    return version.id if version else 0


def list_campaigns_at(moment: datetime) -> tuple[Campaign, ...]:
    """Return the campaigns that run at a time."""
    rows = ProgrammeCampaign.select().where(_in_force(ProgrammeCampaign, moment))
    return tuple(as_campaign(row) for row in rows.order_by(ProgrammeCampaign.id))


def list_campaigns_since(moment: datetime) -> tuple[Campaign, ...]:
    """Return the campaigns that ended later than a time, or have not ended."""
    rows = ProgrammeCampaign.select().where(ProgrammeCampaign.ends_at > moment)
    return tuple(as_campaign(row) for row in rows.order_by(ProgrammeCampaign.id))


def list_version_ledger(
    since: datetime | None = None, until: datetime | None = None
) -> Keyset[ProgrammeVersion]:
    """Return the versions that start in a time, the latest start first."""
    rows = within(ProgrammeVersion.select(), ProgrammeVersion.starts_at, since, until)
    return Keyset(rows, ProgrammeVersion.starts_at, ProgrammeVersion.id)


def list_campaign_ledger(
    since: datetime | None = None, until: datetime | None = None
) -> Keyset[ProgrammeCampaign]:
    """Return the campaigns that start in a time, the latest start first."""
    rows = within(ProgrammeCampaign.select(), ProgrammeCampaign.starts_at, since, until)
    return Keyset(rows, ProgrammeCampaign.starts_at, ProgrammeCampaign.id)


def list_bonus_ledger(
    since: datetime | None = None, until: datetime | None = None
) -> Keyset[ReferrerBonusRow]:
    """Return the bonuses of single referrers that start in a time, the latest start first."""
    rows = within(ReferrerBonusRow.select(), ReferrerBonusRow.starts_at, since, until)
    return Keyset(rows, ReferrerBonusRow.starts_at, ReferrerBonusRow.id)


def find_referrer_bonus_at(moment: datetime, referrer_user_id: int) -> ReferrerBonus | None:
    """Return the bonus of a referrer at a time."""
    row = _bonuses_at(moment, referrer_user_id).first()
    return _as_bonus(row) if row else None


def list_referrer_bonuses_at(
    moment: datetime, referrer_user_ids: Collection[int]
) -> dict[int, ReferrerBonus]:
    """Return the bonuses of some referrers at a time, by their user ids."""
    mine = ReferrerBonusRow.referrer_user_id.in_(list(referrer_user_ids))
    rows = ReferrerBonusRow.select().where(mine & _in_force(ReferrerBonusRow, moment))
    return {row.referrer_user_id: ReferrerBonus(row.id, row.percent, row.created_by) for row in rows}


def as_campaign(row: ProgrammeCampaign) -> Campaign:
    """Return a stored campaign as the rules read it."""
    return Campaign(
        row.id,
        row.name,
        row.percent,
        row.starts_at,
        row.ends_at,
        frozenset(row.codes),
        frozenset(row.store_ids),
        row.created_by,
    )


def _as_bonus(row: ReferrerBonusRow) -> ReferrerBonus:
    return ReferrerBonus(row.id, row.percent, row.created_by)


def _bonuses_at(moment: datetime, referrer_user_id: int) -> Any:
    is_of = ReferrerBonusRow.referrer_user_id == referrer_user_id
    return ReferrerBonusRow.select().where(is_of & _in_force(ReferrerBonusRow, moment))


def _in_force(model: type[ProgrammeVersion | ProgrammeCampaign | ReferrerBonusRow], moment: datetime) -> Any:
    return (model.starts_at <= moment) & (model.ends_at.is_null() | (model.ends_at > moment))
