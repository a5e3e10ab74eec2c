"""Read the platform's percents and the versions of the programme."""

from __future__ import annotations

from datetime import datetime

from models import PlatformConfig, ProgrammeVersion
from portal.programme.rules import PercentPolicy, Programme, ProgrammeRules
from portal.settings import Settings


def get_percent_policy(settings: Settings) -> PercentPolicy:
    """Return the platform's saved default percent with the server's percent and maximum."""
    stored = PlatformConfig.get_or_none(PlatformConfig.id == 1)
    return PercentPolicy(
        platform_default=stored.referral_percent if stored else None,
        env_percent=settings.referral_reward_percent,
        max_percent=settings.referral_commission_max_percent,
    )


def get_programme_at(moment: datetime) -> Programme:
    """Return the version of the programme in force at a time.

    Raise LookupError when there is none, and ValidationError when its rules cannot be read.
    See docs/rules/programme.md.
    """
    version = ProgrammeVersion.get_or_none(
        (ProgrammeVersion.starts_at <= moment)
        & (ProgrammeVersion.ends_at.is_null() | (ProgrammeVersion.ends_at > moment))
    )
    if version is None:
        raise LookupError(f"no version of the programme is in force at {moment.isoformat()}")
    return Programme(version.id, ProgrammeRules.model_validate(version.rules))
