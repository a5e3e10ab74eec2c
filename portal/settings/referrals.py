"""Settings of referrals: percents, rates, attribution and approval."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from portal.settings.core import CoreSettings
from portal.settings.types import HttpUrl, Percent, PositiveDecimal, encryption_problems


class ReferralSettings(CoreSettings):
    """What a referral earns by default, and how visitors are remembered."""

    referral_reward_percent: Percent = Decimal(5)
    referral_commission_max_percent: Percent = Decimal(50)
    referral_account_fallback: bool = True
    referral_consent_required: bool = False
    referral_uah_per_usd: PositiveDecimal = Decimal(40)
    referral_rate_source: Literal["setting", "nbu"] = "setting"
    nbu_rate_url: HttpUrl = "https://bank.gov.ua/NBUStatService/v1/statdirectory/exchange"
    referral_second_approval_usd: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)] = Decimal(0)

    def _production_problems(self) -> Iterator[str]:
        yield from super()._production_problems()
        yield from encryption_problems(nbu_rate_url=self.nbu_rate_url)
